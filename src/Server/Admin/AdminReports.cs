using Actors443.Admission;
using Actors443.Certificates;
using Actors443.Certificates.Canary;
using Actors443.Cluster.Nodes;
using Actors443.Connections.Directory;
using Actors443.Connections.Draining;
using Actors443.Dns;
using Actors443.Listening;

namespace Actors443.Server.Admin;

/// <summary>A part of the connections.</summary>
/// <param name="Total">Connections the server has.</param>
/// <param name="Matched">Those the filter leaves.</param>
/// <param name="Offset">Matched connections before the first one here.</param>
/// <param name="Connections">Sorted as asked.</param>
/// <param name="Silent">Nodes of the cluster that did not answer in time.</param>
internal sealed record ConnectionPage(int Total, int Matched, int Offset, IReadOnlyList<ConnectionReport> Connections, IReadOnlyList<string> Silent);

/// <summary>What was done with connections.</summary>
/// <param name="Action"><c>close</c>, <c>drain</c>, <c>push</c>.</param>
/// <param name="Count">How many.</param>
/// <param name="Silent">Nodes of the cluster that did not answer in time.</param>
internal sealed record ConnectionsActedOn(string Action, int Count, IReadOnlyList<string> Silent);

/// <summary>A node of the cluster.</summary>
internal sealed record ClusterNodeReport
{
    /// <summary><c>host:port</c>, by which the others reach it.</summary>
    public required string Name { get; init; }

    /// <summary>The one that was asked.</summary>
    public bool IsThisOne { get; init; }

    /// <summary>In lower case: <c>joining</c>, <c>up</c>, <c>leaving</c>, …</summary>
    public required string Status { get; init; }

    public bool IsReachable { get; init; }

    /// <summary>Null: it did not answer in time.</summary>
    public NodeStatus? Node { get; init; }
}

/// <summary>Certificates, and where they were looked up.</summary>
/// <param name="Live">True: as the running server serves them; false: as the configured files are.</param>
/// <param name="Certificates">In no order.</param>
/// <param name="Problems">What is configured and not served, one line each.</param>
/// <param name="Canary">How the last trial of new certificates stands; null: there was none.</param>
/// <param name="PolicyCanary">How the last trial of another TLS policy stands; null: there was none.</param>
internal sealed record CertificateListing(bool Live, IReadOnlyList<CertificateInfo> Certificates, IReadOnlyList<string> Problems, CanaryStatus? Canary = null, CanaryStatus? PolicyCanary = null);

/// <summary>What came of asking for a renewal.</summary>
/// <param name="Found">False: the name has no certificate by ACME.</param>
/// <param name="Message">One sentence.</param>
internal sealed record RenewalReport(bool Found, string Message);

/// <summary>The story of the orders of a name.</summary>
/// <param name="Names">That share the certificate; empty: the name has none by ACME.</param>
/// <param name="State">What the order is doing.</param>
/// <param name="Summary">How things stand, in a sentence or two.</param>
/// <param name="Lines">What happened, the oldest first.</param>
internal sealed record StoryReport(IReadOnlyList<string> Names, string State, string Summary, IReadOnlyList<StoryReport.Line> Lines)
{
    internal sealed record Line(DateTimeOffset At, string Text);
}

/// <summary>The server at a glance.</summary>
internal sealed record ServerStatus
{
    public required string Version { get; init; }

    /// <summary>In lower case: <c>starting</c>, <c>running</c>, <c>draining</c>, <c>stopped</c>.</summary>
    public required string Phase { get; init; }

    public required int ProcessId { get; init; }

    /// <summary>Resident.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>User and system time so far.</summary>
    public required double ProcessorSeconds { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required double UptimeSeconds { get; init; }

    public required string Engine { get; init; }

    public required IReadOnlyList<BoundListenerInfo> Listeners { get; init; }

    public required IReadOnlyList<string> Sites { get; init; }

    public required long CertificateGeneration { get; init; }

    public required int Certificates { get; init; }

    public required int Connections { get; init; }

    public required int Handshakes { get; init; }

    public required AdmissionMode Mode { get; init; }

    /// <summary>How far the stop has come, if connections are let go step by step; else null.</summary>
    public DrainProgress? Drain { get; init; }

    /// <summary>The resolver behind DNS over HTTPS; null: no site has it.</summary>
    public DnsStatus? Dns { get; init; }

    /// <summary>Absolute paths; empty: the built-in configuration.</summary>
    public required IReadOnlyList<string> ConfigurationFiles { get; init; }
}
