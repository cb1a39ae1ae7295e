using Actors443.Configuration;
using Actors443.Connections.Draining;

namespace Actors443.Tests.Connections.Draining;

/// <summary>How many connections go in each step, with connections that are numbers.</summary>
public sealed class DrainPaceTests
{
    private static readonly DrainTenant Shop = new(false, "shop.example");

    [Fact]
    public void One_tenant_goes_by_its_share_and_is_gone_when_its_share_says_so()
    {
        IReadOnlyList<int[]> steps = Run(new DrainSettings { TenantShare = 0.1 }, credit: 1_000_000, (Shop, 1000));

        Assert.All(steps, step => Assert.Equal(100, step[0]));
        Assert.Equal(10, steps.Count);
    }

    [Fact]
    public void Tenants_go_beside_each_other_each_by_its_own_share_and_few_of_one_at_once()
    {
        IReadOnlyList<int[]> steps = Run(new DrainSettings { TenantShare = 0.25 }, credit: null, (Shop, 1000), (new(true, "alice"), 80), (new(false, ""), 16));

        Assert.Equal([250, 20, 16], steps[0]);
        Assert.Equal([250, 20, 0], steps[1]);
        Assert.Equal(4, steps.Count);
    }

    [Theory]
    [InlineData(0, 50)]
    [InlineData(30, 50)]
    [InlineData(70, 70)]
    [InlineData(5000, 100)]
    public void All_together_go_as_the_others_can_take_them_but_in_time(long credit, int first)
    {
        // 30 s are 20 steps.
        IReadOnlyList<int[]> steps = Run(new DrainSettings { TenantShare = 0.1 }, credit, (Shop, 1000));

        Assert.Equal(first, steps[0][0]);
        Assert.Equal(1000, steps.Sum(step => step[0]));
        Assert.InRange(steps.Count, 10, 20);
    }

    [Fact]
    public void A_rate_holds_for_all_together()
    {
        IReadOnlyList<int[]> steps = Run(new DrainSettings { Rate = 120, Deadline = TimeSpan.FromMinutes(1) }, credit: null, (Shop, 1000), (new(false, "other.example"), 1000));

        Assert.All(steps, step => Assert.InRange(step.Sum(), 1, 120));
        Assert.Equal(120, steps[0].Sum());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(15)]
    [InlineData(30)]
    [InlineData(300)]
    public void No_tenant_has_more_than_its_share_and_all_are_gone_in_time_though_nobody_can_take_any(int seconds)
    {
        var settings = new DrainSettings { Deadline = TimeSpan.FromSeconds(seconds), TenantShare = 0.1 };
        (DrainTenant, int)[] held = [.. Enumerable.Range(0, 60).Select(number => (new DrainTenant(number % 2 == 0, $"tenant-{number}"), (number * number) + 1))];
        int steps = DrainPace.StepsIn(settings.Deadline);
        double share = Math.Max(0.1, 1.0 / steps);

        IReadOnlyList<int[]> gone = Run(settings, credit: 0, held);

        Assert.InRange(gone.Count, 1, steps);
        for (int tenant = 0; tenant < held.Length; tenant++)
        {
            int most = (int)Math.Max(DrainPace.LeastOfTenant, Math.Ceiling(share * held[tenant].Item2));
            Assert.All(gone, step => Assert.InRange(step[tenant], 0, most));
            Assert.Equal(held[tenant].Item2, gone.Sum(step => step[tenant]));
        }

        // Spread over the time that there is, and not put off to its end.
        int evenly = (held.Sum(each => each.Item2) + steps - 1) / steps;
        Assert.All(gone, step => Assert.InRange(step.Sum(), 0, evenly));
    }

    [Fact]
    public void Says_what_keeps_it_from_being_more()
    {
        Assert.Equal(DrainLimit.TenantShare, LimitOf(new DrainSettings(), credit: null, 1000));
        Assert.Equal(DrainLimit.Credit, LimitOf(new DrainSettings(), credit: 10, 1000));
        Assert.Equal(DrainLimit.Rate, LimitOf(new DrainSettings { Rate = 5 }, credit: 10, 1000));
        Assert.Equal(DrainLimit.None, LimitOf(new DrainSettings(), credit: 1000, 16));
    }

    [Fact]
    public void After_the_last_step_all_must_go()
    {
        var pace = new DrainPace(new DrainSettings { Deadline = TimeSpan.FromSeconds(3) });
        var held = new Dictionary<DrainTenant, int> { [Shop] = 10 };

        Assert.NotNull(pace.Next(held, 0));
        Assert.NotNull(pace.Next(held, 0));
        Assert.Null(pace.Next(held, 0));
    }

    [Fact]
    public void Supervisors_that_take_at_once_take_no_more_than_there_is()
    {
        var step = new DrainStep([(Shop, 100, 10)], pool: 40, newcomers: 16, DrainLimit.Credit);

        int taken = 0;
        Parallel.For(0, 1000, _ =>
        {
            if (step.TryTake(Shop))
                Interlocked.Increment(ref taken);
        });

        Assert.Equal(50, taken);
    }

    private static DrainLimit LimitOf(DrainSettings settings, long? credit, int count) => new DrainPace(settings).Next(new Dictionary<DrainTenant, int> { [Shop] = count }, credit)!.Limit;

    // What went of each tenant in each step. The tenants that are looked at first take what they can.
    private static List<int[]> Run(DrainSettings settings, long? credit, params (DrainTenant Tenant, int Count)[] tenants)
    {
        var pace = new DrainPace(settings);
        Dictionary<DrainTenant, int> held = tenants.ToDictionary(each => each.Tenant, each => each.Count);
        var steps = new List<int[]>();
        while (held.Values.Any(count => count > 0))
        {
            DrainStep step = pace.Next(held.Where(each => each.Value > 0).ToDictionary(), credit) ?? throw new InvalidOperationException("some are left after the last step");
            var gone = new int[tenants.Length];
            for (int tenant = 0; tenant < tenants.Length; tenant++)
            {
                for (int left = held[tenants[tenant].Tenant]; left > 0 && step.TryTake(tenants[tenant].Tenant); left--)
                    gone[tenant]++;
                held[tenants[tenant].Tenant] -= gone[tenant];
            }

            steps.Add(gone);
        }

        return steps;
    }
}
