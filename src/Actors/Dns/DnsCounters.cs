namespace Actors443.Dns;

/// <summary>How a query ended, for metrics and status.</summary>
internal enum DnsOutcome
{
    Hit,
    Miss,
    Stale,
    Local,
    Blocked,
    Failed,
    Error,
    Denied,
    TooMany,
    NotAQuery,
}

/// <summary>How a question went whose answer one server has for all.</summary>
internal enum DnsSharing
{
    /// <summary>It was another's, who has answered.</summary>
    Answered,

    /// <summary>It was another's, who has not; upstreams were asked.</summary>
    Fallback,

    /// <summary>Another had it, and was answered.</summary>
    Given,
}

/// <summary>Counts of queries by outcome. Each processor counts in a place of its own, so that none waits for another. Thread-safe.</summary>
internal sealed class DnsCounters
{
    private const int Outcomes = 10;

    // Two cache lines: neighbours are fetched in pairs.
    private const int Stride = 16;

    private readonly long[] _counts = new long[Stride * (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Min(Environment.ProcessorCount, 64))];
    private readonly long[] _shared = new long[3];
    private long _coalesced;
    private long _prefetches;

    /// <summary>Misses that waited for a question that another had put already.</summary>
    public long Coalesced => Interlocked.Read(ref _coalesced);

    /// <summary>Questions put before an answer in demand expired.</summary>
    public long Prefetches => Interlocked.Read(ref _prefetches);

    /// <summary>Questions that were another server's, or that another had for this one, by how it went.</summary>
    public IEnumerable<(DnsSharing Sharing, long Count)> Shared => Enum.GetValues<DnsSharing>().Select(sharing => (sharing, Interlocked.Read(ref _shared[(int)sharing])));

    public void CountShared(DnsSharing sharing) => Interlocked.Increment(ref _shared[(int)sharing]);

    public void Count(DnsOutcome outcome)
    {
        int place = Thread.GetCurrentProcessorId() * Stride & (_counts.Length - 1);
        Interlocked.Increment(ref _counts[place + (int)outcome]);
    }

    public void CountCoalesced() => Interlocked.Increment(ref _coalesced);

    public void CountPrefetch() => Interlocked.Increment(ref _prefetches);

    public long Of(DnsOutcome outcome)
    {
        long sum = 0;
        for (int place = (int)outcome; place < _counts.Length; place += Stride)
            sum += Interlocked.Read(ref _counts[place]);
        return sum;
    }

    /// <summary>All outcomes with their counts.</summary>
    public IEnumerable<(DnsOutcome Outcome, long Count)> All => Enumerable.Range(0, Outcomes).Select(outcome => ((DnsOutcome)outcome, Of((DnsOutcome)outcome)));
}
