using System.Globalization;
using Actors443.Server.Admin;
using Actors443.Server.Applying;
using Actors443.Testing;
using Xunit.Abstractions;

namespace Actors443.ClusterTests;

/// <summary>Configurations that are in force on all nodes or on none. The nodes are processes, and each has its number in its environment, so that one file can say other things to each.</summary>
public sealed class ClusterConfigurationTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int Stop = 19;
    private const string Number = "A443_TEST_NODE";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly bool EveryStep = Environment.GetEnvironmentVariable("ACTORS443_TEST_EVERY_STEP") == "1";

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority = new();
    private AcmeNodes _nodes = null!;

    public Task InitializeAsync()
    {
        _nodes = new AcmeNodes(_folder, 3);
        foreach (AcmeNodes.Node node in _nodes.Nodes)
            node.Prefix = ["env", $"{Number}={node.Number}"];
        _nodes.Configure(Site("their own"), EveryStep ? "3s" : "30s");
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _nodes.DisposeAsync();
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task It_is_in_force_on_all_nodes_or_on_none_and_on_one_that_comes_later()
    {
        AcmeNodes.Node[] first = [_nodes.Nodes[0], _nodes.Nodes[1]];
        AcmeNodes.Node late = _nodes.Nodes[2];
        await _nodes.StartAsync(first);
        await AwaitUpAsync(2);
        await AssertServedAsync("their own", first);

        ClusterPushReport pushed = await PushAsync(first[1], Site("one"));
        Assert.Equal((true, 1L), (pushed.Changed, pushed.Generation));
        Assert.Equal(first.Select(node => node.Name).Order(), pushed.Nodes.Order());
        Assert.Empty(pushed.Problems);
        await AssertServedAsync("one", first);
        Assert.False((await PushAsync(first[0], Site("one"))).Changed);

        // The certificate is there on one of the two alone.
        _authority.Issue("localhost").WritePair(_folder, "node-0");
        string missing = Site("two") + $$"""

            actors443.certificates.files = [{ chain = "{{_folder.Path}}/node-"${{{Number}}}".pem", key = "{{_folder.Path}}/node-"${{{Number}}}".key" }]
            """;
        RefusedConfigurationException refused = await Assert.ThrowsAsync<RefusedConfigurationException>(() => PushAsync(first[0], missing));
        output.WriteLine(string.Join(Environment.NewLine, refused.Problems));
        Assert.All(refused.Problems, problem => Assert.StartsWith(first[1].Name + ": ", problem, StringComparison.Ordinal));
        Assert.Contains(refused.Problems, problem => problem.Contains("node-1.pem", StringComparison.Ordinal));
        refused = await Assert.ThrowsAsync<RefusedConfigurationException>(() => PushAsync(first[0], "actors443.deadlines.idle = never"));
        Assert.Contains(refused.Problems, problem => problem.Contains("actors443.deadlines.idle", StringComparison.Ordinal));
        await AssertServedAsync("one", first);
        await AssertGenerationAsync(1, first);

        await _nodes.StartAsync(late);
        await AwaitUpAsync(3);
        // It was not ready before.
        await AssertServedAsync("one", late);
        await AssertGenerationAsync(1, late);
        // What one node is told for itself, or its own files say, does not part it from the others.
        using AdminClient admin = _nodes.AdminOf(late);
        AdminException apart = await Assert.ThrowsAsync<AdminException>(async () => await admin.ApplyAsync((await admin.PlanAsync(Candidate(Site("apart")), CancellationToken.None)).Plan, Candidate(Site("apart")), CancellationToken.None));
        Assert.Contains("generation 1 of the cluster", apart.Message, StringComparison.Ordinal);
        late.Process!.Signal(ServerProcess.Hangup);
        await Eventually.HoldsAsync(() => late.Process.Errors.Contains("as generation 1 of the cluster says, and not as this node's files do", StringComparison.Ordinal), "it says whose settings hold", Patience);
        await AssertServedAsync("one", late);

        await AssertTakenBackAsync(late);
    }

    // It says that it could, and then cannot: a folder has gone. In between another node has not answered yet, for a file that it reads is a pipe.
    private async Task AssertTakenBackAsync(AcmeNodes.Node failing)
    {
        string pipe = Path.Combine(_folder.Path, "ca-1.pem");
        foreach (AcmeNodes.Node node in _nodes.Nodes)
        {
            Directory.CreateDirectory(FolderOf(node));
            if (node.Number != 1)
                _folder.Write($"ca-{node.Number}.pem", _authority.CertificatePem);
        }

        await using (TestProgram made = TestProgram.Start("mkfifo", [pipe]))
            await made.EndAsync();
        string text = $$"""
            actors443 {
              sites { "*" { routes = [{ path = "/file", files = "{{_folder.Path}}/site-"${{{Number}}} }, { path = "/*", respond = "three" }] } }
              https.client-certificates { ca = "{{_folder.Path}}/ca-"${{{Number}}}".pem", mode = optional }
            }
            """;
        int before = Said();
        // Opened both ways: neither this nor the write below waits for whoever reads it.
        await using var opened = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        Task<ClusterPushReport> push = PushAsync(_nodes.Nodes[0], text);
        await Eventually.HoldsAsync(() => Said() > before, $"it says that it could: {failing.Process!.Errors}", Patience);
        Directory.Delete(FolderOf(failing));
        File.Move(pipe, pipe + ".old");
        _folder.Write("ca-1.pem", _authority.CertificatePem);
        Assert.False(push.IsCompleted);
        opened.Write(System.Text.Encoding.ASCII.GetBytes(_authority.CertificatePem));
        await opened.DisposeAsync();

        RefusedConfigurationException refused = await Assert.ThrowsAsync<RefusedConfigurationException>(() => push);
        output.WriteLine($"{refused.Message}: {string.Join(Environment.NewLine, refused.Problems)}");
        string problem = Assert.Single(refused.Problems);
        Assert.StartsWith(failing.Name + ": generation 2 cannot be put in force: ", problem, StringComparison.Ordinal);
        Assert.Contains(FolderOf(failing), problem, StringComparison.Ordinal);
        // What was before, and is so on all again: it has a number of its own, that nodes that could not be reached hear of.
        await AssertServedAsync("one", [.. _nodes.Nodes]);
        await AssertGenerationAsync(3, [.. _nodes.Nodes]);
        foreach (AcmeNodes.Node node in _nodes.Nodes.Where(node => node != failing))
            await Eventually.HoldsAsync(() => node.Process!.Errors.Contains("Configuration generation 2 (", StringComparison.Ordinal), $"node {node.Number} had it: {node.Process!.Errors}", Patience);

        string FolderOf(AcmeNodes.Node node) => Path.Combine(_folder.Path, $"site-{node.Number}");

        int Said() => failing.Process!.Errors.Split("could be put in force here;").Length;
    }

    // A minute: ACTORS443_TEST_EVERY_STEP=1.
    [SkippableFact]
    public async Task A_node_that_dies_while_it_is_asked_changes_nothing_and_all_that_were_down_have_the_last_again()
    {
        Skip.IfNot(EveryStep, "set ACTORS443_TEST_EVERY_STEP=1 to run it");
        AcmeNodes.Node[] all = [.. _nodes.Nodes];
        await _nodes.StartAsync(all);
        await AwaitUpAsync(3);
        Assert.Equal(1, (await PushAsync(all[0], Site("one"))).Generation);

        // It is asked, and never says yes.
        all[2].Process!.Signal(Stop);
        Task<ClusterPushReport> push = PushAsync(all[0], Site("two"));
        await AcmeNodes.KillAsync(all[2]);
        RefusedConfigurationException refused = await Assert.ThrowsAsync<RefusedConfigurationException>(() => push);
        output.WriteLine(string.Join(Environment.NewLine, refused.Problems));
        Assert.All(refused.Problems, problem => Assert.StartsWith(all[2].Name + ": ", problem, StringComparison.Ordinal));
        await AssertServedAsync("one", all[0], all[1]);
        await AwaitUpAsync(2);
        Assert.Equal(2, (await PushAsync(all[1], Site("two"))).Generation);

        // It has kept the first, and comes back to the second.
        await _nodes.StartAsync(all[2]);
        await AssertServedAsync("two", all);

        // Whoever decides is killed, then all are.
        await AcmeNodes.KillAsync(all[0]);
        await AwaitUpAsync(2);
        Assert.Equal(3, (await PushAsync(all[1], Site("three"))).Generation);
        await AcmeNodes.KillAsync(all[1]);
        await AcmeNodes.KillAsync(all[2]);
        await _nodes.StartAsync(all);
        await AwaitUpAsync(3);
        // The one that was down kept the second.
        await Eventually.HoldsAsync(async () => (await ServedAsync(all)).All(text => text == "three"), "all serve by the last", Patience);
        await AssertGenerationAsync(3, all);
    }

    private static string Site(string says) => $$"""actors443.sites { "*" { respond = "{{says}}" } }""";

    private static ConfigurationCandidate Candidate(string text) => new() { Files = [new CandidateFile("/etc/actors443/all.conf", text)] };

    private async Task<ClusterPushReport> PushAsync(AcmeNodes.Node node, string text)
    {
        using AdminClient admin = _nodes.AdminOf(node);
        admin.Patience = Patience;
        return await admin.PushAsync(Candidate(text), CancellationToken.None);
    }

    private static async Task AssertServedAsync(string text, params AcmeNodes.Node[] nodes) => Assert.All(await ServedAsync(nodes), served => Assert.Equal(text, served));

    private static Task<string[]> ServedAsync(AcmeNodes.Node[] nodes) => Task.WhenAll(nodes.Select(async node =>
    {
        await using TlsClient client = await TlsClient.ConnectAsync(node.HttpsPort);
        return (await client.GetAsync()).Body;
    }));

    // Every node says it of every node.
    private async Task AssertGenerationAsync(long generation, params AcmeNodes.Node[] nodes)
    {
        foreach (AcmeNodes.Node node in nodes)
        {
            using AdminClient admin = _nodes.AdminOf(node);
            await Eventually.HoldsAsync(
                async () => Array.TrueForAll(await admin.ListNodesAsync(CancellationToken.None), each => each.Node is { GenerationProblem: null } said && said.Generation == generation), $"all have generation {generation}", Patience);
            ClusterConfigurationReport own = await admin.GenerationAsync(CancellationToken.None);
            Assert.Equal((generation, "/etc/actors443/all.conf"), (own.Generation, Assert.Single(own.Files)));
            Assert.Contains("token:", own.By, StringComparison.Ordinal);
        }
    }

    private async Task AwaitUpAsync(int count)
    {
        foreach (AcmeNodes.Node node in _nodes.Running)
        {
            await Eventually.HoldsAsync(
                async () =>
                {
                    await _nodes.KeepAsync();
                    using AdminClient admin = _nodes.AdminOf(node);
                    ClusterNodeReport[] all = await admin.ListNodesAsync(CancellationToken.None);
                    return all.Length == count && all.All(each => each is { Status: "up", IsReachable: true, Node.Ready: true });
                },
                string.Create(CultureInfo.InvariantCulture, $"{count} nodes are up: {node.Process!.Errors}"),
                Patience);
        }
    }
}
