using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Actors443.Connections.Directory;
using Actors443.Hosting;
using Actors443.Remoting;
using Actors443.Testing;
using Akka.Actor;
using Akka.Remote;
using Xunit.Abstractions;

namespace Actors443.IntegrationTests.Remoting;

/// <summary>Actor systems that speak with each other over the https listeners, each with one port.</summary>
public sealed class AssociationTests(ITestOutputHelper output)
{
    private const int Messages = 5_000;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("[::1]")]
    public async Task Messages_come_in_their_order_both_ways(string host)
    {
        string secret = ClusterOfServers.NewSecret();
        await using RemotingNode one = await RemotingNode.StartAsync(options => options.Secret = secret, host);
        await using RemotingNode other = await RemotingNode.StartAsync(options => options.Secret = secret, host);
        await one.ReachAsync(other);

        IActorRef there = await one.EarOf(other).ResolveOne(TimeSpan.FromSeconds(10));
        IActorRef back = await other.EarOf(one).ResolveOne(TimeSpan.FromSeconds(10));
        for (int number = 0; number < Messages; number++)
        {
            there.Tell(number);
            back.Tell(number);
        }

        foreach (RemotingNode node in new[] { one, other })
            await Eventually.HoldsAsync(() => node.Heard.Count == Messages, "all have come", TimeSpan.FromSeconds(60));
        Assert.All([one, other], node => Assert.Equal(Enumerable.Range(0, Messages), node.Heard.Select(heard => Convert.ToInt32(heard, CultureInfo.InvariantCulture))));
    }

    [Fact]
    public async Task A_message_as_long_as_may_be_comes_whole_and_a_longer_one_ends_nothing()
    {
        string secret = ClusterOfServers.NewSecret();
        await using RemotingNode one = await RemotingNode.StartAsync(options => options.Secret = secret);
        await using RemotingNode other = await RemotingNode.StartAsync(options => options.Secret = secret);
        await one.ReachAsync(other);
        string longest = new('x', (2 * 1024 * 1024) - 4096);
        one.EarOf(other).Tell(new string('y', 3 * 1024 * 1024));
        one.EarOf(other).Tell(longest);
        one.EarOf(other).Tell("after it");

        await Eventually.HoldsAsync(() => other.Heard.Count == 2, "both have come", TimeSpan.FromSeconds(60));
        Assert.Equal([longest, "after it"], other.Heard);
    }

    [Fact]
    public async Task A_node_is_a_connection_like_any_other()
    {
        string secret = ClusterOfServers.NewSecret();
        await using RemotingNode one = await RemotingNode.StartAsync(options => options.Secret = secret);
        await using RemotingNode other = await RemotingNode.StartAsync(options => options.Secret = secret);
        await one.ReachAsync(other);

        ConnectionsFound found = await other.System.GetConnectionDirectory().FindAsync(ConnectionFilter.Parse("protocol = akka-remote/1"));
        ConnectionReport connection = Assert.Single(found.Connections);
        Assert.Equal(one.Address.ToString(), connection.Principal);
        Assert.Equal("upgraded", connection.State);
        Assert.Contains("Node", connection.ClientCertificate, StringComparison.Ordinal);
        Assert.True(connection.BytesRead > 0 && connection.BytesWritten > 0);

        // Whoever has connected shows it as well.
        ConnectionReport dialed = Assert.Single((await one.System.GetConnectionDirectory().FindAsync(ConnectionFilter.Parse("listener = outbound"))).Connections);
        Assert.Equal((other.Address.ToString(), "akka-remote/1", "upgraded"), (dialed.Principal, dialed.ApplicationProtocol, dialed.State));
        Assert.True(dialed.BytesRead > 0 && dialed.BytesWritten > 0);
        Assert.Equal(0, (await one.System.GetConnectionDirectory().CloseAsync(ConnectionFilter.Parse("listener = outbound"))).Count);
        Assert.Equal(1, (await one.System.GetConnectionDirectory().CloseAsync(ConnectionFilter.Parse("listener = outbound and protocol = akka-remote/1"))).Count);
        await Eventually.HoldsAsync(() => one.Transport.Outbound == 0 && other.Transport.Inbound == 0, "it has ended at both ends");
        await one.ReachAsync(other);

        // Whoever closes it ends the association; the next message makes another.
        await other.System.GetConnectionDirectory().CloseAsync(ConnectionFilter.Parse("protocol = akka-remote/1"));
        await one.ReachAsync(other);
    }

    [Fact]
    public async Task Several_systems_are_reached_by_one_port()
    {
        string secret = ClusterOfServers.NewSecret();
        await using RemotingNode server = await RemotingNode.StartAsync(options => options.Secret = secret);
        await using RemotingNode other = await RemotingNode.StartAsync(options => options.Secret = secret);
        ActorSystem second = ActorSystem.Create("second", Akka.Actor.BootstrapSetup.Create()
            .WithConfig(Akka.Configuration.ConfigurationFactory.ParseString($$"""
                akka { loglevel = OFF, stdout-loglevel = OFF, actor.provider = remote, remote.enabled-transports = ["akka.remote.actors443"] }
                akka.remote.actors443 { public-hostname = "127.0.0.1", port = {{server.Address.Port}}, secret = "{{secret}}" }
                """).WithFallback(RemotingHocon.Reference))
            .And(new RemotingSetup { Listener = server.System }));
        try
        {
            second.ActorOf(Props.Create(() => new Echo()), "echo");
            await other.ReachAsync(server);
            ActorSelection echo = other.System.ActorSelection($"akka.actors443://second@{server.Address.Host}:{server.Address.Port}/user/echo");
            Assert.Equal("hello", await echo.Ask<string>("hello", TimeSpan.FromSeconds(30)));
        }
        finally
        {
            await second.Terminate();
        }

        await other.ReachAsync(server);
    }

    [Fact]
    public async Task An_actor_system_without_a_server_reaches_others_and_is_answered()
    {
        string secret = ClusterOfServers.NewSecret();
        await using RemotingNode node = await RemotingNode.StartAsync(options => options.Secret = secret);
        ActorSystem alone = ActorSystem.Create("alone", Akka.Configuration.ConfigurationFactory.ParseString($$"""
            akka { loglevel = OFF, stdout-loglevel = OFF, actor.provider = remote, remote.enabled-transports = ["akka.remote.actors443"] }
            akka.remote.actors443 { public-hostname = "127.0.0.1", port = {{FreePort.Next()}}, secret = "{{secret}}" }
            """).WithFallback(RemotingHocon.Reference));
        try
        {
            ActorSelection ear = alone.ActorSelection($"akka.actors443://{node.Address}/user/ear");
            Assert.Equal("pong", await ear.Ask<string>("ping", TimeSpan.FromSeconds(30)));
            // It has not been connected to.
            Assert.Equal((1, 0), (node.Transport.Inbound, node.Transport.Outbound));
        }
        finally
        {
            await alone.Terminate();
        }
    }

    [Fact]
    public async Task A_node_that_stops_says_goodbye()
    {
        string secret = ClusterOfServers.NewSecret();
        await using RemotingNode one = await RemotingNode.StartAsync(options => options.Secret = secret);
        RemotingNode other = await RemotingNode.StartAsync(options => options.Secret = secret);
        await other.ReachAsync(one);
        await one.ReachAsync(other);
        await other.DisposeAsync();

        await Eventually.HoldsAsync(async () => (await one.System.GetConnectionDirectory().FindAsync(ConnectionFilter.Parse("protocol = akka-remote/1"))).Connections.Count == 0, "its connection has ended");
        Assert.Empty(one.Obituaries);
        Assert.DoesNotContain(one.Log, line => line.Contains("has broken", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Limits_of_clients_from_where_nodes_are_do_not_keep_nodes_out()
    {
        string secret = ClusterOfServers.NewSecret();
        await using RemotingNode flooded = await RemotingNode.StartAsync(options => options.Secret = secret, server: server => server.Set("admission.per-client.exempt", "[]").Set("admission.per-client.unfinished-handshakes", "4"));
        await using RemotingNode known = await RemotingNode.StartAsync(options => options.Secret = secret);
        await known.ReachAsync(flooded);
        var held = new List<TcpClient>();
        try
        {
            for (int number = 0; number < 20; number++)
            {
                var client = new TcpClient();
                held.Add(client);
                await client.ConnectAsync(flooded.Address.Host, flooded.Address.Port);
            }

            // For those that are no nodes the limit holds.
            await Eventually.HoldsAsync(async () => await RefusesAsync(flooded), "others from there are refused");
            await using RemotingNode late = await RemotingNode.StartAsync(options => options.Secret = secret);
            await late.ReachAsync(flooded);
            Assert.True(await RefusesAsync(flooded));
        }
        finally
        {
            foreach (TcpClient client in held)
                client.Dispose();
        }
    }

    [Fact]
    public async Task Heartbeats_are_not_behind_a_hundred_megabytes()
    {
        const int messages = 1_000;
        string secret = ClusterOfServers.NewSecret();
        await using RemotingNode one = await RemotingNode.StartAsync(options => options.Secret = secret);
        await using RemotingNode other = await RemotingNode.StartAsync(options => options.Secret = secret);
        var come = new StrongBox<int>();
        other.System.ActorOf(Props.Create(() => new Sink(come)), "sink");
        await one.ReachAsync(other);
        IActorRef sink = await one.System.ActorSelection($"akka.actors443://{other.Address}/user/sink").ResolveOne(TimeSpan.FromSeconds(30));
        // The real ones, by which Akka knows that a node is there.
        IActorRef watcher = await one.System.ActorSelection($"akka.actors443://{other.Address}/system/remote-watcher").ResolveOne(TimeSpan.FromSeconds(30));
        byte[] bulk = new byte[100_000];

        long since = Stopwatch.GetTimestamp();
        for (int number = 0; number < messages; number++)
            sink.Tell(bulk);
        var beats = new List<TimeSpan>();
        while (Volatile.Read(ref come.Value) < messages)
        {
            long beat = Stopwatch.GetTimestamp();
            await watcher.Ask<RemoteWatcher.HeartbeatRsp>(RemoteWatcher.Heartbeat.Instance, TimeSpan.FromSeconds(60));
            beats.Add(Stopwatch.GetElapsedTime(beat));
        }

        TimeSpan all = Stopwatch.GetElapsedTime(since);
        beats.Sort();
        // One may find Akka's writer at work on what was told to it before, for as long as a busy machine takes; behind it all would be every one.
        TimeSpan median = beats[(beats.Count - 1) / 2];
        output.WriteLine($"{messages} messages of {bulk.Length} bytes in {all.TotalMilliseconds:0} ms; meanwhile {beats.Count} heartbeats, after {median.TotalMilliseconds:0} ms, {beats[^1].TotalMilliseconds:0} ms at most");
        Assert.True(median < all / 4, $"{beats.Count} heartbeats took {median}, {beats[^1]} at most, of {all}");
    }

    [Fact]
    public async Task A_server_that_lets_nobody_in_any_more_lets_nodes_in()
    {
        string secret = ClusterOfServers.NewSecret();
        await using RemotingNode full = await RemotingNode.StartAsync(options => options.Secret = secret, server: server => server.Set("admission.maximum-connections", "1"));
        await using RemotingNode other = await RemotingNode.StartAsync(options => options.Secret = secret);
        await using TlsClient client = await TlsClient.ConnectAsync(full.Address.Port, "localhost");

        await other.ReachAsync(full);
        Assert.True(await RefusesAsync(full));
        Assert.True(await RefusesAsync(full));
    }

    private static async Task<bool> RefusesAsync(RemotingNode node)
    {
        try
        {
            await using TlsClient client = await TlsClient.ConnectAsync(node.Address.Port, "localhost");
            return false;
        }
        catch (Exception cause) when (cause is IOException or AuthenticationException or SocketException)
        {
            return true;
        }
    }

    private sealed class Sink : ReceiveActor
    {
        public Sink(StrongBox<int> come) => Receive<byte[]>(_ => Interlocked.Increment(ref come.Value));
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => ReceiveAny(message => Sender.Tell(message));
    }
}
