using System.Runtime.CompilerServices;
using Actors443.Engine;
using Akka.Actor;

namespace Actors443.Requests;

/// <summary>
/// The exchanges that wait for an answer: a table with a slot each, taken and given back by one compare-and-swap, and looked through four times a second for those whose time is
/// over. So a request has a time-out without a timer of its own. Thread-safe, lock-free.
/// </summary>
internal sealed class RunningExchanges : IDisposable
{
    /// <summary>How late a time-out may be noticed.</summary>
    public static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(250);

    private const int SegmentSize = 1024;
    private const int Tries = 16;

    private readonly MonotonicClock _clock;
    private readonly ITimer _timer;
    private Segment[] _segments = [new()];
    private int _asleep = 1;

    public RunningExchanges(MonotonicClock clock, TimeProvider time)
    {
        _clock = clock;
        _timer = time.CreateTimer(static self => ((RunningExchanges)self!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public int Count => Volatile.Read(ref _segments).Sum(segment => segment.Slots.Count(slot => slot is not null));

    public void Add(RequestExchange exchange)
    {
        while (true)
        {
            Segment[] segments = Volatile.Read(ref _segments);
            for (int i = 0; i < segments.Length; i++)
            {
                // Threads begin at places of their own, so that they seldom meet.
                int slot = segments[i].TryAdd(exchange, Tries);
                if (slot < 0)
                    continue;
                exchange.Slot = i * SegmentSize + slot;
                WakeUp();
                return;
            }

            Interlocked.CompareExchange(ref _segments, [.. segments, new Segment()], segments);
        }
    }

    public void Remove(RequestExchange exchange) =>
        Volatile.Write(ref Volatile.Read(ref _segments)[exchange.Slot / SegmentSize].Slots[exchange.Slot % SegmentSize], null);

    /// <summary>Those that have been told to this actor, and wait for it.</summary>
    public IReadOnlyList<RequestExchange> HeldBy(IActorRef target)
    {
        var held = new List<RequestExchange>();
        foreach (Segment segment in Volatile.Read(ref _segments))
        {
            for (int i = 0; i < SegmentSize; i++)
            {
                if (Volatile.Read(ref segment.Slots[i]) is { IsTold: true } exchange && target.Equals(exchange.Peer ?? exchange.Target))
                    held.Add(exchange);
            }
        }

        return held;
    }

    public void Dispose() => _timer.Dispose();

    private void WakeUp()
    {
        if (Volatile.Read(ref _asleep) != 0 && Interlocked.Exchange(ref _asleep, 0) != 0)
            _timer.Change(LookEvery, Timeout.InfiniteTimeSpan);
    }

    private void Look()
    {
        if (FailLate())
        {
            _timer.Change(LookEvery, Timeout.InfiniteTimeSpan);
            return;
        }

        // Nothing to look at: sleep, unless one came just now.
        Interlocked.Exchange(ref _asleep, 1);
        if (FailLate())
            WakeUp();
    }

    // Answers whether there is any at all.
    private bool FailLate()
    {
        bool any = false;
        long now = _clock.NowMs;
        foreach (Segment segment in Volatile.Read(ref _segments))
        {
            for (int i = 0; i < SegmentSize; i++)
            {
                if (Volatile.Read(ref segment.Slots[i]) is not { } exchange)
                    continue;
                any = true;
                if (exchange.EndMs <= now)
                    exchange.Fail(ExchangeFailure.For(ExchangeEnd.OverTime));
                else if (Volatile.Read(ref exchange.DueMs) <= now)
                    exchange.Fail(ExchangeFailure.For(ExchangeEnd.Timeout));
            }
        }

        return any;
    }

    private sealed class Segment
    {
        public RequestExchange?[] Slots { get; } = new RequestExchange?[SegmentSize];

        public int TryAdd(RequestExchange exchange, int tries)
        {
            int slot = (int)((uint)(Environment.CurrentManagedThreadId * 67 + RuntimeHelpers.GetHashCode(exchange)) % SegmentSize);
            for (; tries > 0; tries--)
            {
                if (Volatile.Read(ref Slots[slot]) is null && Interlocked.CompareExchange(ref Slots[slot], exchange, null) is null)
                    return slot;
                slot = (slot + 1) % SegmentSize;
            }

            return -1;
        }
    }
}
