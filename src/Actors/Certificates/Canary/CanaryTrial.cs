using System.Collections.Frozen;
using System.Net;
using System.Net.Sockets;

namespace Actors443.Certificates.Canary;

/// <summary>
/// New certificates being shown to a share of the clients, and how their handshakes end beside those with the old ones. Which client sees them is decided by
/// its address, so that none is shown one and the other in turn. Thread-safe; a handshake costs one counter.
/// </summary>
internal sealed class CanaryTrial
{
    private const int Scale = 1_000_000;
    private const int KindsKept = 100;
    private const int ClientsKept = 10;

    private readonly FrozenSet<ServerCertificate> _new;
    private readonly FrozenSet<ServerCertificate> _old;
    private readonly int _threshold;
    private readonly uint _salt;
    private readonly Action _onFailure;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Kind, string? ServerName), long> _kinds = [];
    private readonly HashSet<string> _clients = [];
    private long _newCompleted;
    private long _newFailed;
    private long _oldCompleted;
    private long _oldFailed;

    /// <param name="stable">What all others are shown.</param>
    /// <param name="candidate">What is tried.</param>
    /// <param name="share">Of the clients, 0…1.</param>
    /// <param name="since">When it begins.</param>
    /// <param name="onFailure">Called after each failed handshake with a new certificate, on any thread; must only post.</param>
    public CanaryTrial(CertificateIndex stable, CertificateIndex candidate, double share, DateTimeOffset since, Action onFailure)
    {
        Candidate = candidate;
        Share = share;
        Since = since;
        _new = candidate.Certificates.Except(stable.Certificates).ToFrozenSet<ServerCertificate>(ReferenceEqualityComparer.Instance);
        _old = stable.Certificates.Except(candidate.Certificates).ToFrozenSet<ServerCertificate>(ReferenceEqualityComparer.Instance);
        _threshold = (int)(share * Scale);
        // Another part of the clients each time: it shall not always be the same who suffer.
        _salt = unchecked((uint)candidate.Generation * 2654435761u);
        _onFailure = onFailure;
    }

    public CertificateIndex Candidate { get; }

    public double Share { get; }

    public DateTimeOffset Since { get; }

    /// <summary>The names concerned.</summary>
    public IReadOnlyList<string> Names => [.. _new.SelectMany(certificate => certificate.Names).Distinct().Order(StringComparer.Ordinal)];

    public CanaryCounts Counts => new(Volatile.Read(ref _newCompleted), Volatile.Read(ref _newFailed), Volatile.Read(ref _oldCompleted), Volatile.Read(ref _oldFailed));

    /// <summary>Whether this client is among those who see the new certificates: an IPv6 client by its /64.</summary>
    public bool Takes(IPAddress client)
    {
        Span<byte> bytes = stackalloc byte[16];
        if (!client.TryWriteBytes(bytes, out int length))
            return false;
        if (client.AddressFamily == AddressFamily.InterNetworkV6)
            length = 8;
        // FNV-1a, mixed once more: neighbours shall not be alike.
        uint hash = 2166136261 ^ _salt;
        foreach (byte part in bytes[..length])
            hash = unchecked((hash ^ part) * 16777619);
        hash ^= hash >> 16;
        hash = unchecked(hash * 0x85EBCA6B);
        hash ^= hash >> 13;
        hash = unchecked(hash * 0xC2B2AE35);
        hash ^= hash >> 16;
        return hash % Scale < _threshold;
    }

    /// <summary>A full handshake in which the client took the certificate.</summary>
    public void Completed(ServerCertificate shown)
    {
        if (_new.Contains(shown))
            Interlocked.Increment(ref _newCompleted);
        else if (_old.Contains(shown))
            Interlocked.Increment(ref _oldCompleted);
    }

    /// <summary>A handshake that ended after the certificate was shown.</summary>
    /// <param name="shown">Which.</param>
    /// <param name="kind">What the client said, or that it went.</param>
    /// <param name="serverName">It asked for; null: none.</param>
    /// <param name="client">Its address.</param>
    public void Failed(ServerCertificate shown, string kind, string? serverName, IPAddress client)
    {
        if (_old.Contains(shown))
        {
            Interlocked.Increment(ref _oldFailed);
            return;
        }

        if (!_new.Contains(shown))
            return;
        Interlocked.Increment(ref _newFailed);
        lock (_lock)
        {
            if (_kinds.ContainsKey((kind, serverName)) || _kinds.Count < KindsKept)
                _kinds[(kind, serverName)] = _kinds.GetValueOrDefault((kind, serverName)) + 1;
            if (_clients.Count < ClientsKept)
                _clients.Add(client.ToString());
        }

        _onFailure();
    }

    /// <summary>Who broke, most first.</summary>
    public (IReadOnlyList<CanaryFailure> Failures, IReadOnlyList<string> Clients) WhoBroke()
    {
        lock (_lock)
            return ([.. _kinds.OrderByDescending(kind => kind.Value).Select(kind => new CanaryFailure(kind.Key.Kind, kind.Key.ServerName, kind.Value))], [.. _clients]);
    }
}

/// <summary>Handshakes with new and with old certificates.</summary>
internal readonly record struct CanaryCounts(long NewCompleted, long NewFailed, long OldCompleted, long OldFailed)
{
    public long New => NewCompleted + NewFailed;

    public long Old => OldCompleted + OldFailed;

    public double NewFailureRate => New == 0 ? 0 : (double)NewFailed / New;

    public double OldFailureRate => Old == 0 ? 0 : (double)OldFailed / Old;
}
