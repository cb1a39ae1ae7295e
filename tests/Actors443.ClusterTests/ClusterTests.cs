using Actors443.Connections.Directory;
using Actors443.Connections.History;
using Actors443.Server.Admin;
using Actors443.Server.Cli;
using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>Several nodes as one front door, as processes of their own.</summary>
public sealed class ClusterTests(ThreeNodes nodes) : IClassFixture<ThreeNodes>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public async Task A_session_is_resumed_on_every_node()
    {
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        // The portable engine has the platform's ticket keys, which are each process's own (docs/engines.md).
        bool shares = TestEngine.Name != "portable";
        using var folder = new TemporaryFolder();
        int[] ports = [.. nodes.Cluster.Nodes.Select(node => node.Process.HttpsPort)];
        const int sessions = 7;
        int resumed = 0;
        for (int number = 0; number < sessions; number++)
            resumed += await ResumedElsewhereAsync(number % ports.Length);

        Assert.Equal(shares ? 2 * sessions : 0, resumed);

        async Task<int> ResumedElsewhereAsync(int first)
        {
            int there = 0;
            string session = Path.Combine(folder.Path, Guid.NewGuid().ToString("N"));
            Assert.Contains("New, TLSv1.3", await OpenSslClient.GetAsync(ports[first], "-sess_out", session), StringComparison.Ordinal);
            foreach (int other in ports.Where((_, index) => index != first))
            {
                string said = await OpenSslClient.GetAsync(other, "-sess_in", session);
                Assert.Contains("HTTP/1.1 200", said, StringComparison.Ordinal);
                there += said.Contains("Reused, TLSv1.3", StringComparison.Ordinal) ? 1 : 0;
            }

            if (!shares)
                Assert.Contains("Reused, TLSv1.3", await OpenSslClient.GetAsync(ports[first], "-sess_in", session), StringComparison.Ordinal);
            return there;
        }
    }

    [Fact]
    public async Task Connections_are_found_told_and_ended_from_any_node()
    {
        // Nobody else's: connections of other tests may not have ended yet.
        const string name = "found.localhost";
        var clients = new List<TlsClient>();
        try
        {
            foreach (ClusterServer node in nodes.Cluster.Nodes)
                clients.Add(await TlsClient.ConnectAsync(node.Process.HttpsPort, name));
            using AdminClient admin = nodes.Cluster[1].Admin();

            // With TLS 1.3 a client may be done before its server is.
            ConnectionPage page = await AwaitMatchedAsync(admin, $"sni = {name} and age < 10m and state = open", 3);
            Assert.Equal(nodes.Cluster.Nodes.Select(node => node.Name).Order(), page.Connections.Select(connection => connection.Node!).Order());

            string last = nodes.Cluster[2].Name;
            page = await AwaitMatchedAsync(admin, $"node = {last} and sni = {name}", 1);
            Assert.Equal(last, Assert.Single(page.Connections).Node);

            ConnectionsActedOn done = await admin.ActOnConnectionsAsync("close", $"node = {last} and sni = {name}", null, CancellationToken.None);
            Assert.Equal(1, done.Count);
            Assert.True(await clients[2].EndsAsync());

            await AwaitMatchedAsync(admin, $"sni = {name}", 2);
            done = await admin.ActOnConnectionsAsync("drain", $"sni = {name}", null, CancellationToken.None);
            Assert.Equal(2, done.Count);
            Assert.True(await clients[0].EndsAsync());
        }
        finally
        {
            foreach (TlsClient client in clients)
                await client.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Connections_between_nodes_are_closed_by_their_protocol_alone()
    {
        using AdminClient admin = nodes.Cluster[1].Admin();
        // Whoever was there first was connected to by those that came.
        ConnectionPage page = await admin.ListConnectionsAsync(new ConnectionQuery { Where = ConnectionFilter.Parse("protocol = akka-remote/1") }, CancellationToken.None);
        Skip.If(page.Matched == 0, "the nodes do not speak over the https listeners");
        string[] links = [.. page.Connections.Select(connection => $"{connection.Node} {connection.Id}").Order()];

        ConnectionsActedOn done = await admin.ActOnConnectionsAsync("close", "certificate = *node* and age > 0s", null, CancellationToken.None);
        Assert.Equal(0, done.Count);
        page = await admin.ListConnectionsAsync(new ConnectionQuery { Where = ConnectionFilter.Parse("protocol = akka-remote/1") }, CancellationToken.None);
        Assert.Equal(links, page.Connections.Select(connection => $"{connection.Node} {connection.Id}").Order());

        // They are begun again by themselves, and nobody is missed. The node is asked itself: what another says of it would come by what is closed.
        ClusterServer one = nodes.Cluster.Nodes.First(node => node.Name == page.Connections[0].Node);
        using AdminClient its = one.Admin();
        string itsLinks = $"protocol = akka-remote/1 and node = {one.Name}";
        links = [.. (await AwaitMatchedAsync(its, itsLinks, links.Count(link => link.StartsWith(one.Name, StringComparison.Ordinal)))).Connections.Select(connection => connection.Id)];
        done = await its.ActOnConnectionsAsync("close", itsLinks, null, CancellationToken.None);
        Assert.Equal(links.Length, done.Count);
        await Eventually.HoldsAsync(
            async () => !(await its.ListConnectionsAsync(new ConnectionQuery { Where = ConnectionFilter.Parse(itsLinks) }, CancellationToken.None)).Connections.Any(connection => links.Contains(connection.Id)), "they are closed", Patience);
        await nodes.Cluster.AllKnowAllAsync();
    }

    [Fact]
    public async Task Why_a_connection_ended_is_told_by_any_node()
    {
        ClusterServer node = nodes.Cluster[2];
        await using (TlsClient client = await TlsClient.ConnectAsync(node.Process.HttpsPort, "localhost"))
        {
            // What is no request is a fault of its own.
            await client.SendAsync("\u0001\r\n\r\n");
            Assert.True(await client.EndsAsync());
        }

        using AdminClient admin = nodes.Cluster[0].Admin();
        ConnectionHistory history = new();
        await Eventually.HoldsAsync(
            async () => (history = await admin.HistoryAsync(new HistoryQuery(HistorySubject.All, 1000), CancellationToken.None)) is { Silent: [] } && history.Ended.Any(ended => ended.Reason == "protocol_error"), "it is told", Patience);
        EndedConnection ended = history.Ended.First(ended => ended.Reason == "protocol_error");
        Assert.Equal((node.Name, "localhost"), (ended.Last.Node, ended.Last.ServerName));
    }

    [Fact]
    public async Task A_name_is_asked_of_upstreams_once_for_all_nodes()
    {
        HttpClient[] clients = [.. nodes.Cluster.Nodes.Select(node => TrustingClient(node.Process.HttpsPort))];
        int rounds = 0;
        try
        {
            // Soon all of them know all, and share the names alike.
            await Eventually.HoldsAsync(IsAskedOnceAsync, "each name is asked for once", TimeSpan.FromMinutes(2));
        }
        finally
        {
            foreach (HttpClient client in clients)
                client.Dispose();
        }

        async Task<bool> IsAskedOnceAsync()
        {
            string zone = $".round-{++rounds}.test";
            string[] names = [.. Enumerable.Range(0, 30).Select(number => $"n{number}{zone}")];
            string[] answers = await Task.WhenAll(names.SelectMany(name => clients.Select(client => client.GetStringAsync($"/dns-query?name={name}&type=A"))));
            Assert.All(answers, answer => Assert.Contains("192.0.2.1", answer, StringComparison.Ordinal));
            string[] asked = [.. nodes.Upstream.Queries.Select(query => query.Name).Where(name => name.EndsWith(zone + ".", StringComparison.Ordinal))];
            Assert.Equal(names.Length, asked.Distinct().Count());
            return asked.Length == names.Length;
        }
    }

    [Fact]
    public async Task Any_node_shows_all_nodes()
    {
        using AdminClient admin = nodes.Cluster[2].Admin();
        ClusterNodeReport[] all = [];

        // One that is busy for a moment is shown without its own words.
        await Eventually.HoldsAsync(async () => (all = await admin.ListNodesAsync(CancellationToken.None)).All(node => node.Node is not null), "all have answered", Patience);

        Assert.Equal(nodes.Cluster.Nodes.Select(node => node.Name).Order(), all.Select(node => node.Name).Order());
        Assert.All(all, node => Assert.Equal(("up", true, "running", true), (node.Status, node.IsReachable, node.Node!.Phase, node.Node.Ready)));
        Assert.Equal(nodes.Cluster[2].Name, Assert.Single(all, node => node.IsThisOne).Name);
    }

    [Fact]
    public async Task A_node_with_another_secret_is_not_let_in()
    {
        var state = new TemporaryFolder();
        await using ServerProcess stranger = ServerProcess.Launch(
            state,
            [],
            [
                "run", "--cluster", "--set", TestEngine.Setting, "--set", "https.bind=\"127.0.0.1:0\"", "--set", TestTransport.At(FreePort.Next()), "--set", "http.enabled=off", "--set", "admin.bind=\"127.0.0.1:0\"", "--set", $"cluster.secret=\"{ClusterOfServers.NewSecret()}\"", "--set", $"state-directory=\"{state.Path}/state\"",
                "--set", $"cluster.seed-nodes=[\"{nodes.Cluster[0].Name}\"]",
            ]);

        await Eventually.HoldsAsync(
            () => Task.FromResult(Says(nodes.Cluster[0].Process.Errors) || Says(stranger.Errors)),
            "one of them says why",
            Patience);
        // Akka.Remote gives up where its own certificate is refused, sooner or later.
        await Eventually.HoldsAsync(async () => stranger.HasExited || (stranger.AdminPort != 0 && await stranger.ReadinessAsync() == 503), "it is not ready", Patience);
        if (stranger.HasExited)
            Assert.Equal(ExitCode.Failed, await stranger.ExitAsync());
        using AdminClient admin = nodes.Cluster[0].Admin();
        Assert.Equal(3, (await admin.ListNodesAsync(CancellationToken.None)).Length);
    }

    private static async Task<ConnectionPage> AwaitMatchedAsync(AdminClient admin, string where, int count)
    {
        ConnectionPage? page = null;
        await Eventually.HoldsAsync(
            async () => (page = await admin.ListConnectionsAsync(new ConnectionQuery { Where = ConnectionFilter.Parse(where) }, CancellationToken.None)) is { Silent: [] } && page.Matched == count, $"{count} are found by '{where}'", Patience);
        return page!;
    }

    private static bool Says(string log) =>
        log.Contains("was not issued with this cluster's secret", StringComparison.Ordinal) || log.Contains("none of the CAs that are trusted for nodes has issued its certificate", StringComparison.Ordinal);

    private static HttpClient TrustingClient(int port) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
    })
    {
        // Its name may be that of another address as well, where somebody else has the port.
        BaseAddress = new Uri($"https://127.0.0.1:{port}/"),
        Timeout = TimeSpan.FromMinutes(2),
    };
}
