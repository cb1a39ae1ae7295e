using System.Runtime.CompilerServices;

namespace Actors443.Connections;

/// <summary>What happens in the life of a connection.</summary>
public enum LifecycleEvent : byte
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>It was accepted.</summary>
    Accepted,

    /// <summary>Its ClientHello has come.</summary>
    ClientHelloRead,

    /// <summary>Admission has let it in.</summary>
    Admitted,

    /// <summary>The handshake began.</summary>
    HandshakeStarted,

    /// <summary>The handshake is done; detail 1: resumed.</summary>
    HandshakeCompleted,

    /// <summary>The handshake failed; the detail is a <see cref="CloseReason"/>.</summary>
    HandshakeFailed,

    /// <summary>Its first request began, or one after a pause.</summary>
    RequestStarted,

    /// <summary>A request was answered.</summary>
    RequestCompleted,

    /// <summary>It carries another protocol from here on.</summary>
    Upgraded,

    /// <summary>It is to come to its end.</summary>
    DrainRequested,

    /// <summary>Somebody has closed it; the detail is a <see cref="CloseReason"/>.</summary>
    CloseRequested,

    /// <summary>A deadline has passed; the detail is a <see cref="CloseReason"/>.</summary>
    DeadlinePassed,

    /// <summary>No byte moves any more; the detail is a <see cref="CloseReason"/>.</summary>
    TransportClosed,

    /// <summary>A handshake decider was asked.</summary>
    DecisionAwaited,

    /// <summary>It has decided; the detail is a <see cref="CloseReason"/>, 0: accepted.</summary>
    DecisionMade,

    /// <summary>It is led elsewhere.</summary>
    Routed,

    /// <summary>Its upstream is connected.</summary>
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

/// <summary>One of the last events of a connection.</summary>
/// <param name="SinceAcceptMs">Milliseconds since accept.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Detail">A number that says more.</param>
public readonly record struct LifecycleEntry(uint SinceAcceptMs, LifecycleEvent Kind, ushort Detail);
