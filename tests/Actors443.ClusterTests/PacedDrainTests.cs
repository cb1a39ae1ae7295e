using System.Diagnostics;
using Actors443.Connections.Directory;
using Actors443.Server.Admin;
using Actors443.Testing;
using Xunit.Abstractions;

namespace Actors443.ClusterTests;

/// <summary>How a node that leaves lets its connections go, with a second node that can take them.</summary>
public sealed class PacedDrainTests(ITestOutputHelper output)
{
    private const int OfEach = 128;
    private const int ShareOfEach = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Connections_go_in_steps_and_no_tenant_has_more_than_its_share_of_one()
    {
        await using ClusterOfServers cluster = await ClusterOfServers.StartAsync(2, """actors443.sites { "*" { respond = "hello" } }""", "drain.tenant-share=12%", "drain.deadline=60s");
        ClusterServer leaving = cluster[0];
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
            using AdminClient other = cluster[1].Admin();
            var opened = new ConnectionQuery { Where = ConnectionFilter.Parse($"node = {leaving.Name} and sni = *.localhost and state = open") };
            await Eventually.HoldsAsync(async () => (await admin.ListConnectionsAsync(opened, CancellationToken.None)).Matched == clients.Count, "all handshakes are done", Patience);
            long start = Stopwatch.GetTimestamp();
            leaving.Process.Signal(ServerProcess.Terminate);
            Task<(string Tenant, TimeSpan After)>[] ends = [.. clients.Select(async client =>
            {
                Assert.True(await client.Client.EndsAsync(Patience));
                return (client.Tenant, Stopwatch.GetElapsedTime(start));
            })];
            // In a step that the other's answer came too late for it is the other's credit that is waited for.
            Task told = Eventually.HoldsAsync(async () => (await admin.StatusAsync(CancellationToken.None)).Drain is { Held: > 0, LetGo: > 0, WaitsFor: "tenant-share" }, "it tells of its drain", Patience);
            Task otherIsTold = Eventually.HoldsAsync(
                async () => (await other.ListNodesAsync(CancellationToken.None)).First(node => node.Name == leaving.Name).Node is { Phase: "draining", Drain: not null }, "the other is told, too", Patience);
            await Task.WhenAll(told, otherIsTold);

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
}
