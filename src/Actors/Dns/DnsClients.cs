using System.Collections.Concurrent;
using System.Net;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Engine;

namespace Actors443.Dns;

/// <summary>Who may ask, and how much each has asked. Thread-safe, without locks for clients that are known.</summary>
internal sealed class DnsClients(DnsSettings settings, int ipv4Mask = 32, int ipv6Mask = 64)
{
    private const int MostKept = 20_000;
    private const long KeptForMs = 600_000;

    private readonly ConcurrentDictionary<ClientKey, DnsClientRecord> _records = new();

    public int Count => _records.Count;

    /// <summary>The client's record; null: it may not ask.</summary>
    public DnsClientRecord? Find(in DnsClient client)
    {
        var key = ClientKey.Of(client.Address, ipv4Mask, ipv6Mask);
        if (_records.TryGetValue(key, out DnsClientRecord? record) && (record.IsAllowed || client.Account is not null))
            return record;
        bool isAllowed = IsAllowed(client.Address);
        if (!isAllowed && client.Account is null)
            return null;
        record ??= new DnsClientRecord(client.Address, isAllowed, settings.QueriesPerSecond);
        // Beyond it nobody is kept, and nobody is turned away for that.
        return _records.Count < MostKept ? _records.GetOrAdd(key, record) : record;
    }

    /// <summary>Those who asked most.</summary>
    public IReadOnlyList<DnsClientStatus> Top(int count) =>
        [.. _records.Values.OrderByDescending(record => record.Queries).Take(count).Select(record => new DnsClientStatus(record.Address.ToString(), record.Queries, record.Misses, record.Blocked))];

    /// <summary>Forgets those who have not asked for long.</summary>
    public void Trim(long nowMs)
    {
        foreach ((ClientKey key, DnsClientRecord record) in _records)
        {
            if (nowMs - record.LastMs > KeptForMs)
                _records.TryRemove(key, out _);
        }
    }

    private bool IsAllowed(IPAddress address) => PlainAddress.IsIn(settings.Allow, address);
}

/// <summary>One client. Counts may miss one of two queries that come in the same moment.</summary>
internal sealed class DnsClientRecord(IPAddress address, bool isAllowed, double queriesPerSecond)
{
    private const long BurstUs = 10_000_000;

    private readonly long _intervalUs = queriesPerSecond > 0 ? (long)(1_000_000 / queriesPerSecond) : 0;
    private long _dueUs;

    /// <summary>One of the addresses that count as this client.</summary>
    public IPAddress Address => address;

    /// <summary>False: by its account alone.</summary>
    public bool IsAllowed => isAllowed;

    public long Queries { get; private set; }

    public long Misses { get; private set; }

    public long Blocked { get; private set; }

    public long LastMs { get; private set; }

    /// <summary>Counts a query; false: there are too many.</summary>
    public bool TryTake(long nowMs)
    {
        Queries++;
        if (LastMs != nowMs)
            LastMs = nowMs;
        if (_intervalUs == 0)
            return true;
        long nowUs = nowMs * 1000;
        while (true)
        {
            // When the queries so far would be done at the rate allowed (GCRA): ten seconds ahead at most.
            long due = Volatile.Read(ref _dueUs);
            long next = Math.Max(due, nowUs) + _intervalUs;
            if (next - nowUs > BurstUs)
                return false;
            if (Interlocked.CompareExchange(ref _dueUs, next, due) == due)
                return true;
        }
    }

    public void NoteMiss() => Misses++;

    public void NoteBlocked() => Blocked++;
}
