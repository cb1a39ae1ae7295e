namespace Actors443.Tunnels.Accounts;

/// <summary>
/// Bytes a second, of all tunnels of an account together and with a burst of a second's worth (the generic cell rate algorithm). One number, changed
/// without a lock. Thread-safe.
/// </summary>
internal sealed class AccountRate(TimeProvider time)
{
    private readonly double _ticksPerSecond = time.TimestampFrequency;
    private long _paidUntil = long.MinValue;
    private long _bytesPerSecond;

    /// <summary>0: no limit. May change at any time.</summary>
    public long BytesPerSecond
    {
        get => Volatile.Read(ref _bytesPerSecond);
        set => Volatile.Write(ref _bytesPerSecond, value);
    }

    /// <summary>Counts bytes that have been taken in, and says how long to wait before the next are.</summary>
    public TimeSpan Take(long bytes)
    {
        long rate = BytesPerSecond;
        if (rate == 0)
            return TimeSpan.Zero;
        long cost = (long)(bytes * _ticksPerSecond / rate);
        long now = time.GetTimestamp();
        long before;
        long after;
        do
        {
            before = Volatile.Read(ref _paidUntil);
            after = Math.Max(before, now) + cost;
        }
        while (Interlocked.CompareExchange(ref _paidUntil, after, before) != before);
        double ahead = (after - now) / _ticksPerSecond - 1;
        return ahead > 0 ? TimeSpan.FromSeconds(ahead) : TimeSpan.Zero;
    }
}
