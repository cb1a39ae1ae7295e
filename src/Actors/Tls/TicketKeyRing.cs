using System.Security.Cryptography;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Listening.Handover;

namespace Actors443.Tls;

/// <summary>The ticket keys in force: the first seals, all open. An immutable snapshot.</summary>
internal sealed class TicketKeyRing
{
    private readonly TicketKey[] _keys;

    private TicketKeyRing(TicketKey[] keys, DateTimeOffset rotateAt)
    {
        _keys = keys;
        RotateAt = rotateAt;
    }

    /// <summary>The key new tickets are sealed with.</summary>
    public TicketKey Current => _keys[0];

    public int Count => _keys.Length;

    /// <summary>All of them, the one that seals first.</summary>
    public IReadOnlyList<TicketKey> Keys => _keys;

    /// <summary>When the next ring is due.</summary>
    public DateTimeOffset RotateAt { get; }

    /// <summary>The key of that name; null: it is gone, or never was ours.</summary>
    public TicketKey? Find(ReadOnlySpan<byte> name)
    {
        foreach (TicketKey key in _keys)
        {
            if (key.Name.SequenceEqual(name))
                return key;
        }

        return null;
    }

    /// <exception cref="CertificateException">The shared secret cannot be read or is too short.</exception>
    public static TicketKeyRing Create(TicketKeySettings settings, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        return settings.SharedSecret is null ? new TicketKeyRing([TicketKey.Random()], now + settings.Rotate) : Derive(settings, now);
    }

    /// <summary>The ring of a process that this one replaces.</summary>
    /// <param name="keys">At least one; the one that seals first.</param>
    /// <param name="rotateAt">When the next ring is due.</param>
    public static TicketKeyRing Of(IReadOnlyList<TicketKey> keys, DateTimeOffset rotateAt) => new([.. keys], rotateAt);

    /// <summary>The ring that follows; what falls out of it is zeroed.</summary>
    /// <exception cref="CertificateException">The shared secret cannot be read or is too short.</exception>
    public TicketKeyRing Next(TicketKeySettings settings, TimeProvider time)
    {
        DateTimeOffset now = time.GetUtcNow();
        if (settings.SharedSecret is null)
        {
            TicketKey[] kept = _keys[..Math.Min(settings.Keep, _keys.Length)];
            var next = new TicketKeyRing([TicketKey.Random(), .. kept], now + settings.Rotate);
            ZeroExcept(kept);
            return next;
        }

        TicketKeyRing derived = Derive(settings, now);
        ZeroExcept([]);
        return derived;
    }

    /// <summary>The ring that follows when keys come from elsewhere; what falls out of it is zeroed, but for the key that seals until now, whose tickets go on being opened.</summary>
    /// <param name="keys">The one that seals first. Those that are in this ring already must be its very objects.</param>
    /// <param name="rotateAt">When the next ring is due.</param>
    public TicketKeyRing Followed(IReadOnlyList<TicketKey> keys, DateTimeOffset rotateAt)
    {
        TicketKey[] all = keys.Contains(Current) ? [.. keys] : [.. keys, Current];
        var next = new TicketKeyRing(all, rotateAt);
        ZeroExcept(all);
        return next;
    }

    /// <summary>For the end: nothing can be opened any more.</summary>
    public void Zero() => ZeroExcept([]);

    // The ring before may still be read by a handshake: with zeros a ticket does not open and is followed by a full handshake. Its first key, which
    // seals, stays until it has been followed by another for a whole period.
    private void ZeroExcept(TicketKey[] kept)
    {
        foreach (TicketKey key in _keys.Skip(1))
        {
            if (!kept.Contains(key))
                key.Zero();
        }
    }

    private static TicketKeyRing Derive(TicketKeySettings settings, DateTimeOffset now)
    {
        byte[] secret = Secret.ResolveShared(settings.SharedSecret!, "certificates.ticket-keys.shared-secret");
        try
        {
            long seconds = Math.Max(1, (long)settings.Rotate.TotalSeconds);
            long period = now.ToUnixTimeSeconds() / seconds;
            // The next period's key opens already: the clock of another server may be ahead.
            long[] periods = [period, period + 1, .. Enumerable.Range(1, settings.Keep).Select(back => period - back)];
            return new TicketKeyRing([.. periods.Select(each => TicketKey.Derive(secret, each))], DateTimeOffset.FromUnixTimeSeconds((period + 1) * seconds));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }
}

/// <summary>Holds the ring that handshakes read. Written by the ticket key actor alone; outlives it. Thread-safe, lock-free.</summary>
/// <param name="settings">Where keys come from.</param>
/// <param name="time">The clock.</param>
/// <param name="legacy">The keys of the process that this one replaces; null: there is none. A shared secret makes them anyway.</param>
internal sealed class PublishedTicketKeys(TicketKeySettings settings, TimeProvider time, Legacy? legacy = null)
{
    private TicketKeyRing _current = legacy is { Keys.Count: > 0 } && settings.SharedSecret is null ? TicketKeyRing.Of(legacy.Keys, legacy.RotateAt) : TicketKeyRing.Create(settings, time);
    private ClusterKeysState _ofCluster = ClusterKeysState.Awaited;

    public TicketKeyRing Current => Volatile.Read(ref _current);

    /// <summary>Where this node stands with the keys of its cluster, if it is in one and they are not made of a secret.</summary>
    public ClusterKeysState OfCluster
    {
        get => Volatile.Read(ref _ofCluster);
        set => Volatile.Write(ref _ofCluster, value);
    }

    public void Publish(TicketKeyRing ring) => Volatile.Write(ref _current, ring);
}

/// <summary>Whose keys seal here, of a node in a cluster.</summary>
/// <param name="Generation">Of the cluster's keys; 0: this node's own.</param>
/// <param name="AreAwaited">The cluster's are still to come, and the node is not ready before.</param>
internal sealed record ClusterKeysState(long Generation, bool AreAwaited)
{
    public static ClusterKeysState Awaited { get; } = new(0, true);

    /// <summary>They have not come in time, or no new one has for too long: clients get full handshakes where they were not before.</summary>
    public static ClusterKeysState Own { get; } = new(0, false);
}
