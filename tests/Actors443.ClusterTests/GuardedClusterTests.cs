using System.Diagnostics;
using System.Security.Cryptography.X509Certificates;
using Actors443.Identities;
using Actors443.Server.Admin;
using Actors443.Testing;
using Xunit.Abstractions;

namespace Actors443.ClusterTests;

/// <summary>Whom all nodes let in: limits that hold for all together, and revocations on one node that hold on all, also those that come later.</summary>
public sealed class GuardedClusterTests(GuardedNodes nodes, ITestOutputHelper output) : IClassFixture<GuardedNodes>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly bool EveryStep = Environment.GetEnvironmentVariable("ACTORS443_TEST_EVERY_STEP") == "1";

    // What is promised is 2 s; a machine that does very much else besides may need more.
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(EveryStep ? 2 : 10);

    [Fact]
    public async Task A_client_has_as_many_connections_on_all_nodes_together_as_it_may()
    {
        await using var clients = new HeldClients();
        // One has its part of the limit, and the others just less.
        await clients.HoldAsync(nodes[0].Process.HttpsPort, 14);
        await clients.HoldAsync(nodes[1].Process.HttpsPort, 13);
        await clients.HoldAsync(nodes[2].Process.HttpsPort, GuardedNodes.ClientLimit - 14 - 13);

        await AllRefuseAsync();
        await clients.LeaveAsync(nodes[0].Process.HttpsPort);
        await clients.HoldAsync(nodes[2].Process.HttpsPort, 1);
        await AllRefuseAsync();
    }

    [Fact]
    public async Task A_certificate_has_as_many_connections_on_all_nodes_together_as_it_may()
    {
        using X509Certificate2 carol = nodes.Authority.IssueClient("carol").WithKey;
        using X509Certificate2 other = nodes.Authority.IssueClient("other").WithKey;
        await using var clients = new HeldClients();
        foreach (ClusterServer node in nodes.First)
            await clients.HoldAsync(node.Process.HttpsPort, GuardedNodes.CertificateLimit / 3, carol);

        foreach (ClusterServer node in nodes.First)
            await Eventually.HoldsAsync(async () => !await IsServedAsync(node, carol), "another one is cut", Patience);
        Assert.True(await IsServedAsync(nodes[0], other));
        await clients.LeaveAsync(nodes[0].Process.HttpsPort);
        await Eventually.HoldsAsync(() => IsServedAsync(nodes[1], carol), "there is room again", Patience);
    }

    [Fact]
    public async Task An_account_has_as_many_tunnels_on_all_nodes_together_as_it_may()
    {
        await using Upstream target = await Upstream.StartAsync(_ => Task.CompletedTask);
        string authority = target.Address.Authority;
        List<TlsClient> tunnels = [];
        try
        {
            foreach (ClusterServer node in nodes.First)
            {
                for (int number = 0; number < GuardedNodes.AccountLimit / 3; number++)
                    await OpenAsync(node);
            }

            foreach (ClusterServer node in nodes.First)
                await RefusesTunnelAsync(node);
            await tunnels[0].DisposeAsync();
            tunnels.RemoveAt(0);
            await OpenAsync(nodes[2]);
            foreach (ClusterServer node in nodes.First)
                await RefusesTunnelAsync(node);
        }
        finally
        {
            foreach (TlsClient tunnel in tunnels)
                await tunnel.DisposeAsync();
        }

        Task OpenAsync(ClusterServer node) => Eventually.HoldsAsync(async () => await AskAsync(node, keep: true) == 200, $"{node.Name} lets a tunnel through", Patience);

        Task RefusesTunnelAsync(ClusterServer node) => Eventually.HoldsAsync(async () => await AskAsync(node, keep: false) == 429, $"{node.Name} refuses a tunnel", Patience);

        async Task<int> AskAsync(ClusterServer node, bool keep)
        {
            TlsClient client = await TlsClient.ConnectAsync(node.Process.HttpsPort);
            await client.SendAsync($"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\nProxy-Authorization: Bearer {GuardedNodes.Token}\r\n\r\n");
            int status = (await client.ReadAnswerAsync()).Status;
            if (status == 200 && keep)
                tunnels.Add(client);
            else
                await client.DisposeAsync();
            return status;
        }
    }

    [Fact]
    public async Task A_revoked_certificate_is_cut_on_every_node_at_once_and_refused_by_one_that_comes_later()
    {
        using X509Certificate2 alice = nodes.Authority.IssueClient("alice").WithKey;
        using X509Certificate2 bob = nodes.Authority.IssueClient("bob").WithKey;
        await using var clients = new HeldClients();
        foreach (ClusterServer node in nodes.First)
            await clients.HoldAsync(node.Process.HttpsPort, 1, alice);
        await using TlsClient other = (await TryConnectAsync(nodes[2], bob))!;
        Identity identity = Identity.Certificate(alice);
        using AdminClient admin = nodes[1].Admin();

        long start = Stopwatch.GetTimestamp();
        RevocationReport report = await admin.RevokeAsync(identity, "laptop lost", CancellationToken.None);
        Assert.True(await clients.AllEndAsync());
        TimeSpan took = Stopwatch.GetElapsedTime(start);

        output.WriteLine($"cut on {report.Nodes.Count} nodes after {took.TotalMilliseconds:0} ms");
        Assert.True(took < Promised, $"it took {took}");
        Assert.Empty(report.Silent);
        Assert.Equal(nodes.First.Select(node => (node.Name, 1)).Order(), report.Nodes.Select(node => (node.Node!, node.Connections)).Order());
        Assert.Equal(200, (await other.GetAsync()).Status);
        foreach (ClusterServer node in nodes.First)
            Assert.False(await IsServedAsync(node, alice));

        ClusterServer late = await nodes.Cluster.AddAsync();
        await nodes.Cluster.AllKnowAllAsync();
        await Eventually.HoldsAsync(async () => (await ListAsync(late)).Any(one => one.Id == identity.Id), "the new node knows", Patience);
        Assert.False(await IsServedAsync(late, alice));
        Assert.True(await IsServedAsync(late, bob));

        using AdminClient lateAdmin = late.Admin();
        report = await lateAdmin.UndoRevocationAsync(identity, CancellationToken.None);
        Assert.Equal(4, report.Nodes.Count);
        foreach (ClusterServer node in nodes.Cluster.Nodes)
            Assert.True(await IsServedAsync(node, alice));
    }

    // Half a minute: ACTORS443_TEST_EVERY_STEP=1.
    [SkippableFact]
    public async Task Clients_that_come_everywhere_at_once_are_too_many_for_a_message_and_a_killed_node_gives_its_share_back()
    {
        Skip.IfNot(EveryStep, "set ACTORS443_TEST_EVERY_STEP=1 to run it");
        await using var own = new GuardedNodes { AreKilled = true };
        await own.InitializeAsync();
        // The first one finds nothing compiled.
        for (int round = 0; round < 3; round++)
        {
            await using var storm = new HeldClients();
            long start = Stopwatch.GetTimestamp();
            int held = (await Task.WhenAll(Enumerable.Range(0, 3 * GuardedNodes.ClientLimit).Select(number => storm.TryHoldAsync(own[number % 3].Process.HttpsPort)))).Count(entered => entered);
            output.WriteLine($"{3 * GuardedNodes.ClientLimit} at once on three nodes: {held} let in, where {GuardedNodes.ClientLimit} may be, in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms");
            Assert.InRange(held, GuardedNodes.ClientLimit, 3 * GuardedNodes.ClientLimit);
            foreach (ClusterServer node in own.First)
                await RefusesAsync(node);
            await storm.LeaveAllAsync();
            // Counted no more, here and there.
            await storm.HoldAsync(own[0].Process.HttpsPort, GuardedNodes.ClientLimit);
        }

        await using var clients = new HeldClients();
        await clients.HoldAsync(own[0].Process.HttpsPort, 14);
        await clients.HoldAsync(own[1].Process.HttpsPort, 13);
        await clients.HoldAsync(own[2].Process.HttpsPort, 13);
        foreach (ClusterServer node in own.First)
            await RefusesAsync(node);

        own[2].Process.Signal(AcmeNodes.Kill);
        long killed = Stopwatch.GetTimestamp();
        await clients.HoldAsync(own[0].Process.HttpsPort, 1);
        output.WriteLine($"the killed node's share is free after {Stopwatch.GetElapsedTime(killed).TotalSeconds:0.0} s");
        for (int more = 1; more < 13; more++)
            await clients.HoldAsync(own[more % 2].Process.HttpsPort, 1);
        await RefusesAsync(own[0]);
        await RefusesAsync(own[1]);
    }

    private async Task AllRefuseAsync()
    {
        foreach (ClusterServer node in nodes.First)
            await RefusesAsync(node);
    }

    // A probe that is let in is closed at once.
    private static Task RefusesAsync(ClusterServer node) => Eventually.HoldsAsync(
        async () =>
        {
            await using TlsClient? probe = await TryConnectAsync(node, null);
            return probe is null;
        },
        $"{node.Name} refuses",
        Patience);

    private static async Task<RevokedReport[]> ListAsync(ClusterServer node)
    {
        using AdminClient admin = node.Admin();
        return await admin.ListRevokedAsync(CancellationToken.None);
    }

    private static Task<bool> IsServedAsync(ClusterServer node, X509Certificate2 certificate) => HeldClients.IsServedAsync(node.Process.HttpsPort, certificate);

    private static Task<TlsClient?> TryConnectAsync(ClusterServer node, X509Certificate2? certificate) => HeldClients.TryConnectAsync(node.Process.HttpsPort, certificate);
}

/// <summary>Three nodes that limit clients and certificates and ask for client certificates. A test may add one.</summary>
public sealed class GuardedNodes : IAsyncLifetime, IAsyncDisposable
{
    internal const int ClientLimit = 40;
    internal const int CertificateLimit = 6;
    internal const int AccountLimit = 9;
    internal const string Token = "0123456789abcdef0123456789abcdef";

    private readonly TemporaryFolder _folder = new();

    /// <summary>One that is killed is soon missed. Else a machine that stands still for seconds makes nobody missed.</summary>
    internal bool AreKilled { get; init; }

    internal TestCertificates Authority { get; } = new("Clients");

    internal ClusterOfServers Cluster { get; private set; } = null!;

    /// <summary>The three that there are in any case.</summary>
    internal IReadOnlyList<ClusterServer> First { get; private set; } = [];

    internal ClusterServer this[int index] => First[index];

    public async Task InitializeAsync()
    {
        string ca = _folder.Write("clients.pem", Authority.CertificatePem);
        Cluster = await ClusterOfServers.StartAsync(
            3,
            $$"""
            actors443 {
              sites { "*" { respond = "hello" } }
              https.client-certificates { ca = "{{ca}}", mode = optional }
              admission.per-client { connections = {{ClientLimit}}, unfinished-handshakes = 0, new-handshakes-per-second = 0, resumed-handshakes-per-second = 0, exempt = [] }
              admission.per-certificate.connections = {{CertificateLimit}}
              tunnels.accounts { alice { token = "{{Token}}", allow = ["127.0.0.0/8:*"], limits { tunnels = {{AccountLimit}} } } }
              cluster { {{(AreKilled ? "heartbeat-pause = 5s, stable-after = 2s" : "heartbeat-pause = 30s")}} }
            }
            """);
        First = [.. Cluster.Nodes];
    }

    public async Task DisposeAsync()
    {
        await Cluster.DisposeAsync();
        Authority.Dispose();
        _folder.Dispose();
    }

    ValueTask IAsyncDisposable.DisposeAsync() => new(DisposeAsync());
}
