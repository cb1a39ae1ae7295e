using Actors443.Tunnels.Accounts;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Tunnels;

public sealed class AccountRateTests
{
    [Fact]
    public void A_second_is_free_and_what_is_above_waits_its_turn()
    {
        var time = new FakeTimeProvider();
        var rate = new AccountRate(time) { BytesPerSecond = 1000 };

        Assert.Equal(TimeSpan.Zero, rate.Take(1000));
        Assert.Equal(500, rate.Take(500).TotalMilliseconds, 1.0);
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(0, rate.Take(500).TotalMilliseconds, 1.0);
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(TimeSpan.Zero, rate.Take(1000));
        Assert.Equal(1000, rate.Take(1000).TotalMilliseconds, 1.0);
    }

    [Fact]
    public void Without_a_rate_nobody_waits() => Assert.Equal(TimeSpan.Zero, new AccountRate(TimeProvider.System).Take(long.MaxValue));
}
