using Actors443.Server.Load.Cluster;
using Actors443.Server.Load.Settings;
using LoadSettings = Actors443.Server.Load.Settings.LoadSettings;

namespace Actors443.Tests.Load;

/// <summary>What each of several nodes does is the whole, and no more.</summary>
public sealed class LoadShareTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    public void Shares_are_the_whole_together(int nodes)
    {
        LoadSettings whole = new()
        {
            Target = new Uri("https://localhost/"),
            Groups =
            [
                new SteadyGroup { Name = "steady", Clients = 10, Rate = 100 },
                new HandshakesGroup { Name = "handshakes", Clients = 5, Rate = 10 },
                new HoldGroup { Name = "hold", Sessions = 1_001 },
                new StormGroup { Name = "storm", Sessions = 2 },
                new WebSocketGroup { Name = "websocket", Clients = 4, Rate = 3 },
                new DohGroup { Name = "doh", Clients = 4, Rate = 9, Queries = ["a"] },
                new TunnelGroup { Name = "tunnel", Clients = 4, To = "a:1" },
                new AbuseGroup { Name = "abuse", Clients = 4, Kind = AbuseKind.Silent, Rate = 8 },
            ],
        };

        LoadGroup[] shares = [.. Enumerable.Range(0, nodes).SelectMany(index => LoadShare.Of(whole, index, nodes).Groups)];

        Assert.All(shares, share => Assert.True(share.Connections > 0));
        foreach (LoadGroup group in whole.Groups)
        {
            Assert.Equal(group.Connections, shares.Where(share => share.Name == group.Name).Sum(share => share.Connections));
            if (RateOf(group) is { } rate && group is not WebSocketGroup)
                Assert.Equal(rate, shares.Where(share => share.Name == group.Name).Sum(share => RateOf(share)!.Value), 6);
        }
    }

    private static double? RateOf(LoadGroup group) => group switch
    {
        SteadyGroup steady => steady.Rate,
        HandshakesGroup handshakes => handshakes.Rate,
        WebSocketGroup socket => socket.Rate,
        DohGroup doh => doh.Rate,
        AbuseGroup abuse => abuse.Rate,
        _ => null,
    };
}
