using System.Net;

namespace Actors443.Configuration;

/// <summary><c>actors443.cluster</c>: several servers as one front door.</summary>
public sealed record ClusterSettings
{
    /// <summary>The usual transport.</summary>
    internal static readonly IReadOnlyList<ClusterTransport> OverHttps = [ClusterTransport.Https];

    /// <summary>True: this server is a node. An embedding host then has a clustered actor system of its own.</summary>
    public bool Enabled { get; init; }

    /// <summary>What all nodes know and nobody else; literal, <c>file:PATH</c> or <c>env:NAME</c>, of at least 32 bytes. Null: none, which is wrong if enabled.</summary>
    public string? Secret { get; init; }

    /// <summary>What nodes speak with each other by: the first with whoever speaks it, and the second with the others. The executable's own; a host says it to Akka.Remote.</summary>
    public IReadOnlyList<ClusterTransport> Transports { get; init; } = OverHttps;

    /// <summary>Of which transport the addresses are that nodes know each other by, the same on all of them.</summary>
    public ClusterTransport Addresses { get; init; }

    /// <summary>With <see cref="ClusterTransport.DotNetty"/>: where the other nodes reach this one; port 0: any free port. The executable's own; a host says it to Akka.Remote.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 2552);

    /// <summary>With <see cref="ClusterTransport.Https"/>: where the https listeners are, of which the first counts.</summary>
    internal IPEndPoint Https { get; init; } = new(IPAddress.IPv6Any, 443);

    /// <summary>The name or address by which the others reach it; null: the address that is bound.</summary>
    public string? PublicHostname { get; init; }

    /// <summary>The port by which they do, of <see cref="Addresses"/>; null: the one that is bound.</summary>
    public int? PublicPort { get; init; }

    /// <summary>Nodes to ask for entry, <c>host:port</c> of <see cref="Addresses"/>; the first of them founds the cluster.</summary>
    public IReadOnlyList<string> SeedNodes { get; init; } = [];

    /// <summary>How nodes find each other where none is told beforehand whom to ask; instead of <see cref="SeedNodes"/>.</summary>
    public ClusterDiscoverySettings Discovery { get; init; } = new();

    /// <summary>Roles of this node, besides <c>actors443</c>.</summary>
    public IReadOnlyList<string> Roles { get; init; } = [];

    /// <summary>A node that is not heard of for so long counts as unreachable.</summary>
    public TimeSpan HeartbeatPause { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the same nodes must have been unreachable before the side with fewer nodes gives up (Akka's split brain resolver, keep-majority).</summary>
    public TimeSpan StableAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Limits of a client, account or certificate that hold for all nodes together.</summary>
    public ClusterLimitSettings Limits { get; init; } = new();
}

/// <summary><c>actors443.cluster.discovery</c>: nodes find each other by names, or by a list in which none comes first.</summary>
public sealed record ClusterDiscoverySettings
{
    /// <summary><c>host:port</c> each; every address of a name is a node. Empty: by seed nodes.</summary>
    public IReadOnlyList<string> Contacts { get; init; } = [];

    /// <summary>So many nodes that are in no cluster found one; more than half of those that there will be, or two clusters could come to be.</summary>
    public int Required { get; init; } = 2;

    /// <summary>The same nodes must have been found for so long before they do.</summary>
    public TimeSpan StableFor { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>There are contacts.</summary>
    public bool IsOn => Contacts.Count > 0;
}

/// <summary>What nodes of a cluster speak with each other by.</summary>
public enum ClusterTransport
{
    /// <summary>The https listeners (docs/remoting.md).</summary>
    Https,

    /// <summary>A port of its own, with Akka's transport.</summary>
    DotNetty,
}

/// <summary><c>actors443.cluster.limits</c>: whether <c>admission.per-client.connections</c>, <c>admission.per-certificate.connections</c> and <c>tunnels.limits.tunnels</c> hold for all nodes together.</summary>
public sealed record ClusterLimitSettings
{
    /// <summary>False: each node has them for itself.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>The other nodes are told of a change at once, and of those that follow it not before this has passed.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(20);
}
