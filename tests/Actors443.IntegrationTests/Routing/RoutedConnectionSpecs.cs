using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.IntegrationTests.Engine;
using Actors443.IntegrationTests.Tunnels;
using Actors443.Routing;
using Actors443.Testing;
using Actors443.Tunnels.Egress;

namespace Actors443.IntegrationTests.Routing;

public sealed class PortableRoutedConnectionSpecs() : RoutedConnectionSpecs(EngineKind.Portable);

public sealed class EventLoopRoutedConnectionSpecs() : RoutedConnectionSpecs(EngineKind.EventLoop);

/// <summary>The life of a connection that is led to an upstream: its ends, its limits, its upstreams.</summary>
public abstract class RoutedConnectionSpecs(EngineKind kind)
{
    private const string Start = "SSH-";

    [Fact]
    public async Task An_end_goes_through_as_an_end_of_that_direction_alone()
    {
        var heard = new TaskCompletionSource<byte[]>();
        await using TargetServer listens = TargetServer.Start(async stream =>
        {
            byte[] all = await RoutingHost.ReadToEndAsync(stream);
            await stream.WriteAsync(all);
        });
        await using TargetServer speaks = TargetServer.Start(async stream =>
        {
            await RoutingHost.ReadAsync(stream, 4);
            await stream.WriteAsync("all I say"u8.ToArray());
            stream.Socket.Shutdown(SocketShutdown.Send);
            heard.SetResult(await RoutingHost.ReadToEndAsync(stream));
        });
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByFirstBytes(listens.Port, "SSH-"), RoutingHost.ByFirstBytes(speaks.Port, "SIP ")]);

        using (TcpClient client = await RoutingHost.ConnectAsync(host))
        {
            NetworkStream stream = client.GetStream();
            await stream.WriteAsync("SSH-first, then the end"u8.ToArray());
            client.Client.Shutdown(SocketShutdown.Send);
            Assert.Equal("SSH-first, then the end"u8.ToArray(), await RoutingHost.ReadToEndAsync(stream));
        }

        using (TcpClient client = await RoutingHost.ConnectAsync(host))
        {
            await client.GetStream().WriteAsync("SIP "u8.ToArray());
            Assert.Equal("all I say"u8.ToArray(), await RoutingHost.ReadToEndAsync(client.GetStream()));
            byte[] late = RandomNumberGenerator.GetBytes(1_000_000);
            await client.GetStream().WriteAsync(late);
            client.Client.Shutdown(SocketShutdown.Send);
            Assert.Equal(late, await heard.Task);
        }

        await host.EndAsync();
    }

    [Fact]
    public async Task A_reset_goes_through_as_a_reset_either_way()
    {
        var cut = new TaskCompletionSource<bool>();
        await using TargetServer resets = TargetServer.Start(async stream =>
        {
            await RoutingHost.ReadAsync(stream, 4);
            stream.Socket.Close(0);
        });
        await using TargetServer waits = TargetServer.Start(async stream =>
        {
            await RoutingHost.ReadAsync(stream, 4);
            await stream.WriteAsync("here"u8.ToArray());
            cut.SetResult(await RoutingHost.IsResetAsync(stream));
        });
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByFirstBytes(resets.Port, "SSH-"), RoutingHost.ByFirstBytes(waits.Port, "SIP ")]);

        using (TcpClient client = await RoutingHost.ConnectAsync(host))
        {
            await client.GetStream().WriteAsync("SSH-"u8.ToArray());
            Assert.True(await RoutingHost.IsResetAsync(client.GetStream()));
        }

        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.UpstreamReset);
        using (TcpClient client = await RoutingHost.ConnectAsync(host))
        {
            await client.GetStream().WriteAsync("SIP "u8.ToArray());
            await RoutingHost.ReadAsync(client.GetStream(), 4);
            client.Client.Close(0);
        }

        Assert.True(await cut.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.ClientReset && obituary.Last.Upstream is not null);
        await host.EndAsync();
    }

    [Fact]
    public async Task What_one_side_does_not_take_is_not_read_from_the_other_and_nothing_is_lost()
    {
        const int length = 48 * 1024 * 1024;
        var mayRead = new TaskCompletionSource();
        await using TargetServer upstream = TargetServer.Start(async stream =>
        {
            await mayRead.Task;
            Task back = NoiseStream.WriteAsync(stream, length, CancellationToken.None);
            byte[] hash = await SHA256.HashDataAsync(stream);
            await back;
            await stream.WriteAsync(hash);
        });
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByFirstBytes(upstream.Port, Start)]);
        using TcpClient client = await RoutingHost.ConnectAsync(host);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("SSH-"u8.ToArray());
        Task sending = SendAsync();

        // Until it is seen to stand still.
        long before = -1;
        await Eventually.HoldsAsync(
            async () =>
            {
                long now = (await host.ConnectionsAsync()).Sum(connection => connection.BytesRead);
                bool still = now > 4 && now == before;
                before = now;
                return still;
            },
            "the server reads no more",
            TimeSpan.FromSeconds(60));
        Assert.False(sending.IsCompleted);
        Assert.InRange(before, 4, length / 2);
        mayRead.SetResult();
        using var noise = new NoiseStream(length);
        byte[] expected = await SHA256.HashDataAsync(noise);
        byte[] got = new byte[length];
        await stream.ReadExactlyAsync(got);
        await sending;
        Assert.Equal(expected, SHA256.HashData(got));
        using var sent = new NoiseStream(length);
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        all.AppendData("SSH-"u8);
        byte[] part = new byte[100_000];
        for (int count; (count = sent.Read(part)) > 0;)
            all.AppendData(part, 0, count);
        Assert.Equal(all.GetHashAndReset(), await RoutingHost.ReadToEndAsync(stream));
        Route route = host.Environment.Router.Table!.Routes[0];
        await Eventually.HoldsAsync(() => (route.Usage.BytesUp, route.Usage.BytesDown) == (length + 4L, length + 32L), "all bytes are counted");
        client.Dispose();
        await host.EndAsync();
        Assert.Equal(0, route.Usage.Open);

        async Task SendAsync()
        {
            await NoiseStream.WriteAsync(stream, length, CancellationToken.None);
            client.Client.Shutdown(SocketShutdown.Send);
        }
    }

    [Fact]
    public async Task It_is_shown_with_its_route_and_upstream_and_can_be_drained_and_closed()
    {
        await using TargetServer upstream = TargetServer.Echo();
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByFirstBytes(upstream.Port, Start) with { Name = "shell" }]);
        using TcpClient client = await RoutingHost.ConnectAsync(host);
        await client.GetStream().WriteAsync("SSH-"u8.ToArray());
        await RoutingHost.ReadAsync(client.GetStream(), 4);

        ConnectionSnapshot shown = Assert.Single(await host.ConnectionsAsync());
        Assert.Equal((ConnectionState.Routed, "shell", upstream.Authority, 4L, 4L), (shown.State, shown.Route, shown.Upstream, shown.BytesRead, shown.BytesWritten));
        host.Tell(shown.Id, new Drain(TimeSpan.FromMinutes(5)));
        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Single().State == ConnectionState.Draining, "it drains");
        // It is not cut in what it is at.
        await client.GetStream().WriteAsync("more"u8.ToArray());
        Assert.Equal("more"u8.ToArray(), await RoutingHost.ReadAsync(client.GetStream(), 4));
        host.Tell(shown.Id, new Drain(TimeSpan.FromMilliseconds(100)));
        Assert.True(await RoutingHost.IsResetAsync(client.GetStream()));
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.DrainTimeout);
        await host.EndAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Idle_and_age_end_it_in_order_on_both_sides(bool byIdle)
    {
        var heard = new TaskCompletionSource<byte[]>();
        await using TargetServer upstream = TargetServer.Start(async stream => heard.SetResult(await RoutingHost.ReadToEndAsync(stream)));
        TimeSpan soon = TimeSpan.FromMilliseconds(400);
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByFirstBytes(upstream.Port, Start) with { Idle = byIdle ? soon : null, Age = byIdle ? null : soon }]);
        using TcpClient client = await RoutingHost.ConnectAsync(host);
        await client.GetStream().WriteAsync("SSH-"u8.ToArray());

        Assert.Empty(await RoutingHost.ReadToEndAsync(client.GetStream()));
        Assert.Equal("SSH-"u8.ToArray(), await heard.Task.WaitAsync(TimeSpan.FromSeconds(60)));
        client.Dispose();
        await host.EndAsync();
    }

    [Fact]
    public async Task An_upstream_that_refuses_is_named_in_the_obituary_and_TLS_clients_get_an_alert()
    {
        int nobody = FreePort.Next();
        EngineHost host = await RoutingHost.StartAsync(kind, [RoutingHost.ByFirstBytes(nobody, Start), RoutingHost.ByName(nobody, "git.test")]);

        using (TcpClient client = await RoutingHost.ConnectAsync(host))
        {
            await client.GetStream().WriteAsync("SSH-"u8.ToArray());
            Assert.True(await RoutingHost.IsResetAsync(client.GetStream()));
        }

        // internal_error
        Assert.Equal(80, await new RawClientHello { ServerName = "git.test" }.SendAsync(host.Port));
        foreach (string route in (string[])[Start, "git.test"])
            await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.UpstreamRefused && obituary.Detail == $"127.0.0.1:{nobody}" && obituary.Last.Route == route);
        await host.EndAsync();
    }

    [Fact]
    public async Task A_name_is_looked_up_at_each_connection_and_for_no_longer_than_connecting_may_take()
    {
        await using TargetServer upstream = TargetServer.Start(async stream => await stream.WriteAsync("here"u8.ToArray()));
        var resolver = new ScriptedResolver();
        EngineHost host = await RoutingHost.StartAsync(
            kind,
            [RoutingHost.ByFirstBytes(0, Start) with { To = [new UpstreamAddress("shell.internal", upstream.Port)], ConnectTimeout = TimeSpan.FromMilliseconds(500), FailurePause = TimeSpan.Zero }],
            resolver: resolver);

        foreach ((string answer, CloseReason reason) in ((string, CloseReason)[])[("none", CloseReason.UpstreamUnreachable), ("never", CloseReason.UpstreamTimeout)])
        {
            resolver.Answer = answer;
            using TcpClient client = await RoutingHost.ConnectAsync(host);
            await client.GetStream().WriteAsync("SSH-"u8.ToArray());
            Assert.True(await RoutingHost.IsResetAsync(client.GetStream()));
            await host.AwaitObituaryAsync(obituary => obituary.Reason == reason && obituary.Detail!.Contains("shell.internal", StringComparison.Ordinal));
        }

        resolver.Answer = "127.0.0.1";
        using (TcpClient client = await RoutingHost.ConnectAsync(host))
        {
            await client.GetStream().WriteAsync("SSH-"u8.ToArray());
            Assert.Equal("here"u8.ToArray(), await RoutingHost.ReadAsync(client.GetStream(), 4));
        }

        await host.EndAsync();
    }

    [Fact]
    public async Task Upstreams_take_turns_and_one_that_refuses_is_passed_over_for_a_while()
    {
        await using TargetServer one = TargetServer.Start(async stream => await stream.WriteAsync("1"u8.ToArray()));
        await using TargetServer two = TargetServer.Start(async stream => await stream.WriteAsync("2"u8.ToArray()));
        int nobody = FreePort.Next();
        using var log = new LinesOfLog();
        EngineHost host = await RoutingHost.StartAsync(
            kind,
            [RoutingHost.ByFirstBytes(0, Start) with { To = [RoutingHost.At(one.Port), RoutingHost.At(nobody), RoutingHost.At(two.Port)], FailurePause = TimeSpan.FromMinutes(10) }],
            log: log);

        var answers = new List<string>();
        for (int turn = 0; turn < 9; turn++)
        {
            using TcpClient client = await RoutingHost.ConnectAsync(host);
            await client.GetStream().WriteAsync("SSH-"u8.ToArray());
            answers.Add(System.Text.Encoding.ASCII.GetString(await RoutingHost.ReadAsync(client.GetStream(), 1)));
        }

        Assert.Equal(["1", "2", "2", "1", "2", "2", "1", "2", "2"], answers);
        Assert.Equal([RoutingHost.At(nobody)], host.Environment.Router.Table!.Routes[0].Upstreams.Paused);
        Assert.Single(log.Lines, line => line.Contains($"127.0.0.1:{nobody} of the route {Start} cannot be connected to (upstream_refused)", StringComparison.Ordinal));
        await host.EndAsync();
    }

    [Fact]
    public async Task The_rates_of_a_client_count_what_is_led_elsewhere()
    {
        await using TargetServer upstream = TargetServer.Echo();
        EngineHost host = await RoutingHost.StartAsync(
            kind,
            [RoutingHost.ByFirstBytes(upstream.Port, Start)],
            settings => settings with { Admission = settings.Admission with { PerClient = new ClientLimitSettings { Exempt = [], NewHandshakesPerSecond = 0.1, RateInterval = TimeSpan.FromSeconds(20), Ban = TimeSpan.FromMinutes(5) } } });

        for (int turn = 0; turn < 2; turn++)
        {
            using TcpClient client = await RoutingHost.ConnectAsync(host);
            await client.GetStream().WriteAsync("SSH-"u8.ToArray());
            await RoutingHost.ReadAsync(client.GetStream(), 4);
        }

        using (TcpClient client = await RoutingHost.ConnectAsync(host))
        {
            await client.GetStream().WriteAsync("SSH-"u8.ToArray());
            Assert.Empty(await RoutingHost.ReadToEndAsync(client.GetStream()));
        }

        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.ClientHandshakeRate);
        Assert.Equal(2, upstream.Accepted);
        await host.EndAsync();
    }

    private sealed class ScriptedResolver : ITargetResolver
    {
        public string Answer { get; set; } = "none";

        public async Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken)
        {
            if (Answer == "none")
                throw new SocketException((int)SocketError.HostNotFound);
            if (Answer == "never")
                await new TaskCompletionSource().Task.WaitAsync(cancellationToken);
            return [IPAddress.Parse(Answer)];
        }
    }
}
