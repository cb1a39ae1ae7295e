using Actors443.Cluster.Messages;

namespace Actors443.Cluster.Dns;

/// <summary>To the node whose question it is: find the answer. Answers <see cref="DnsFromNode"/>.</summary>
/// <param name="Key">As answers are kept by.</param>
/// <param name="IsRefresh">One that is near its end will not do.</param>
internal sealed record AskDnsOfNode(byte[] Key, bool IsRefresh = false) : IClusterMessage;

/// <param name="Message">As on the wire, with what is left of its times; null: there is none.</param>
internal sealed record DnsFromNode(byte[]? Message = null) : IClusterMessage;
