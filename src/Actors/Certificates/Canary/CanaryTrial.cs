using System.Collections.Frozen;
using System.Net;

namespace Actors443.Certificates.Canary;

/// <summary>New certificates being shown to a share of the clients, and how their handshakes end beside those with the old ones. Thread-safe.</summary>
internal sealed class CanaryTrial
{
    private readonly FrozenSet<ServerCertificate> _new;
    private readonly FrozenSet<ServerCertificate> _old;
    private readonly CanaryShare _share;

    /// <param name="stable">What all others are shown.</param>
    /// <param name="candidate">What is tried.</param>
    /// <param name="share">Of the clients, 0…1.</param>
    /// <param name="since">When it begins.</param>
    /// <param name="onFailure">Called after each failed handshake with a new certificate, on any thread; must only post.</param>
    public CanaryTrial(CertificateIndex stable, CertificateIndex candidate, double share, DateTimeOffset since, Action onFailure)
    {
        Candidate = candidate;
        Since = since;
        _new = candidate.Certificates.Except(stable.Certificates).ToFrozenSet();
        _old = stable.Certificates.Except(candidate.Certificates).ToFrozenSet();
        _share = new CanaryShare(share, candidate.Generation);
        Tally = new CanaryTally(onFailure);
    }

    public CertificateIndex Candidate { get; }

    public double Share => _share.Share;

    public DateTimeOffset Since { get; }

    public CanaryTally Tally { get; }

    /// <summary>The names concerned.</summary>
    public IReadOnlyList<string> Names => [.. _new.SelectMany(certificate => certificate.Names).Distinct().Order(StringComparer.Ordinal)];

    public CanaryCounts Counts => Tally.Counts;

    /// <summary>Whether this client is among those who see the new certificates.</summary>
    public bool Takes(IPAddress client) => _share.Takes(client);

    /// <summary>A full handshake in which the client took the certificate.</summary>
    public void Completed(ServerCertificate shown)
    {
        if (IsNew(shown) is { } isNew)
            Tally.Completed(isNew);
    }

    /// <summary>A handshake that ended after the certificate was shown.</summary>
    /// <param name="shown">Which.</param>
    /// <param name="kind">What the client said, or that it went.</param>
    /// <param name="serverName">It asked for; null: none.</param>
    /// <param name="client">Its address.</param>
    public void Failed(ServerCertificate shown, string kind, string? serverName, IPAddress client)
    {
        if (IsNew(shown) is { } isNew)
            Tally.Failed(isNew, kind, serverName, client);
    }

    // Null: it is not concerned.
    private bool? IsNew(ServerCertificate shown) => _new.Contains(shown) ? true : _old.Contains(shown) ? false : null;
}
