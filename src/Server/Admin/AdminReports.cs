using Actors443.Admission;
using Actors443.Certificates;
using Actors443.Certificates.Canary;
using Actors443.Dns;
using Actors443.Listening;

namespace Actors443.Server.Admin;

/// <summary>One connection as the admin API tells it. Times are in seconds, sizes in bytes.</summary>
internal sealed record ConnectionReport
{
    public required string Id { get; init; }

    public required string Listener { get; init; }

    /// <summary>In lower case: <c>open</c>, <c>handshaking</c>, …</summary>
    public required string State { get; init; }

    /// <summary>The client's address and port.</summary>
    public required string Remote { get; init; }

    /// <summary>Address and port of the proxy in front that brought it.</summary>
    public string? Proxy { get; init; }

    public required double AgeSeconds { get; init; }

    public required double IdleSeconds { get; init; }

    public string? ServerName { get; init; }

    /// <summary>JA4 fingerprint.</summary>
    public string? Ja4 { get; init; }

    public string? ApplicationProtocol { get; init; }

    /// <summary><c>1.2</c> or <c>1.3</c>.</summary>
    public string? TlsVersion { get; init; }

    public string? CipherSuite { get; init; }

    public bool? Resumed { get; init; }

    public string? ClientCertificate { get; init; }

    /// <summary>Name of the route that leads it elsewhere.</summary>
    public string? Route { get; init; }

    /// <summary>The upstream it is led to.</summary>
    public string? Upstream { get; init; }

    public required long Requests { get; init; }

    public required int RequestsInFlight { get; init; }

    public required long BytesRead { get; init; }

    public required long BytesWritten { get; init; }
}

/// <summary>A part of the connections.</summary>
/// <param name="Total">Connections the server has.</param>
/// <param name="Matched">Those the filter leaves.</param>
/// <param name="Offset">Matched connections before the first one here.</param>
/// <param name="Connections">Sorted as asked.</param>
internal sealed record ConnectionPage(int Total, int Matched, int Offset, IReadOnlyList<ConnectionReport> Connections);

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

    /// <summary>The resolver behind DNS over HTTPS; null: no site has it.</summary>
    public DnsStatus? Dns { get; init; }

    /// <summary>Absolute paths; empty: the built-in configuration.</summary>
    public required IReadOnlyList<string> ConfigurationFiles { get; init; }
}
