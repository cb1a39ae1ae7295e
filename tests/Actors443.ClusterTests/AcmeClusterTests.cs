using System.Security.Cryptography.X509Certificates;
using Actors443.Server.Admin;
using Actors443.Testing;
using Actors443.Testing.Acme;

namespace Actors443.ClusterTests;

/// <summary>Alone: the nodes take turns with the ports they have, and most of the machine.</summary>
[CollectionDefinition(nameof(AcmeClusterTests), DisableParallelization = true)]
public sealed class AcmeClusterCollection;

/// <summary>Nodes of a cluster, each a process of its own, and pebble, which reaches them through a load balancer as it were.</summary>
[Collection(nameof(AcmeClusterTests))]
public sealed class AcmeClusterTests : IDisposable
{
    private const int Stop = 19;
    private const int Continue = 18;

    // Nobody else's: between two lives a node's port may become that of another test.
    private const string Name = "cluster.site.test";
    private const string OnDemandName = "a.demand.test";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task All_nodes_serve_what_one_orders_over_a_join_a_cold_start_and_a_lost_majority()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no signals");
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using AcmeNodes nodes = new(_folder, 3);
        // The node that orders is never the one that is asked.
        await using var front = new TcpRelay(() => nodes.Running.LastOrDefault(node => node != nodes.Ordering)?.HttpsPort ?? 1);
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { TlsPort = front.Port });
        await using CaProxy ca = await CaProxy.StartAsync(pebble.Issuer);
        nodes.Configure(AcmeSites.Hocon(_folder, [ca.Issuer], [Name], "challenges = [tls-alpn-01], on-demand { names = [\"*.demand.test\"] }"));
        bool isDown = true;
        ca.Cuts = _ => Volatile.Read(ref isDown);
        AcmeNodes.Node[] all = [.. nodes.Nodes];

        // Two order and serve; a third joins and serves the same.
        await nodes.StartAsync(all[0], all[1]);
        Volatile.Write(ref isDown, false);
        string serial = (await nodes.AwaitShownAsync(all[0], Name, "Pebble")).SerialNumber;
        Assert.Equal(serial, (await nodes.AwaitShownAsync(all[1], Name, "Pebble")).SerialNumber);
        await nodes.StartAsync(all[2]);
        // From the moment it is ready, and no other before.
        Assert.Equal(serial, (await AcmeNodes.TryShownAsync(all[2], Name))?.SerialNumber);
        AssertOrders(ca, 1);

        // Any node is asked for its story, and any can be told to renew.
        using (AdminClient admin = nodes.AdminOf(all[2]))
        {
            StoryReport story = await admin.ExplainCertificateAsync(Name, CancellationToken.None);
            Assert.Contains(story.Lines, line => line.Text.Contains("is installed as generation 1", StringComparison.Ordinal));
        }

        // A name that no site has is ordered for whoever asks for it, at whatever node.
        AcmeNodes.Node[] asked = [.. all.Where(node => node != nodes.Ordering)];
        string onDemand = (await nodes.AwaitShownAsync(asked[0], OnDemandName, "Pebble")).SerialNumber;
        Assert.Equal(onDemand, (await nodes.AwaitShownAsync(asked[1], OnDemandName, "Pebble")).SerialNumber);
        AssertOrders(ca, 2);

        // All are gone, and the CA with them: every node has it from its disk.
        Volatile.Write(ref isDown, true);
        foreach (AcmeNodes.Node node in all)
            await AcmeNodes.KillAsync(node);
        await nodes.StartAsync(all);
        foreach (AcmeNodes.Node node in all)
        {
            Assert.Equal(serial, (await nodes.AwaitShownAsync(node, Name, "Pebble")).SerialNumber);
            Assert.Equal(onDemand, (await nodes.AwaitShownAsync(node, OnDemandName, "Pebble")).SerialNumber);
        }

        await Eventually.HoldsAsync(async () => await nodes.KeepAsync() && nodes.Ordering is not null, "a node orders", AcmeSites.Patience);
        Volatile.Write(ref isDown, false);
        AssertOrders(ca, 2);

        // Without most nodes nothing is ordered, whatever it is told; it stops, and those who come back are most.
        await nodes.AwaitMembersAsync();
        AcmeNodes.Node ordering = nodes.Ordering!;
        ordering.IsKept = false;
        AcmeNodes.Node[] others = [.. all.Where(node => node != ordering)];
        foreach (AcmeNodes.Node other in others)
            other.Process!.Signal(Stop);
        using (AdminClient admin = nodes.AdminOf(ordering))
            await admin.RenewCertificateAsync(Name, CancellationToken.None);
        await AcmeNodes.AwaitStopAsync(ordering);
        AssertOrders(ca, 2);
        foreach (AcmeNodes.Node other in others)
            other.Process!.Signal(Continue);
        await Eventually.HoldsAsync(async () => await nodes.KeepAsync() && nodes.Ordering is { } next && others.Contains(next), "another node orders", AcmeSites.Patience);
        using (AdminClient admin = nodes.AdminOf(others.First(node => node != nodes.Ordering)))
            Assert.True((await admin.RenewCertificateAsync(Name, CancellationToken.None)).Found);
        X509Certificate2[] renewed = new X509Certificate2[2];
        for (int i = 0; i < renewed.Length; i++)
        {
            await Eventually.HoldsAsync(
                async () => await nodes.KeepAsync() && await AcmeNodes.TryShownAsync(others[i], Name) is { } shown && (renewed[i] = shown).SerialNumber != serial,
                $"node {others[i].Number} serves the next certificate: {others[i].Process!.Errors}",
                AcmeSites.Patience);
        }

        Assert.Equal(renewed[0].SerialNumber, renewed[1].SerialNumber);
        AssertOrders(ca, 3);
        Assert.Equal(1, ca.Answered.Count(answer => answer is { Kind: "sign-me-up", Status: 201 }));
    }

    /// <summary>Kinds of requests as pebble has them: before the CA has the request (&lt;), and before its answer is back (&gt;). All of them with ACTORS443_TEST_EVERY_STEP=1, for minutes.</summary>
    public static TheoryData<string> Steps { get; } = Environment.GetEnvironmentVariable("ACTORS443_TEST_EVERY_STEP") is { Length: > 0 }
        ?
        [
            "sign-me-up< order-plz< my-order<",
            "sign-me-up> order-plz> authZ<",
            "my-order> chalZ< finalize-order<",
            "authZ> chalZ> certZ<",
            "finalize-order> certZ>",
        ]
        : ["finalize-order>"];

    [SkippableTheory]
    [MemberData(nameof(Steps))]
    public async Task Killed_at_a_step_the_node_that_orders_is_followed_by_one_that_goes_on_with_the_same_order(string killedAt)
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no SIGKILL");
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        var steps = new Queue<string>(killedAt.Split(' '));
        int kills = steps.Count;
        await using AcmeNodes nodes = new(_folder, kills + 2);
        await using var front = new TcpRelay(() => nodes.Running.LastOrDefault()?.HttpPort ?? 1);
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { HttpPort = front.Port });
        await using CaProxy ca = await CaProxy.StartAsync(pebble.Issuer);
        nodes.Configure(AcmeSites.Hocon(_folder, [ca.Issuer], [Name], "challenges = [http-01]"));
        bool isDown = true;
        int killed = 0;
        ca.Cuts = request =>
        {
            if (Volatile.Read(ref isDown))
                return true;
            lock (steps)
            {
                if (!steps.TryPeek(out string? step) || step != $"{request.Kind}{(request.Status is null ? '<' : '>')}" || request.Status == 400 || nodes.Ordering is not { } ordering)
                    return false;
                steps.Dequeue();
                ordering.IsKept = false;
                killed++;
                ordering.Process!.Signal(AcmeNodes.Kill);
                return true;
            }
        };

        await nodes.StartAsync([.. nodes.Nodes]);
        Volatile.Write(ref isDown, false);
        await Eventually.HoldsAsync(async () => await nodes.KeepAsync() && Volatile.Read(ref killed) == kills, $"the node that orders is killed at {killedAt}", 2 * AcmeSites.Patience);
        AcmeNodes.Node[] survivors = [.. nodes.Nodes.Where(node => node.IsKept)];
        string first = (await nodes.AwaitShownAsync(survivors[0], Name, "Pebble")).SerialNumber;
        string second = (await nodes.AwaitShownAsync(survivors[1], Name, "Pebble")).SerialNumber;

        Assert.Equal(first, second);
        AssertOrders(ca, 1);
        Assert.Equal(1, ca.Answered.Count(answer => answer is { Kind: "sign-me-up", Status: 201 }));
    }

    /// <summary>The CA was sent so many signing requests that it took, and so has issued as many certificates.</summary>
    private static void AssertOrders(CaProxy ca, int certificates) => Assert.Equal(certificates, ca.Answered.Count(answer => answer is { Kind: "finalize-order", Status: 200 }));
}
