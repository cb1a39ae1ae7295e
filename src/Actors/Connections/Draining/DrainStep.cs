using System.Collections.Concurrent;

namespace Actors443.Connections.Draining;

/// <summary>How many connections may be let go in one step of a drain, of all and of each tenant. Supervisors take from it at once; thread-safe, lock-free.</summary>
internal sealed class DrainStep
{
    private readonly ConcurrentDictionary<DrainTenant, Budget> _tenants;
    private readonly int _newcomers;
    private long _pool;

    /// <param name="tenants">What each tenant may have at most, and what of it is kept for that tenant alone.</param>
    /// <param name="pool">For all tenants together, beyond what is kept for one.</param>
    /// <param name="newcomers">What a tenant may have at most that is not among them.</param>
    /// <param name="limit">Why it is not more.</param>
    public DrainStep(IEnumerable<(DrainTenant Tenant, int Most, int Kept)> tenants, long pool, int newcomers, DrainLimit limit)
    {
        _tenants = new(tenants.Select(each => KeyValuePair.Create(each.Tenant, new Budget { Left = each.Most, Kept = each.Kept })));
        _pool = pool;
        _newcomers = newcomers;
        Limit = limit;
    }

    /// <summary>What keeps it from being more.</summary>
    public DrainLimit Limit { get; }

    /// <summary>Takes one connection of a tenant; false: it has to wait for another step.</summary>
    public bool TryTake(DrainTenant tenant)
    {
        Budget budget = _tenants.GetOrAdd(tenant, static (_, most) => new Budget { Left = most }, _newcomers);
        if (Interlocked.Decrement(ref budget.Left) < 0)
            return false;
        return Interlocked.Decrement(ref budget.Kept) >= 0 || Interlocked.Decrement(ref _pool) >= 0;
    }

    private sealed class Budget
    {
        public int Left;
        public int Kept;
    }
}

/// <summary>What the connections that are still held wait for.</summary>
internal enum DrainLimit
{
    /// <summary>None is held.</summary>
    None,

    /// <summary>No more of one tenant at a time.</summary>
    TenantShare,

    /// <summary>The other nodes can take no more at a time.</summary>
    Credit,

    /// <summary><c>drain.rate</c>.</summary>
    Rate,
}
