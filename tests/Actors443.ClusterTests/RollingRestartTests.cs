using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Actors443.Server.Admin;
using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>All nodes are restarted, one after the other, behind a load balancer and under load.</summary>
public sealed class RollingRestartTests
{
    [SkippableFact]
    public async Task No_request_fails_while_all_nodes_are_restarted()
    {
        Skip.If(TestProgram.Find("haproxy") is null, "haproxy is not installed");
        using var folder = new TemporaryFolder();
        // As long as the balancer takes to notice.
        await using ClusterOfServers cluster = await ClusterOfServers.StartAsync(3, null, "drain.readiness-delay=2s", "drain.deadline=10s");
        int port = FreePort.Next();
        string servers = string.Concat(cluster.Nodes.Select((node, index) => string.Create(
            CultureInfo.InvariantCulture, $"  server n{index} 127.0.0.1:{node.Process.HttpsPort} check port {node.Process.AdminPort} inter 200 fall 1 rise 1\n")));
        await using TestProgram balancer = TestProgram.Start("haproxy", ["-db", "-f", folder.Write("haproxy.cfg", $"""
            defaults
              mode tcp
              timeout connect 5s
              timeout client 60s
              timeout server 60s
              timeout check 5s
            listen front
              bind 127.0.0.1:{port}
              balance roundrobin
              option redispatch
              retries 3
              option httpchk GET /readyz
            {servers}
            """)]);
        await Eventually.HoldsAsync(() => IsListeningAsync(port), "the balancer listens");
        using var stop = new CancellationTokenSource();
        Task<int>[] clients = [.. Enumerable.Range(0, 8).Select(number => RequestAsync(port, number % 2 == 0 ? HttpVersion.Version11 : HttpVersion.Version20, stop.Token))];

        foreach (ClusterServer node in cluster.Nodes.ToArray())
        {
            node.Process.Signal(ServerProcess.Terminate);
            Assert.Equal(0, await node.Process.ExitAsync());
            ClusterServer again = await cluster.RestartAsync(node);
            // Nobody is waited for any more: the one that left is gone, and the one that came in its place is up.
            using AdminClient admin = again.Admin();
            await Eventually.HoldsAsync(
                async () => (await admin.ListNodesAsync(CancellationToken.None)) is { Length: 3 } nodes && Array.TrueForAll(nodes, each => each is { Status: "up", IsReachable: true }), "three nodes are up", TimeSpan.FromSeconds(30));
        }

        await stop.CancelAsync();
        // A failed request would have thrown.
        int[] answered = await Task.WhenAll(clients);
        Assert.All(answered, count => Assert.True(count > 100, $"{count} requests"));
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
        using var client = new HttpClient(handler) { BaseAddress = new Uri($"https://127.0.0.1:{port}/"), DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
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
