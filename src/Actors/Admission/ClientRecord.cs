using Actors443.Admission.Sharing;
using Actors443.Connections;

namespace Actors443.Admission;

internal enum EnterResult
{
    Entered,
    TooManyConnections,
    TooManyHandshakes,
    Retired,
}

/// <summary>The counts and rates of one client. Thread-safe by compare-and-swap; times are microseconds of the gate's clock.</summary>
internal sealed class ClientRecord(ClientKey key) : SharedCount
{
    private const int FloodsAtMost = 3;

    private int _handshakes;
    private long _newArrival;
    private long _resumedArrival;
    private long _floodArrival;
    private long _bannedUntil;
    private long _lastLeft;
    private int _refused;
    private int _lastRefusal;

    public override string Key => key.ToString();

    public bool IsBanned(long now) => now < Volatile.Read(ref _bannedUntil);

    /// <summary>In microseconds from now; 0: it is not banned.</summary>
    public long BannedFor(long now) => Math.Max(0, Volatile.Read(ref _bannedUntil) - now);

    /// <summary>Counts a refusal. True: it is the first since they were last taken.</summary>
    public bool Refuse(CloseReason reason)
    {
        Volatile.Write(ref _lastRefusal, (int)reason);
        return Interlocked.Increment(ref _refused) == 1;
    }

    /// <summary>The refusals since the last call, and why the last one was.</summary>
    public (int Count, CloseReason Last) TakeRefusals() => (Interlocked.Exchange(ref _refused, 0), (CloseReason)Volatile.Read(ref _lastRefusal));

    /// <summary>True: it was not banned before.</summary>
    public bool Ban(long now, long until)
    {
        bool before = IsBanned(now);
        Volatile.Write(ref _bannedUntil, until);
        return !before;
    }

    public EnterResult TryEnter(int maximumConnections, int maximumHandshakes)
    {
        EnterResult entered = TryEnter(maximumConnections);
        if (entered != EnterResult.Entered || Interlocked.Increment(ref _handshakes) <= maximumHandshakes || maximumHandshakes == 0)
            return entered;
        Interlocked.Decrement(ref _handshakes);
        Leave();
        return EnterResult.TooManyHandshakes;
    }

    public void HandshakeEnded() => DecrementAboveZero(ref _handshakes);

    public void Leave(long now)
    {
        Volatile.Write(ref _lastLeft, now);
        Leave();
    }

    /// <summary>
    /// Takes one from a rate, by the generic cell rate algorithm: one number, the time at which the client's arrivals would be in step with the rate.
    /// </summary>
    public bool TryTake(bool resumed, double perSecond, TimeSpan burst, long now)
    {
        if (perSecond <= 0)
            return true;
        long interval = Math.Max(1, (long)(1_000_000 / perSecond));
        // However low the rate, one by itself is never too many.
        long tolerance = Math.Max(interval, (long)burst.TotalMicroseconds);
        return TryTake(ref resumed ? ref _resumedArrival : ref _newArrival, interval, tolerance, now);
    }

    /// <summary>One more of its connections was ended for a flood. False: that is <see cref="FloodsAtMost"/> within <paramref name="window"/>.</summary>
    public bool TryFlood(TimeSpan window, long now)
    {
        long interval = Math.Max(1, (long)window.TotalMicroseconds);
        return TryTake(ref _floodArrival, interval, interval * (FloodsAtMost - 1), now);
    }

    private static bool TryTake(ref long arrival, long interval, long tolerance, long now)
    {
        while (true)
        {
            long expected = Volatile.Read(ref arrival);
            long next = Math.Max(now, expected) + interval;
            if (next - now > tolerance)
                return false;
            if (Interlocked.CompareExchange(ref arrival, next, expected) == expected)
                return true;
        }
    }

    /// <summary>True: nothing of it is needed any more, and nobody can enter by it. With <paramref name="crowded"/> rates not yet run out are given up.</summary>
    public bool TryRetire(long now, bool crowded)
    {
        bool quiet = now >= Volatile.Read(ref _newArrival) && now >= Volatile.Read(ref _resumedArrival) && now >= Volatile.Read(ref _floodArrival) && now - Volatile.Read(ref _lastLeft) > 1_000_000;
        if (IsBanned(now) || !(quiet || crowded))
            return false;
        return TryRetire();
    }

    // After a change of masks a connection may leave by a record it did not enter by.
    private static void DecrementAboveZero(ref int count)
    {
        int seen;
        while ((seen = Volatile.Read(ref count)) > 0 && Interlocked.CompareExchange(ref count, seen - 1, seen) != seen)
        {
            // Another connection of the client came or went meanwhile.
        }
    }
}
