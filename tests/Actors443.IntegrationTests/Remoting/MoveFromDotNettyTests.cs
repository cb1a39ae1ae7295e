using System.Globalization;
using Actors443.Remoting;
using Actors443.Testing;
using Akka.Actor;
using Akka.Configuration;
using Akka.Hosting;

namespace Actors443.IntegrationTests.Remoting;

/// <summary>Nodes that keep the addresses they had with DotNetty, with others that have moved as far, less far, or not at all.</summary>
public sealed class MoveFromDotNettyTests : IDisposable
{
    private readonly NodeCertificates _nodes = new();
    private readonly int _https = FreePort.Next();
    private readonly int _otherHttps = FreePort.Next();

    public MoveFromDotNettyTests() => _nodes.Write("node", "127.0.0.1");

    public void Dispose() => _nodes.Dispose();

    [Fact]
    public async Task One_that_has_not_moved_is_reached_by_DotNetty_and_comes_by_it()
    {
        int port = FreePort.Next();
        using ActorSystem former = ActorSystem.Create("embedded", ConfigurationFactory.ParseString(string.Create(CultureInfo.InvariantCulture, $$"""
            akka { actor.provider = remote, stdout-loglevel = OFF, loglevel = OFF, remote.dot-netty.tcp { hostname = "127.0.0.1", port = {{port}} } }
            """)));
        former.ActorOf(Props.Create(() => new Ear()), "ear");
        await using RemotingNode moving = await StartAsync(DotNettyUse.Beside, _https, FreePort.Next(), peerPort: _otherHttps);

        Assert.Equal("pong", await moving.System.ActorSelection($"akka.tcp://embedded@127.0.0.1:{port}/user/ear").Ask<string>("ping", TimeSpan.FromSeconds(60)));
        Assert.Equal("pong", await former.ActorSelection($"akka.tcp://{moving.Address}/user/ear").Ask<string>("ping", TimeSpan.FromSeconds(60)));
        Assert.True(moving.Transport.Beside!.Outbound > 0);
        Assert.Equal(0, moving.Transport.Outbound);
        Assert.Contains(moving.Log, line => line.Contains($"embedded@127.0.0.1:{port} is reached by DotNetty, as it is not reached by its https port", StringComparison.Ordinal));
    }

    [Fact]
    public async Task One_that_comes_by_DotNetty_is_heard()
    {
        await using RemotingNode moving = await StartAsync(DotNettyUse.Beside, _https, FreePort.Next(), peerPort: _otherHttps);
        using ActorSystem former = ActorSystem.Create("former", "akka { actor.provider = remote, stdout-loglevel = OFF, loglevel = OFF, remote.dot-netty.tcp { hostname = 127.0.0.1, port = 0 } }");

        Assert.Equal("pong", await former.ActorSelection($"akka.tcp://{moving.Address}/user/ear").Ask<string>("ping", TimeSpan.FromSeconds(60)));
        Assert.True(moving.Transport.Beside!.Inbound > 0);
    }

    [Fact]
    public async Task Two_that_move_use_the_https_port_and_so_does_one_that_has()
    {
        (int port, int otherPort) = (FreePort.Next(), FreePort.Next());
        await using RemotingNode one = await StartAsync(DotNettyUse.Beside, _https, port, _otherHttps);
        await using (RemotingNode other = await StartAsync(DotNettyUse.Beside, _otherHttps, otherPort, _https))
        {
            await one.ReachAsync(other);
            await other.ReachAsync(one);
        }

        await using RemotingNode moved = await StartAsync(DotNettyUse.Address, _otherHttps, otherPort, _https);
        await one.ReachAsync(moved);
        await moved.ReachAsync(one);
        Assert.Equal((0, 0), (one.Transport.Beside!.Outbound, one.Transport.Beside.Inbound));
        Assert.Null(moved.Transport.Beside);
        Assert.Equal($"tcp://embedded@127.0.0.1:{otherPort}", moved.Transport.Settings.Address.ToString());
    }

    [Fact]
    public async Task One_that_answers_by_https_and_is_not_trusted_is_not_reached_by_DotNetty()
    {
        using var others = new NodeCertificates("Others");
        others.Write("node", "127.0.0.1");
        int port = FreePort.Next();
        await using RemotingNode stranger = await StartAsync(DotNettyUse.Beside, _otherHttps, port, _https, others);
        await using RemotingNode moving = await StartAsync(DotNettyUse.Beside, _https, FreePort.Next(), _otherHttps);

        moving.EarOf(stranger).Tell("hello");
        await Eventually.HoldsAsync(() => moving.Log.Any(line => line.Contains($"No association: {stranger.Address} is not trusted", StringComparison.Ordinal)), "it is not trusted");
        Assert.Equal(0, moving.Transport.Beside!.Outbound);
        Assert.Empty(stranger.Heard);
    }

    private Task<RemotingNode> StartAsync(DotNettyUse use, int https, int port, int peerPort, NodeCertificates? certificates = null) => RemotingNode.StartAsync(
        options =>
        {
            (certificates ?? _nodes).Of("node")(options);
            options.DotNetty = use;
            options.PeerPort = peerPort;
        },
        port: https,
        akka: builder => builder.AddHocon(string.Create(CultureInfo.InvariantCulture, $"akka.remote.dot-netty.tcp {{ hostname = 127.0.0.1, port = {port} }}"), HoconAddMode.Prepend));

    private sealed class Ear : ReceiveActor
    {
        public Ear() => ReceiveAny(_ => Sender.Tell("pong"));
    }
}
