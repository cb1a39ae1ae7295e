using System.Security.Cryptography;
using System.Text;
using Actors443.Connections;
using Actors443.Engine.EventLoop;
using Actors443.Testing;
using Actors443.Tunnels;
using Akka.Actor;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>Tunnels by CONNECT over HTTP/1.1.</summary>
public sealed class ConnectTests
{
    public static TheoryData<string> Engines => ["event-loop", "portable"];

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Bytes_go_both_ways_and_the_tunnel_has_an_actor_under_its_connection(string engine)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using TlsClient client = await TunnelServer.ConnectAsync(server, target.Authority);

        byte[] bytes = RandomNumberGenerator.GetBytes(100_000);
        await client.Stream.WriteAsync(bytes);
        byte[] back = new byte[bytes.Length];
        await client.Stream.ReadExactlyAsync(back);

        Assert.Equal(bytes, back);
        TunnelSnapshot tunnel = Assert.Single(await TunnelServer.TunnelsAsync(server));
        Assert.Equal(("alice", target.Authority, target.Authority, client.Local.ToString()), (tunnel.Account, tunnel.Target, tunnel.Address!.ToString(), tunnel.Client.ToString()));
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.All.Single() is { BytesUp: 100_000, BytesDown: 100_000 }, "the bytes are counted");
        ConnectionSnapshot connection = Assert.Single(await server.ConnectionsAsync());
        Assert.Equal((connection.Id, ConnectionState.Upgraded), (tunnel.Connection, connection.State));
        string path = server.Environment.Tunnels.All.Single().Actor.Path.Parent.ToString();
        Assert.Matches("/user/actors443/listeners/https/loop-[0-9]+/", path);
    }

    [Fact]
    public async Task Bytes_go_both_ways_where_applications_run_on_the_thread_pool()
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await RunningServer.StartAsync(TunnelServer.Hocon(), "engine=event-loop", "event-loop.applications=thread-pool");
        await using TlsClient client = await TunnelServer.ConnectAsync(server, target.Authority);

        byte[] bytes = RandomNumberGenerator.GetBytes(5_000_000);
        byte[] back = new byte[bytes.Length];
        Task reading = client.Stream.ReadExactlyAsync(back).AsTask();
        await client.Stream.WriteAsync(bytes);
        await reading.WaitAsync(TimeSpan.FromSeconds(60));
        await client.Stream.ShutdownAsync();

        Assert.Equal(bytes, back);
        Assert.Equal(0, await client.Stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        await Eventually.HoldsAsync(() => server.Environment is { Tunnels.IsEmpty: true, Gate.Connections: 0 }, "all is over");
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task All_that_a_target_said_before_its_end_arrives_and_the_end_is_in_order(string engine)
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(3_000_000);
        await using TargetServer target = TargetServer.Start(async stream => await stream.WriteAsync(bytes));
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using TlsClient client = await TunnelServer.ConnectAsync(server, target.Authority);

        using var received = new MemoryStream();
        await client.Stream.CopyToAsync(received);

        Assert.Equal(bytes, received.ToArray());
        await Eventually.HoldsAsync(() => server.Environment is { Tunnels.IsEmpty: true, Gate.Connections: 0 }, "all is over");
        Assert.Empty(await server.ObituariesAsync());
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_client_that_has_said_all_still_gets_the_answer(string engine)
    {
        await using TargetServer target = TargetServer.Start(async stream =>
        {
            using var all = new MemoryStream();
            await stream.CopyToAsync(all);
            await stream.WriteAsync(SHA256.HashData(all.ToArray()));
        });
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using TlsClient client = await TunnelServer.ConnectAsync(server, target.Authority);

        byte[] bytes = RandomNumberGenerator.GetBytes(1_000_000);
        await client.Stream.WriteAsync(bytes);
        // close_notify, not FIN.
        await client.Stream.ShutdownAsync();
        byte[] hash = new byte[32];
        await client.Stream.ReadExactlyAsync(hash);

        Assert.Equal(SHA256.HashData(bytes), hash);
        Assert.Equal(0, await client.Stream.ReadAsync(hash));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task Bytes_sent_with_the_request_are_part_of_the_tunnel(string engine)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);

        await client.SendAsync(TunnelServer.Request(target.Authority, "Bearer " + TunnelServer.Token) + "early");
        HttpAnswer answer = await client.ReadAnswerAsync();
        byte[] back = new byte[5];
        await client.Stream.ReadExactlyAsync(back);

        Assert.Equal((200, "early"), (answer.Status, Encoding.ASCII.GetString(back)));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_target_that_resets_resets_the_client_and_a_client_that_is_cut_cuts_the_target(string engine)
    {
        var ended = new TaskCompletionSource<int>();
        await using TargetServer resetting = TargetServer.Start(async stream =>
        {
            await stream.ReadExactlyAsync(new byte[1]);
            stream.Socket.Close(0);
        });
        await using TargetServer waiting = TargetServer.Start(async stream =>
        {
            try
            {
                ended.SetResult(await stream.ReadAsync(new byte[1]));
            }
            catch (IOException)
            {
                ended.SetResult(-1);
            }
        });
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using (TlsClient client = await TunnelServer.ConnectAsync(server, resetting.Authority))
        {
            await client.Stream.WriteAsync(new byte[1]);
            await Assert.ThrowsAnyAsync<IOException>(async () => Assert.NotEqual(0, await client.Stream.ReadAsync(new byte[1])));
        }

        TlsClient cut = await TunnelServer.ConnectAsync(server, waiting.Authority);
        cut.Reset();

        Assert.Equal(-1, await ended.Task.WaitAsync(TimeSpan.FromSeconds(20)));
        await cut.DisposeAsync();
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_the_client_does_not_take_is_not_read_from_the_target(string engine)
    {
        long sent = 0;
        await using TargetServer target = TargetServer.Start(async stream =>
        {
            byte[] chunk = new byte[64 * 1024];
            while (true)
            {
                await stream.WriteAsync(chunk);
                Interlocked.Add(ref sent, chunk.Length);
            }
        });
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using TlsClient client = await TunnelServer.ConnectAsync(server, target.Authority);

        long before = -1;
        await Eventually.HoldsAsync(
            () =>
            {
                long now = Interlocked.Read(ref sent);
                bool still = now == before && now > 0;
                before = now;
                return still;
            },
            "the target is held up");

        Assert.InRange(before, 1, 64 << 20);
        // Of 16 KiB: one flush that waits, and one record less than a read.
        if (server.Environment.Engine is EventLoopEngine loops)
            Assert.InRange(loops.Loops.Sum(loop => loop.Pool.Rented), 0, 12);
        byte[] buffer = new byte[1 << 20];
        await client.Stream.ReadExactlyAsync(buffer);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task A_tunnel_can_be_killed(string engine)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using TlsClient client = await TunnelServer.ConnectAsync(server, target.Authority);
        string id = Assert.Single(await TunnelServer.TunnelsAsync(server)).Id;

        Assert.True(await server.Supervisor.Ask<bool>(new KillTunnel(id)));

        Assert.Equal(0, await client.Stream.ReadAsync(new byte[1]));
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is gone");
        Assert.False(await server.Supervisor.Ask<bool>(new KillTunnel(id)));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_idle_and_an_old_tunnel_are_closed_and_a_busy_one_is_not(string engine)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine, account: "limits { idle = 2s }");
        await using TlsClient idle = await TunnelServer.ConnectAsync(server, target.Authority);
        await using TlsClient busy = await TunnelServer.ConnectAsync(server, target.Authority);

        Task<int> end = idle.Stream.ReadAsync(new byte[1]).AsTask();
        byte[] one = new byte[1];
        while (!end.IsCompleted)
        {
            await busy.Stream.WriteAsync(one);
            await busy.Stream.ReadExactlyAsync(one);
        }

        Assert.Equal(0, await end);
        await busy.Stream.WriteAsync(one);
        await busy.Stream.ReadExactlyAsync(one);

        await server.ReloadAsync(TunnelServer.Hocon("limits { age = 1s }"));
        Assert.Equal(0, await busy.Stream.ReadAsync(one).AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_account_has_so_many_tunnels_and_no_more(string engine)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine, account: "limits { tunnels = 2 }");
        await using TlsClient first = await TunnelServer.ConnectAsync(server, target.Authority);
        await using TlsClient second = await TunnelServer.ConnectAsync(server, target.Authority);
        await using TlsClient third = await TlsClient.ConnectAsync(server.HttpsPort);
        await third.SendAsync(TunnelServer.Request(target.Authority, TunnelServer.Basic));

        HttpAnswer refused = await third.ReadAnswerAsync();

        Assert.Equal((429, "actors443; error=connection_limit_reached"), (refused.Status, refused.Headers["Proxy-Status"]));
        await first.DisposeAsync();
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.All.Count() == 1, "one is over");
        await using TlsClient fourth = await TunnelServer.ConnectAsync(server, target.Authority);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_account_gets_the_bytes_a_second_it_may_have(string engine)
    {
        byte[] bytes = new byte[600_000];
        await using TargetServer target = TargetServer.Start(async stream => await stream.WriteAsync(bytes));
        await using RunningServer server = await TunnelServer.StartAsync(engine, account: "limits { rate-down = 200000 }");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        await using TlsClient client = await TunnelServer.ConnectAsync(server, target.Authority);

        await client.Stream.ReadExactlyAsync(bytes);

        // Three seconds' worth, of which the first is a burst.
        Assert.InRange(System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds, 1.5, 20);
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task New_settings_end_what_they_do_not_allow_and_nothing_else(string engine)
    {
        await using TargetServer first = TargetServer.Echo();
        await using TargetServer second = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using TlsClient kept = await TunnelServer.ConnectAsync(server, first.Authority);
        await using TlsClient ended = await TunnelServer.ConnectAsync(server, second.Authority);

        await server.ReloadAsync(TunnelServer.Hocon(allow: $"\"127.0.0.1:{first.Port}\""));

        Assert.Equal(0, await ended.Stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        byte[] one = [7];
        await kept.Stream.WriteAsync(one);
        await kept.Stream.ReadExactlyAsync(one);
        await server.ReloadAsync("actors443.sites { \"*\" { respond = hello } }");
        Assert.Equal(0, await kept.Stream.ReadAsync(one).AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task What_ends_the_connection_ends_its_tunnel(string engine)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using TlsClient client = await TunnelServer.ConnectAsync(server, target.Authority);
        string connection = Assert.Single(await server.ConnectionsAsync()).Id;

        server.Supervisor.Tell(new TellConnection(connection, new Close()), ActorRefs.NoSender);

        Assert.True(await client.EndsAsync(TimeSpan.FromSeconds(20)));
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is gone");
    }

    [Theory]
    [MemberData(nameof(Engines))]
    public async Task An_actor_of_a_tunnel_that_is_stopped_cuts_its_tunnel_alone(string engine)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using TlsClient cut = await TunnelServer.ConnectAsync(server, target.Authority);
        Tunnel tunnel = server.Environment.Tunnels.All.Single();
        await using TlsClient other = await TunnelServer.ConnectAsync(server, target.Authority);

        tunnel.Actor.Tell(Kill.Instance, ActorRefs.NoSender);

        Assert.True(await cut.EndsAsync(TimeSpan.FromSeconds(20)));
        byte[] one = [7];
        await other.Stream.WriteAsync(one);
        await other.Stream.ReadExactlyAsync(one);
    }
}
