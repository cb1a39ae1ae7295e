using Actors443.Admission;
using Actors443.Certificates;
using Actors443.Certificates.Canary;
using Actors443.Supervision;
using Actors443.Tunnels;

namespace Actors443.Server.Admin.Events;

/// <summary>The server at one moment, as <c>/api/v1/events</c> tells it. What did not answer yet is left out.</summary>
internal sealed record EventSnapshot
{
    public required DateTimeOffset At { get; init; }

    /// <summary>Without the names of sites, which are in <see cref="Sites"/>.</summary>
    public required ServerStatus Status { get; init; }

    /// <summary>Why a load balancer should send nobody here; empty: it should.</summary>
    public required IReadOnlyList<ReadinessProblem> Problems { get; init; }

    public required TrafficReport Traffic { get; init; }

    /// <summary>The supervision tree; null: it does not stand yet.</summary>
    public ActorReport? Actors { get; init; }

    public required SiteListing Sites { get; init; }

    public AdmissionStatus? Admission { get; init; }

    public CertificateOutlook? Certificates { get; init; }

    public TunnelOutlook? Tunnels { get; init; }

    /// <summary>Empty: there is no cluster.</summary>
    public IReadOnlyList<ClusterNodeReport>? Nodes { get; init; }
}

/// <summary>The certificates that expire first.</summary>
/// <param name="Total">Certificates there are.</param>
/// <param name="First">Those that expire first.</param>
/// <param name="Problems">What is configured and not served, one line each; the first of them.</param>
/// <param name="Canary">How the last trial of new certificates stands; null: there was none.</param>
internal sealed record CertificateOutlook(int Total, IReadOnlyList<CertificateInfo> First, IReadOnlyList<string> Problems, CanaryStatus? Canary)
{
    private const int Shown = 50;

    public static CertificateOutlook Of(CertificateListing listing) => new(
        listing.Certificates.Count,
        [.. listing.Certificates.OrderBy(certificate => certificate.NotAfter).ThenBy(certificate => certificate.Fingerprint, StringComparer.Ordinal).Take(Shown)],
        [.. listing.Problems.Take(Shown)],
        listing.Canary);
}

/// <summary>The oldest tunnels.</summary>
/// <param name="Total">Tunnels there are.</param>
/// <param name="Oldest">The first of them.</param>
internal sealed record TunnelOutlook(int Total, IReadOnlyList<TunnelReport> Oldest)
{
    private const int Shown = 100;

    public static TunnelOutlook Of(IReadOnlyList<TunnelSnapshot> tunnels) => new(tunnels.Count, [.. TunnelReport.List(tunnels).Take(Shown)]);
}
