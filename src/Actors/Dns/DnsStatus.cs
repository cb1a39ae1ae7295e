using Actors443.Telemetry;

namespace Actors443.Dns;

/// <summary>The resolver at a glance.</summary>
internal sealed record DnsStatus
{
    private const int ClientsShown = 20;

    /// <summary>Since the start, by outcome as metrics have it.</summary>
    public required IReadOnlyDictionary<string, long> Queries { get; init; }

    public required long Coalesced { get; init; }

    public required long Prefetches { get; init; }

    public required long CacheEntries { get; init; }

    public required long CacheBytes { get; init; }

    public required long CacheEvictions { get; init; }

    /// <summary>Names of hosts files.</summary>
    public required int LocalNames { get; init; }

    /// <summary>Names of block lists.</summary>
    public required int BlockedNames { get; init; }

    public required IReadOnlyList<DnsUpstreamStatus> Upstreams { get; init; }

    /// <summary>Those who asked most since settings last changed.</summary>
    public required IReadOnlyList<DnsClientStatus> Clients { get; init; }

    /// <summary>As it is now.</summary>
    public static DnsStatus Of(DnsResolver resolver)
    {
        DnsRuntime? runtime = resolver.Runtime;
        return new DnsStatus
        {
            Queries = resolver.Counters.All.ToDictionary(count => DnsMetrics.NameOf(count.Outcome), count => count.Count),
            Coalesced = resolver.Counters.Coalesced,
            Prefetches = resolver.Counters.Prefetches,
            CacheEntries = runtime?.Cache.Count ?? 0,
            CacheBytes = runtime?.Cache.Bytes ?? 0,
            CacheEvictions = runtime?.Cache.Evictions ?? 0,
            LocalNames = runtime?.Local.Names ?? 0,
            BlockedNames = runtime?.Local.Blocked ?? 0,
            Upstreams = [.. runtime?.Upstreams.Upstreams.Select(upstream => new DnsUpstreamStatus(upstream.Name, !upstream.IsDown, upstream.Queries, upstream.Failed)) ?? []],
            Clients = runtime?.Clients.Top(ClientsShown) ?? [],
        };
    }
}

/// <param name="Name">As a URL.</param>
/// <param name="IsUp">False: it has not answered lately.</param>
/// <param name="Queries">Put to it.</param>
/// <param name="Failed">Of them not answered.</param>
internal sealed record DnsUpstreamStatus(string Name, bool IsUp, long Queries, long Failed);

/// <param name="Address">One of the addresses that count as this client.</param>
/// <param name="Queries">It asked.</param>
/// <param name="Misses">Of them put to upstreams.</param>
/// <param name="Blocked">Of them for blocked names.</param>
internal sealed record DnsClientStatus(string Address, long Queries, long Misses, long Blocked);
