using System.Runtime.CompilerServices;

namespace Actors443.Connections;

/// <summary>What happens in the life of a connection.</summary>
internal enum LifecycleEvent : byte
{
    None = 0,
    Accepted,
    ClientHelloRead,
    Admitted,
    HandshakeStarted,
    HandshakeCompleted,
    HandshakeFailed,
    RequestStarted,
    RequestCompleted,
    Upgraded,
    DrainRequested,
    CloseRequested,
    DeadlinePassed,
    TransportClosed,
    DecisionAwaited,
    DecisionMade,
    Routed,
    UpstreamConnected,
}

/// <summary>The last events of one connection, 8 bytes each, in place. Appended by any thread; read whole only after the end.</summary>
internal struct LifecycleRing
{
    public const int Capacity = 16;

    private Entries _entries;
    private int _count;

    /// <param name="kind">What happened.</param>
    /// <param name="sinceAcceptMs">When.</param>
    /// <param name="detail">A number that says more: a <see cref="CloseReason"/>, a count.</param>
    public void Append(LifecycleEvent kind, long sinceAcceptMs, ushort detail = 0)
    {
        // Unsigned, so that a very long life goes round as well.
        uint index = (uint)(Interlocked.Increment(ref _count) - 1);
        // The first half is kept for the beginning of the life (handshake), which tells most; the rest goes round.
        uint slot = index < Capacity ? index : Capacity / 2 + (index - Capacity) % (Capacity / 2);
        _entries[(int)slot] = new LifecycleEntry((uint)Math.Min(sinceAcceptMs, uint.MaxValue), kind, detail);
    }

    public readonly IReadOnlyList<LifecycleEntry> ToList()
    {
        var list = new List<LifecycleEntry>(Capacity);
        for (int i = 0; i < Capacity; i++)
        {
            if (_entries[i].Kind != LifecycleEvent.None)
                list.Add(_entries[i]);
        }

        list.Sort(static (a, b) => a.SinceAcceptMs.CompareTo(b.SinceAcceptMs));
        return list;
    }

    [InlineArray(Capacity)]
    private struct Entries
    {
        private LifecycleEntry _first;
    }
}

/// <param name="SinceAcceptMs">Milliseconds since accept.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Detail">A number that says more.</param>
internal readonly record struct LifecycleEntry(uint SinceAcceptMs, LifecycleEvent Kind, ushort Detail);
