using System.Diagnostics;
using Actors443.Server.Admin;
using Actors443.Testing;
using Xunit.Abstractions;

namespace Actors443.ClusterTests;

/// <summary>How a node that leaves lets its connections go, with a second node that can take them.</summary>
public sealed class PacedDrainTests(ITestOutputHelper output)
{
    private const int OfEach = 60;
    private const int ShareOfEach = 21;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Connections_go_in_steps_and_no_tenant_has_more_than_its_share_of_one()
    {
        await using ClusterOfServers cluster = await ClusterOfServers.StartAsync(2, """actors443.sites { "*" { respond = "hello" } }""", "drain.tenant-share=35%", "drain.deadline=20s");
        ClusterServer leaving = cluster[0];
        await AwaitTwoAsync(cluster);
        string[] tenants = ["one.localhost", "two.localhost"];
        List<(string Tenant, TlsClient Client)> clients = [];
        try
        {
            foreach (string tenant in tenants)
            {
                for (int number = 0; number < OfEach; number++)
                    clients.Add((tenant, await TlsClient.ConnectAsync(leaving.Process.HttpsPort, tenant)));
            }

            using AdminClient admin = leaving.Admin();
            long start = Stopwatch.GetTimestamp();
            leaving.Process.Signal(ServerProcess.Terminate);
            Task<(string Tenant, TimeSpan After)>[] ends = [.. clients.Select(async client =>
            {
                Assert.True(await client.Client.EndsAsync());
                return (client.Tenant, Stopwatch.GetElapsedTime(start));
            })];
            ServerStatus? seen = null;
            await Eventually.HoldsAsync(async () => (seen = await admin.StatusAsync(CancellationToken.None)).Drain is { Held: > 0, LetGo: > 0 }, "it tells of its drain", Patience);
            Assert.Equal("tenant-share", seen!.Drain!.WaitsFor);
            // The other is told, too.
            using AdminClient other = cluster[1].Admin();
            ClusterNodeReport told = (await other.ListNodesAsync(CancellationToken.None)).First(node => node.Name == leaving.Name);
            Assert.Equal("draining", told.Node!.Phase);
            Assert.NotNull(told.Node.Drain);

            (string Tenant, TimeSpan After)[] ended = await Task.WhenAll(ends);
            Assert.Equal(0, await leaving.Process.ExitAsync());
            foreach (string tenant in tenants)
            {
                TimeSpan[] after = [.. ended.Where(end => end.Tenant == tenant).Select(end => end.After).Order()];
                output.WriteLine($"{tenant}: {string.Join(", ", after.Chunk(ShareOfEach).Select(step => $"{step.Length} from {step[0].TotalSeconds:0.00} to {step[^1].TotalSeconds:0.00} s"))}");
                // An end may be late, and never before its step.
                for (int number = 0; number < after.Length; number++)
                    Assert.True(after[number] >= number / ShareOfEach * TimeSpan.FromSeconds(1), $"connection {number} of {tenant} has ended after {after[number]}");
            }

            Assert.Contains($"All {2 * OfEach} connections were told to end", leaving.Process.Errors, StringComparison.Ordinal);
            Assert.Contains("All connections are drained", leaving.Process.Errors, StringComparison.Ordinal);
        }
        finally
        {
            foreach ((_, TlsClient client) in clients)
                await client.DisposeAsync();
        }
    }

    private static async Task AwaitTwoAsync(ClusterOfServers cluster)
    {
        foreach (ClusterServer node in cluster.Nodes)
        {
            using AdminClient admin = node.Admin();
            await Eventually.HoldsAsync(async () => (await admin.ListNodesAsync(CancellationToken.None)).Count(each => each is { Status: "up", Node.Ready: true }) == 2, "both know each other", Patience);
        }
    }
}
