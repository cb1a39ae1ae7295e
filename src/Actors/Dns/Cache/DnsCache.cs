using System.Collections.Concurrent;

namespace Actors443.Dns.Cache;

/// <summary>
/// All answers that are kept. Anybody reads, without a lock and without garbage; each part of the keys has one writer, its <see cref="DnsCachePart"/>, which
/// keeps it within its share of the memory.
/// </summary>
internal sealed class DnsCache
{
    private readonly ConcurrentDictionary<byte[], DnsCacheEntry> _entries;
    private readonly ConcurrentDictionary<byte[], DnsCacheEntry>.AlternateLookup<ReadOnlySpan<byte>> _byBuffer;

    /// <param name="bytes">Memory it may use, about.</param>
    /// <param name="parts">How many writers.</param>
    public DnsCache(long bytes, int parts)
    {
        _entries = new ConcurrentDictionary<byte[], DnsCacheEntry>(parts, 1024, DnsCacheKey.Comparer.Instance);
        _byBuffer = _entries.GetAlternateLookup<ReadOnlySpan<byte>>();
        Parts = [.. Enumerable.Range(0, parts).Select(_ => new DnsCachePart(_entries, bytes / parts))];
    }

    public IReadOnlyList<DnsCachePart> Parts { get; }

    public long Bytes => Parts.Sum(part => part.Bytes);

    public long Count => Parts.Sum(part => part.Count);

    public long Evictions => Parts.Sum(part => part.Evictions);

    /// <summary>The answer kept by this key, expired or not; null: there is none.</summary>
    public DnsCacheEntry? Find(ReadOnlySpan<byte> key) => _byBuffer.TryGetValue(key, out DnsCacheEntry? entry) ? entry : null;

    /// <summary>The number of the part that a key belongs to.</summary>
    public int PartOf(ReadOnlySpan<byte> key) => (int)((uint)DnsCacheKey.HashOf(key) % (uint)Parts.Count);
}

/// <summary>
/// One writer's part of the cache. What is not asked for again until its turn comes goes first (the clock algorithm): readers leave a mark and nothing more. One
/// thread at a time writes; counts are read by any.
/// </summary>
internal sealed class DnsCachePart(ConcurrentDictionary<byte[], DnsCacheEntry> entries, long capacity)
{
    private readonly Queue<DnsCacheEntry> _turns = new();
    private long _bytes;
    private long _count;
    private long _evictions;

    public long Bytes => Volatile.Read(ref _bytes);

    public long Count => Volatile.Read(ref _count);

    public long Evictions => Volatile.Read(ref _evictions);

    /// <summary>Keeps an answer instead of the one by the same key. One that is larger than the whole part is not kept.</summary>
    public void Put(DnsCacheEntry entry)
    {
        if (entry.Size > capacity)
            return;
        if (entries.TryGetValue(entry.Key, out DnsCacheEntry? former))
            Account(former, -1);
        entries[entry.Key] = entry;
        Account(entry, 1);
        _turns.Enqueue(entry);
        while (_bytes > capacity)
            TakeTurn();
        // Those replaced are still in it: with many refreshes and no evictions there would be ever more.
        if (_turns.Count > 2 * _count + 64)
            ForgetReplaced();
    }

    private void TakeTurn()
    {
        DnsCacheEntry oldest = _turns.Dequeue();
        if (!IsCurrent(oldest))
            return;
        if (oldest.Hits > 0)
        {
            oldest.ForgetHits();
            _turns.Enqueue(oldest);
            return;
        }

        entries.TryRemove(oldest.Key, out _);
        Account(oldest, -1);
        Volatile.Write(ref _evictions, _evictions + 1);
    }

    private void ForgetReplaced()
    {
        for (int left = _turns.Count; left > 0; left--)
        {
            DnsCacheEntry entry = _turns.Dequeue();
            if (IsCurrent(entry))
                _turns.Enqueue(entry);
        }
    }

    private bool IsCurrent(DnsCacheEntry entry) => entries.TryGetValue(entry.Key, out DnsCacheEntry? current) && ReferenceEquals(current, entry);

    private void Account(DnsCacheEntry entry, int sign)
    {
        Volatile.Write(ref _bytes, _bytes + sign * entry.Size);
        Volatile.Write(ref _count, _count + sign);
    }
}
