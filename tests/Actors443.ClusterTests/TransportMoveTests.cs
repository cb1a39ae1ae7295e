using System.Net;
using Actors443.Server.Admin;
using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>A cluster that is moved from DotNetty to the https port as docs/remoting.md says: three rounds of restarts, one node at a time. Minutes, and so only with <c>ACTORS443_TEST_FAULTS=1</c>.</summary>
public sealed class TransportMoveTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static string? Missing { get; } = Environment.GetEnvironmentVariable("ACTORS443_TEST_FAULTS") is { Length: > 0 } ? null : "takes minutes: with ACTORS443_TEST_FAULTS=1 alone";

    [SkippableFact]
    public async Task Three_rounds_of_restarts_move_it_and_no_node_is_missed()
    {
        Skip.If(Missing is not null, Missing);
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates();
        Node[] nodes = [.. Enumerable.Range(0, 3).Select(_ => new Node(FreePort.Next(), FreePort.Next()))];
        string[] all =
        [
            "cluster.enabled=on", $"cluster.secret=\"file:{folder.Write("cluster.secret", ClusterOfServers.NewSecret())}\"", "cluster.heartbeat-pause=10s",
            $"certificates.files=[\"{authority.Issue("localhost").WriteSingle(folder, "localhost.pem").Chain}\"]",
        ];
        string former = string.Join(", ", nodes.Take(2).Select(node => $"\"127.0.0.1:{node.Bind}\""));
        string own = string.Join(", ", nodes.Take(2).Select(node => $"\"127.0.0.1:{node.Https}\""));
        string both = $"{own}, {string.Join(", ", nodes.Select(node => $"\"dot-netty://127.0.0.1:{node.Bind}\""))}";
        try
        {
            await Task.WhenAll(nodes.Select(node => StartAsync(node, all, "[dot-netty]", former)));
            await AwaitAllAsync(nodes, node => node.Bind);
            foreach ((string transports, string seeds) in ((string, string)[])[("[dot-netty, https]", former), ("[https, dot-netty]", both), ("[https]", own)])
            {
                foreach (Node node in nodes)
                {
                    node.Process!.Signal(ServerProcess.Terminate);
                    Assert.Equal(0, await node.Process.ExitAsync());
                    await node.Process.DisposeAsync();
                    await StartAsync(node, all, transports, seeds);
                    await AwaitAllAsync(nodes, null);
                }
            }

            await AwaitAllAsync(nodes, node => node.Https);
            Assert.All(nodes, node => Assert.DoesNotContain("cannot be reached", node.Process!.Errors, StringComparison.Ordinal));
        }
        finally
        {
            foreach (Node node in nodes.Where(node => node.Process is not null))
                await node.Process!.DisposeAsync();
        }
    }

    private static async Task StartAsync(Node node, string[] all, string transports, string seeds) => node.Process = await ServerProcess.StartAsync(
        null,
        [.. all, $"https.bind=\"127.0.0.1:{node.Https}\"", .. transports == "[https]" ? (string[])[] : [$"cluster.bind=\"127.0.0.1:{node.Bind}\""], $"cluster.transports={transports}", $"cluster.seed-nodes=[{seeds}]"]);

    private static async Task AwaitAllAsync(Node[] nodes, Func<Node, int>? port)
    {
        foreach (Node node in nodes)
        {
            await Eventually.HoldsAsync(
                async () =>
                {
                    using AdminClient admin = AdminClient.At(new IPEndPoint(IPAddress.Loopback, node.Process!.AdminPort), Path.Combine(node.Process.StateDirectory, "admin-token"));
                    ClusterNodeReport[] known = await admin.ListNodesAsync(CancellationToken.None);
                    return known.Length == nodes.Length && Array.TrueForAll(known, each => each is { Status: "up", IsReachable: true })
                        && (port is null || nodes.All(other => known.Any(each => each.Name == $"127.0.0.1:{port(other)}")));
                },
                $"all are up: {node.Process!.Errors}",
                Patience);
        }
    }

    private sealed class Node(int https, int bind)
    {
        public int Https => https;

        public int Bind => bind;

        public ServerProcess? Process { get; set; }
    }
}
