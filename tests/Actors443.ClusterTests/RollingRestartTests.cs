using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using Actors443.Server.Admin;
using Actors443.Testing;
using Xunit.Abstractions;

namespace Actors443.ClusterTests;

/// <summary>All nodes are restarted, one after the other, behind a load balancer and under load: with few WebSockets, or with as many as <c>ACTORS443_TEST_WEBSOCKETS</c> says.</summary>
public sealed class RollingRestartTests(ITestOutputHelper output)
{
    private static readonly TimeSpan BackWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan RoundAtMost = TimeSpan.FromSeconds(20);

    private static int WebSockets { get; } = int.TryParse(Environment.GetEnvironmentVariable("ACTORS443_TEST_WEBSOCKETS"), CultureInfo.InvariantCulture, out int count) ? count : 30;

    [SkippableFact]
    public async Task No_request_fails_and_every_web_socket_is_back_while_all_nodes_are_restarted()
    {
        // A minute and a half.
        Skip.IfNot(Environment.GetEnvironmentVariable("ACTORS443_TEST_EVERY_STEP") == "1", "set ACTORS443_TEST_EVERY_STEP=1 to run it");
        Skip.If(TestProgram.Find("haproxy") is null, "haproxy is not installed");
        using var folder = new TemporaryFolder();
        await using Upstream upstream = await Upstream.StartAsync(async context =>
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
            await socket.ReceiveAsync(new byte[16], context.RequestAborted);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        });
        // As long as the balancer takes to notice.
        await using ClusterOfServers cluster = await ClusterOfServers.StartAsync(
            3,
            $$"""
            actors443.sites.localhost.routes = [
              { path = "/socket", proxy = "{{upstream.Address}}" }
              { path = "/*", respond = "hello" }
            ]
            """,
            // The load takes the whole machine.
            "cluster.heartbeat-pause=20s",
            "drain.readiness-delay=2s",
            "drain.deadline=15s");
        int port = FreePort.Next();
        await using TestProgram balancer = TestProgram.Start("haproxy", ["-db", "-f", folder.Write("haproxy.cfg", Balancer(cluster, port))]);
        await Eventually.HoldsAsync(() => IsListeningAsync(port), "the balancer listens");
        await using var sockets = new WebSocketClients(new Uri($"wss://localhost:{port}/socket"));
        sockets.Start(WebSockets);
        await Eventually.HoldsAsync(() => sockets.Open == WebSockets, "all WebSockets are open", Patience);
        using var stop = new CancellationTokenSource();
        Task<int>[] clients = [.. Enumerable.Range(0, 4).Select(number => RequestAsync(port, number % 2 == 0 ? HttpVersion.Version11 : HttpVersion.Version20, stop.Token))];
        await using TestProgram? wrk = TestProgram.Find("wrk") is null
            ? null
            : TestProgram.Start("wrk", ["-t1", "-c4", "-d10m", "-H", "Host: localhost", $"https://localhost:{port}/"]);

        Task<string[]> h2load = TestProgram.Find("h2load") is null ? Task.FromResult<string[]>([]) : LoadAsync(port, stop.Token);

        foreach (ClusterServer node in cluster.Nodes.ToArray())
        {
            node.Process.Signal(ServerProcess.Terminate);
            Assert.Equal(0, await node.Process.ExitAsync());
            Assert.DoesNotContain("The drain ended by its deadline", node.Process.Errors, StringComparison.Ordinal);
            ClusterServer again = await cluster.RestartAsync(node);
            // Nobody is waited for any more: the one that left is gone, and the one that came in its place is up.
            using AdminClient admin = again.Admin();
            await Eventually.HoldsAsync(
                async () => (await admin.ListNodesAsync(CancellationToken.None)) is { Length: 3 } nodes && Array.TrueForAll(nodes, each => each is { Status: "up", IsReachable: true }), "three nodes are up", Patience);
            await Eventually.HoldsAsync(() => sockets.Open == WebSockets, "all WebSockets are open again", Patience);
        }

        await stop.CancelAsync();
        // A failed request would have thrown.
        int[] answered = await Task.WhenAll(clients);
        Assert.All(answered, count => Assert.True(count > 100, $"{count} requests"));
        output.WriteLine($"{answered.Sum()} requests of clients that honour GOAWAY and Connection: close");
        Assert.True(sockets.Returns.Count >= WebSockets, $"{sockets.Returns.Count} WebSockets came back");
        output.WriteLine($"{sockets.Returns.Count} times a WebSocket came back, after {sockets.Returns.Max(back => back.BackAfter).TotalMilliseconds:0} ms at most");
        Assert.All(sockets.Returns, back => Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, back.Status));
        Assert.All(sockets.Returns, back => Assert.True(back.BackAfter < BackWithin, $"back after {back.BackAfter}"));
        if (wrk is not null)
            await AssertNoErrorAsync(wrk);
        string[] rounds = await h2load;
        output.WriteLine(string.Join(Environment.NewLine, rounds));
        Assert.True(rounds.Length > 0 || TestProgram.Find("h2load") is null, "no round of h2load came to its end");
        Assert.All(rounds, round => Assert.Contains(" 0 failed, 0 errored, 0 timeout", round, StringComparison.Ordinal));
    }

    // Round after round, for it reports only at its own end. By HTTP/1.1: what GOAWAY tells it to send again, and all that comes after, it counts as failed.
    // One whose connection is closed as its time is up can go on for ever on a new one: then it is stopped, and says nothing.
    private async Task<string[]> LoadAsync(int port, CancellationToken stop)
    {
        List<string> rounds = [];
        while (!stop.IsCancellationRequested)
        {
            await using TestProgram round = TestProgram.Start("h2load", ["--h1", "-t1", "-c2", "-D5", $"https://localhost:{port}/"]);
            using var patience = new CancellationTokenSource(RoundAtMost);
            try
            {
                await round.EndAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                output.WriteLine($"h2load went on after {RoundAtMost.TotalSeconds} s");
                continue;
            }

            rounds.Add(round.Output.Split('\n').FirstOrDefault(line => line.StartsWith("requests:", StringComparison.Ordinal)) ?? round.Output);
        }

        return [.. rounds];
    }

    private static string Balancer(ClusterOfServers cluster, int port)
    {
        string servers = string.Concat(cluster.Nodes.Select((node, index) => string.Create(
            CultureInfo.InvariantCulture, $"  server n{index} 127.0.0.1:{node.Process.HttpsPort} check port {node.Process.AdminPort} inter 200 fall 1 rise 1\n")));
        return $"""
            global
              maxconn 9000
            defaults
              mode tcp
              timeout connect 5s
              timeout client 10m
              timeout server 10m
              timeout check 5s
            listen front
              bind 127.0.0.1:{port}
              balance roundrobin
              option redispatch
              retries 3
              option httpchk GET /readyz
            {servers}
            """;
    }

    // It reports when it is interrupted, and names errors only if there are some.
    private async Task AssertNoErrorAsync(TestProgram wrk)
    {
        wrk.Interrupt();
        await wrk.EndAsync();
        output.WriteLine(wrk.Output);
        Assert.Contains("requests in", wrk.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Socket errors", wrk.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Non-2xx", wrk.Output, StringComparison.Ordinal);
    }

    private static async Task<bool> IsListeningAsync(int port)
    {
        using var probe = new TcpClient();
        try
        {
            await probe.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // As clients do that honour Connection: close and GOAWAY, with a request after the other.
    private static async Task<int> RequestAsync(int port, Version version, CancellationToken stop)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = new() { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null } };
        using var client = new HttpClient(handler) { BaseAddress = new Uri($"https://localhost:{port}/"), DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        int count = 0;
        while (!stop.IsCancellationRequested)
        {
            using HttpResponseMessage answer = await client.GetAsync("/", CancellationToken.None);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await answer.Content.ReadAsByteArrayAsync(CancellationToken.None);
            count++;
        }

        return count;
    }
}
