using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Actors443.Server.Admin;
using Actors443.Testing;
using Actors443.Testing.Acme;
using Xunit.Abstractions;

namespace Actors443.ClusterTests;

/// <summary>
/// Three nodes, each in a network namespace of its own, that order from pebble; one of them is cut off, stands still, or has another time. Visitors of all nodes see the right certificates
/// all the while, there is one issuer, and limits are exact again afterwards. Minutes, and so only with <c>ACTORS443_TEST_FAULTS=1</c>.
/// </summary>
[Collection(nameof(AcmeClusterTests))]
public sealed class ClusterFaultTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Stop = 19;
    private const int Continue = 18;

    private const string Name = "cluster.site.test";

    // Of connections by one client certificate, on all nodes together.
    private const int Limit = 12;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _clients = new("Clients");
    private NetworkNamespaces? _network;
    private AcmeNodes? _nodes;
    // Whom the CA asks: one that has no trouble, as a load balancer would see to.
    private AcmeNodes.Node _asked = null!;
    private TcpRelay? _front;
    private PebbleServer? _pebble;
    private CaProxy? _ca;

    private static string? Missing { get; } =
        Environment.GetEnvironmentVariable("ACTORS443_TEST_FAULTS") is not { Length: > 0 } ? "takes minutes: with ACTORS443_TEST_FAULTS=1 alone" : NetworkNamespaces.Missing ?? PebbleServer.Missing;

    private AcmeNodes Nodes => _nodes!;

    private CaProxy Ca => _ca!;

    public async Task InitializeAsync()
    {
        if (Missing is not null)
            return;
        _network = await NetworkNamespaces.CreateAsync(3);
        _nodes = new AcmeNodes(_folder, 3, _network);
        _asked = _nodes.Nodes[2];
        _front = new TcpRelay(() => _asked.HttpsPort);
        _pebble = await PebbleServer.StartAsync(new PebbleOptions { TlsPort = _front.Port });
        _ca = await CaProxy.StartAsync(_pebble.Issuer, _network.Test);
        Nodes.Configure(AcmeSites.Hocon(_folder, [Ca.Issuer], [Name], "challenges = [tls-alpn-01]") + $$"""

            actors443 {
              https.client-certificates { ca = "{{_folder.Write("clients.pem", _clients.CertificatePem)}}", mode = optional }
              admission.per-certificate.connections = {{Limit}}
              deadlines.idle = 10m
            }
            """);
    }

    public async Task DisposeAsync()
    {
        foreach (IAsyncDisposable? part in (IAsyncDisposable?[])[_nodes, _ca, _front, _pebble, _network])
        {
            if (part is not null)
                await part.DisposeAsync();
        }

        _clients.Dispose();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task The_lesser_side_of_a_partition_stops_serves_on_and_is_back_when_it_is_healed()
    {
        Skip.If(Missing is not null, Missing);
        await StartAsync();
        // The worst that can be cut off: it orders, it has founded the cluster, the CA and visitors reach it still, and whatever runs it starts it again and again.
        AcmeNodes.Node lost = Nodes.Nodes[0];
        AcmeNodes.Node[] others = [Nodes.Nodes[1], Nodes.Nodes[2]];
        Assert.Equal(lost, Nodes.Ordering);
        string first = await AwaitSameAsync();
        await using var visitors = new Visitors(Nodes, Name);
        using X509Certificate2 client = _clients.IssueClient("carol").WithKey;
        await using var held = new HeldClients(Name);
        await using var heldByLost = new HeldClients(Name);
        await AssertExactAsync(client, held, Nodes.Nodes);
        await held.LeaveAllAsync();
        await AwaitRoomAsync(client);

        ServerProcess before = lost.Process!;
        await _network!.CutOffAsync(lost.Place!);
        // The worst that can be: neither side has told the other anything of this client.
        await heldByLost.TryHoldAsync([lost.HttpsPort], client, 2 * Limit);
        await Eventually.HoldsAsync(() => heldByLost.Count <= Limit, "one side has no more than may be", Patience);
        int there = heldByLost.Count;
        // What it is told meanwhile it has nobody to agree on with.
        using (AdminClient admin = Nodes.AdminOf(lost))
            await admin.RenewCertificateAsync(Name, CancellationToken.None);
        // At one node, whose own count is exact however late messages are; the other one hears of them.
        await held.TryHoldAsync([others[0].HttpsPort], client, 2 * Limit);
        await HoldExactlyAsync(client, held, Limit, [others[0]], others);
        output.WriteLine($"cut off: {there} connections by one certificate on one side, {held.Count} on the other, where {Limit} may be on both together");
        await Eventually.HoldsAsync(() => before.HasExited, $"the one that is cut off stops: {before.Errors}", Patience);
        Assert.Equal(1, await before.ExitAsync());
        await Eventually.HoldsAsync(async () => await Nodes.KeepAsync() && Nodes.Ordering is { } next && others.Contains(next), "another orders", Patience);
        string second = await RenewAsync(others, first);

        // Longer than anybody waits for nodes that were there.
        long cutOff = Stopwatch.GetTimestamp();
        await Eventually.HoldsAsync(async () => await Nodes.KeepAsync() && Stopwatch.GetElapsedTime(cutOff) > TimeSpan.FromSeconds(80), "time passes", Patience);
        Assert.Contains(Nodes.Ordering, others);
        Assert.Equal(503, await lost.Process!.ReadinessAsync());

        await _network.HealAsync(lost.Place!);
        await Nodes.AwaitMembersAsync();
        Assert.True(await heldByLost.AllEndAsync());
        // What the others have held all the while counts for the one that is back, and no more and no fewer are let in than before.
        await AssertExactAsync(client, held, Nodes.Nodes);
        Assert.Equal(second, await AwaitSameAsync(second));
        AssertServed(visitors, first, second);
        AssertOneIssuer(2);
    }

    [SkippableFact]
    public async Task A_node_that_stood_still_for_30_s_within_an_order_orders_nothing_more()
    {
        Skip.If(Missing is not null, Missing);
        await StartAsync();
        AcmeNodes.Node paused = Nodes.Ordering!;
        AcmeNodes.Node[] others = [.. Nodes.Nodes.Where(node => node != paused)];
        string first = await AwaitSameAsync();
        await using var visitors = new Visitors(Nodes, Name);
        using X509Certificate2 client = _clients.IssueClient("carol").WithKey;
        await using var held = new HeldClients(Name);
        await using var heldByPaused = new HeldClients(Name);
        int share = Limit / 3;
        await heldByPaused.HoldAsync(paused.HttpsPort, share, client);
        await AssertExactAsync(client, held, others, share);

        // The CA has its signing request, and it hears the answer when it goes on.
        int stopped = 0;
        Ca.Cuts = request =>
        {
            if (request is { Kind: "finalize-order", Status: null } && request.From.Equals(paused.Address) && Interlocked.Exchange(ref stopped, 1) == 0)
                paused.Process!.Signal(Stop);
            return false;
        };
        using (AdminClient admin = Nodes.AdminOf(others[0]))
            Assert.True((await admin.RenewCertificateAsync(Name, CancellationToken.None)).Found);
        await Eventually.HoldsAsync(() => Volatile.Read(ref stopped) == 1, "it stands still", Patience);
        long since = Stopwatch.GetTimestamp();
        string second = await AwaitSameAsync(others, serial => serial != first);
        await Eventually.HoldsAsync(async () => await Nodes.KeepAsync() && Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(30), "30 s pass", Patience);
        Assert.Contains(Nodes.Ordering, others);
        // It is removed, and its share is free: the connections that stand still with it are too many.
        await HoldExactlyAsync(client, held, Limit, others, others);
        output.WriteLine($"while it stands still: {held.Count} connections by one certificate on the others and {heldByPaused.Count} that stand still, where {Limit} may be");

        ServerProcess stoodStill = paused.Process!;
        stoodStill.Signal(Continue);
        Assert.True(await heldByPaused.AllEndAsync());
        await Nodes.AwaitMembersAsync();
        await AssertExactAsync(client, held, others);
        Assert.Equal(second, await AwaitSameAsync(second));
        AssertServed(visitors, first, second);
        AssertOneIssuer(2);
    }

    [SkippableFact]
    public async Task Clocks_that_differ_by_5_minutes_either_way_change_nothing()
    {
        Skip.If(Missing is not null, Missing);
        Skip.If(TestProgram.Find("gcc") is null, "gcc is not installed (Debian: gcc libc6-dev)");
        string library = await BuildSkewAsync();
        Nodes.Nodes[0].Prefix = At(library, -300);
        Nodes.Nodes[1].Prefix = At(library, +300);
        await StartAsync();
        string first = await AwaitSameAsync();
        await using var visitors = new Visitors(Nodes, Name);
        using X509Certificate2 client = _clients.IssueClient("carol").WithKey;
        await using var held = new HeldClients(Name);
        await AssertExactAsync(client, held, Nodes.Nodes);
        await held.LeaveAllAsync();
        await AwaitRoomAsync(client);
        await AssertExactAsync(client, held, [Nodes.Nodes[1], Nodes.Nodes[2]]);

        // Ordered by one whose clock is slow, then by one whose clock is fast; each time all serve it at once.
        Assert.Equal(Nodes.Nodes[0], Nodes.Ordering);
        string second = await RenewAsync(Nodes.Nodes, first);
        Nodes.Nodes[0].Process!.Signal(ServerProcess.Terminate);
        await Eventually.HoldsAsync(async () => await Nodes.KeepAsync() && Nodes.Ordering == Nodes.Nodes[1], "the one with the fast clock orders", Patience);
        await Nodes.AwaitMembersAsync();
        string third = await RenewAsync(Nodes.Nodes, second);
        // The slow one is back, and knows what the others hold.
        await AssertExactAsync(client, held, Nodes.Nodes);

        AssertServed(visitors, first, second, third);
        AssertOneIssuer(3);
    }

    private static string[] At(string library, int seconds) => ["env", $"LD_PRELOAD={library}", string.Create(CultureInfo.InvariantCulture, $"SKEW_SECONDS={seconds}")];

    // libfaketime changes waits as well, and .NET then stands still.
    private async Task<string> BuildSkewAsync()
    {
        string library = Path.Combine(_folder.Path, "skew.so");
        await using TestProgram compiler = TestProgram.Start("gcc", ["-Wall", "-Wextra", "-Werror", "-O1", "-fPIC", "-shared", "-o", library, Path.Combine(Repository.Folder, "tests", "native", "skew.c"), "-ldl"]);
        await compiler.EndAsync();
        Assert.True(compiler.ExitCode == 0, compiler.Output);
        return library;
    }

    // No more and no fewer are let in than may be, whoever is asked, and after one has left as well.
    private async Task AssertExactAsync(X509Certificate2 client, HeldClients held, IReadOnlyList<AcmeNodes.Node> at, int elsewhere = 0)
    {
        await HoldExactlyAsync(client, held, Limit - elsewhere, at, Nodes.Nodes);
        await held.LeaveAsync();
        await HoldExactlyAsync(client, held, Limit - elsewhere, [.. at.Reverse()], Nodes.Nodes);
    }

    // Until so many are held at some nodes and each node refuses one more. What one node tells is a message away.
    private static async Task HoldExactlyAsync(X509Certificate2 client, HeldClients held, int count, IReadOnlyList<AcmeNodes.Node> at, IReadOnlyList<AcmeNodes.Node> refusing)
    {
        int turn = 0;
        await Eventually.HoldsAsync(
            async () =>
            {
                if (held.Count < count)
                    await held.TryHoldAsync(at[turn++ % at.Count].HttpsPort, client);
                foreach (AcmeNodes.Node node in refusing)
                {
                    if (held.Count != count || await HeldClients.IsServedAsync(node.HttpsPort, client, Name))
                        return false;
                }

                return held.Count == count;
            },
            $"{count} are let in",
            Patience);
    }

    private async Task AwaitRoomAsync(X509Certificate2 client)
    {
        foreach (AcmeNodes.Node node in Nodes.Nodes)
            await Eventually.HoldsAsync(() => HeldClients.IsServedAsync(node.HttpsPort, client, Name), $"node {node.Number} lets one in", Patience);
    }

    // The first founds the cluster and is the oldest.
    private async Task StartAsync()
    {
        bool isDown = true;
        Ca.Cuts = _ => Volatile.Read(ref isDown);
        foreach (AcmeNodes.Node node in Nodes.Nodes)
            await Nodes.StartAsync(node);
        await Nodes.AwaitMembersAsync();
        Volatile.Write(ref isDown, false);
    }

    private async Task<string> RenewAsync(IReadOnlyList<AcmeNodes.Node> nodes, string before)
    {
        using (AdminClient admin = Nodes.AdminOf(nodes[^1]))
            Assert.True((await admin.RenewCertificateAsync(Name, CancellationToken.None)).Found);
        return await AwaitSameAsync(nodes, serial => serial != before);
    }

    private Task<string> AwaitSameAsync(string? serial = null) => AwaitSameAsync(Nodes.Nodes, shown => serial is null || shown == serial);

    private async Task<string> AwaitSameAsync(IReadOnlyList<AcmeNodes.Node> nodes, Func<string, bool> isIt)
    {
        string same = "";
        try
        {
            await Eventually.HoldsAsync(
                async () =>
                {
                    await Nodes.KeepAsync();
                    X509Certificate2?[] shown = await Task.WhenAll(nodes.Select(node => AcmeNodes.TryShownAsync(node, Name)));
                    same = shown[0]?.SerialNumber ?? "";
                    return shown.All(each => each?.SerialNumber == same && each.Issuer.Contains("Pebble", StringComparison.Ordinal)) && isIt(same);
                },
                "all show the same certificate",
                Patience);
        }
        catch (TimeoutException cause)
        {
            throw new TimeoutException($"{cause.Message}\n{string.Join("\n\n", nodes.Select(node => node.Process?.Errors))}", cause);
        }

        return same;
    }

    /// <summary>Nothing else was shown than these, in that order, and all of them while they were valid for the name.</summary>
    private void AssertServed(Visitors visitors, params string[] serials)
    {
        Assert.True(visitors.Visits > 100, $"{visitors.Visits} visits");
        foreach (AcmeNodes.Node node in Nodes.Nodes)
        {
            IReadOnlyList<X509Certificate2> shown = visitors.ShownBy(node);
            Assert.All(shown, certificate => Assert.True(certificate.MatchesHostname(Name) && certificate.NotAfter > TimeProvider.System.GetLocalNow()));
            Assert.All(shown, certificate => Assert.Contains(certificate.SerialNumber, serials));
            Assert.Equal(shown.OrderBy(certificate => Array.IndexOf(serials, certificate.SerialNumber)), shown);
        }
    }

    /// <summary>So many certificates were issued, for one account, and whoever has asked the CA for something after another had done so was asked for nothing more by anybody before.</summary>
    private void AssertOneIssuer(int certificates)
    {
        ProxiedRequest[] answered = [.. Ca.Answered];
        Assert.Equal(certificates, answered.Count(answer => answer is { Kind: "finalize-order", Status: 200 }));
        Assert.Equal(certificates, answered.Count(answer => answer is { Kind: "order-plz", Status: 201 }));
        Assert.Equal(1, answered.Count(answer => answer is { Kind: "sign-me-up", Status: 201 }));
        // Each node orders in one stretch.
        List<IPAddress> inTurn = [];
        foreach (ProxiedRequest answer in answered.Where(answer => answer.Kind is "order-plz" or "finalize-order" or "sign-me-up" or "chalZ"))
        {
            if (inTurn.Count == 0 || !inTurn[^1].Equals(answer.From))
                inTurn.Add(answer.From);
        }

        Assert.Equal(inTurn.Distinct(), inTurn);
    }
}
