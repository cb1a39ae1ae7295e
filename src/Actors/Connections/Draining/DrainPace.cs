using Actors443.Configuration;

namespace Actors443.Connections.Draining;

/// <summary>
/// Decides how many connections a server that stops lets go in each step. No tenant has more than its share in a step; all together have what the other nodes can take, and what
/// <c>drain.rate</c> says, but never so few that the drain would not end in time. Not thread-safe.
/// </summary>
internal sealed class DrainPace(DrainSettings settings)
{
    /// <summary>Of one tenant, however small its share is: a few need no steps.</summary>
    public const int LeastOfTenant = 16;

    /// <summary>Clients need about as long to come back, and nodes to notice that they have.</summary>
    public static readonly TimeSpan StepTime = TimeSpan.FromSeconds(1);

    // The rest of the time is theirs who are let go last.
    private const double PartForLettingGo = 2.0 / 3;
    // A step may be late, and the share holds none the less.
    private const double PartForLateSteps = 5.0 / 6;

    private readonly Dictionary<DrainTenant, int> _most = [];
    private int _stepsLeft = StepsIn(settings.Deadline);

    /// <summary>How many steps a drain has that may last so long.</summary>
    public static int StepsIn(TimeSpan deadline) => (int)Math.Max(1, deadline * PartForLettingGo / StepTime);

    /// <summary>After it all must go that are left.</summary>
    public static TimeSpan LatestStep(TimeSpan deadline) => deadline * PartForLateSteps;

    /// <summary>The next step; null: there are none left, and all must go.</summary>
    /// <param name="held">Connections that have not been let go, by tenant.</param>
    /// <param name="credit">How many the other nodes can take now; null: nobody says.</param>
    public DrainStep? Next(IReadOnlyDictionary<DrainTenant, int> held, long? credit)
    {
        if (_stepsLeft == 0)
            return null;
        int steps = _stepsLeft--;
        (long all, long may) = (0, 0);
        var tenants = new List<(DrainTenant Tenant, int Most, int Kept)>(held.Count);
        foreach ((DrainTenant tenant, int count) in held)
        {
            int most = MostOf(tenant, count);
            all += count;
            may += Math.Min(count, most);
            // So that none has more left in the end than its share of a step; what is too few to be spread comes out of the pool.
            tenants.Add((tenant, most, Math.Min(count / steps, most)));
        }

        (long wanted, DrainLimit limit) = (may, may < all ? DrainLimit.TenantShare : DrainLimit.None);
        if (credit is { } others && others < wanted)
            (wanted, limit) = (others, DrainLimit.Credit);
        if (settings.Rate is { } rate && rate * StepTime.TotalSeconds < wanted)
            (wanted, limit) = ((long)(rate * StepTime.TotalSeconds), DrainLimit.Rate);
        long atLeast = (all + steps - 1) / steps;
        return new DrainStep(tenants, Math.Max(wanted, atLeast) - tenants.Sum(tenant => (long)tenant.Kept), LeastOfTenant, limit);
    }

    // Of those it had at first: its share does not shrink with what is left of it.
    private int MostOf(DrainTenant tenant, int count)
    {
        if (!_most.TryGetValue(tenant, out int most))
        {
            double share = Math.Max(settings.TenantShare, 1.0 / StepsIn(settings.Deadline));
            _most[tenant] = most = (int)Math.Max(LeastOfTenant, Math.Ceiling(share * count));
        }

        return most;
    }
}
