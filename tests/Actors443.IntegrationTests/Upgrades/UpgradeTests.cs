using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Actors443.Server.Admin;
using Actors443.Testing;
using Actors443.Testing.Http2;

namespace Actors443.IntegrationTests.Upgrades;

/// <summary>One process takes the place of another that serves, as an operator has it done.</summary>
public sealed class UpgradeTests
{
    private const string Site = """actors443.sites."*".respond { status = 200, body = "Here it is" }""";

    private static int Rounds => int.TryParse(Environment.GetEnvironmentVariable("ACTORS443_TEST_UPGRADES"), CultureInfo.InvariantCulture, out int rounds) ? rounds : 2;

    [SkippableFact]
    public async Task Under_load_no_connection_is_refused_and_no_request_fails()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux hands sockets over");
        await using ServerProcess server = await ServerProcess.StartAsync(Site, "drain.readiness-delay=10s");
        int port = server.HttpsPort;
        var processes = new List<int> { server.ProcessId };
        using var done = new CancellationTokenSource();
        Task<int>[] clients = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => ConnectAnewAsync(port, done.Token))), .. ((Version[])[HttpVersion.Version11, HttpVersion.Version20]).Select(version => Task.Run(() => KeepAliveAsync(port, version, done.Token)))];

        for (int round = 0; round < Rounds; round++)
        {
            UpgradeReport report = await server.UpgradeAsync();
            Assert.Equal((processes[^1], server.ProcessId), (report.Before, report.Now));
            // Not after the readiness delay: nobody has to be shown anything.
            await Eventually.HoldsAsync(() => !ServerProcess.Lives(processes[^1]), "the process before has ended", TimeSpan.FromSeconds(9));
            Assert.Equal(server.ProcessId, (await server.StatusAsync()).ProcessId);
            processes.Add(server.ProcessId);
        }

        await done.CancelAsync();
        foreach (int requests in await Task.WhenAll(clients))
            Assert.True(requests > Rounds, $"{requests} requests");
        Assert.Equal(Rounds + 1, processes.Distinct().Count());
    }

    [SkippableFact]
    public async Task What_a_client_of_http2_is_about_to_ask_when_it_hears_of_the_end_it_asks_the_new_process()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux hands sockets over");
        await using ServerProcess server = await ServerProcess.StartAsync(Site);
        int port = server.HttpsPort;
        List<StallingStream> connections = [];
        using HttpClient client = AnyCertificate.Client(HttpVersion.Version20, async (_, cancellationToken) =>
        {
            var tcp = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await tcp.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
            connections.Add(new StallingStream(new NetworkStream(tcp, ownsSocket: true)));
            return connections[^1];
        });
        Assert.Equal("Here it is", await AskAsync());
        StallingStream before = Assert.Single(connections);

        await using FrameClient witness = await FrameClient.ConnectAnsweredAsync(port);

        before.Stall();
        Task<string> first = AskAsync();
        await Eventually.HoldsAsync(() => before.IsWriting, "something is being written");
        Task<string> next = AskAsync();
        Task<UpgradeReport> upgrade = server.UpgradeAsync();
        await Eventually.HoldsAsync(() => witness.GoneAway is not null, "the process before says GOAWAY", TimeSpan.FromSeconds(60));
        // If the end came at once, it would have come by then.
        await witness.Ended.WaitAsync(TimeSpan.FromMilliseconds(100)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        before.GoOn();

        Assert.Equal("Here it is", await first);
        Assert.Equal("Here it is", await next);
        Assert.True(connections.Count > 1, "the client has connected to the new process");
        await upgrade;

        Task<string> AskAsync() => client.GetStringAsync(new Uri($"https://localhost:{port}/"));
    }

    [SkippableFact]
    public async Task A_session_is_resumed_by_the_new_process()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux hands sockets over");
        Skip.If(TestEngine.Name == "portable", "with the portable engine tickets are the runtime's own");
        Skip.If(OpenSslClient.Missing is not null, OpenSslClient.Missing);
        using var folder = new TemporaryFolder();
        string session = Path.Combine(folder.Path, "session");
        await using ServerProcess server = await ServerProcess.StartAsync(Site);
        Assert.False(await OpenSslClient.ConnectAsync(server.HttpsPort, ["-tls1_3", "-sess_out", session]));

        await server.UpgradeAsync();

        Assert.True(await OpenSslClient.ConnectAsync(server.HttpsPort, ["-tls1_3", "-sess_in", session]));
    }

    [SkippableFact]
    public async Task A_new_process_that_does_not_serve_leaves_the_one_before_as_it_was()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux hands sockets over");
        using var folder = new TemporaryFolder();
        string file = folder.Write("site.conf", Site);
        await using ServerProcess server = await ServerProcess.StartAsync($"include \"{file}\"");
        int before = server.ProcessId;
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        await File.WriteAllTextAsync(file, "actors443.https.tls = nonsense");

        AdminException problem = await Assert.ThrowsAsync<AdminException>(server.UpgradeAsync);

        Assert.Matches(@"409: the new process \d+ ended with 2 before it served; it has written why\. The one before goes on$", problem.Message);
        Assert.Contains("nonsense", server.Errors, StringComparison.Ordinal);
        Assert.Equal(200, (await client.GetAsync()).Status);
        Assert.Equal((before, "running"), await ProcessAndPhaseAsync(server));

        await File.WriteAllTextAsync(file, Site);
        await server.UpgradeAsync();
        await Eventually.HoldsAsync(() => !ServerProcess.Lives(before), "the process before has ended");
    }

    [SkippableFact]
    public async Task The_signal_does_the_same()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux hands sockets over");
        await using ServerProcess server = await ServerProcess.StartAsync(Site);
        int before = server.ProcessId;

        server.Signal(ServerProcess.User2);

        await Eventually.HoldsAsync(server.HasSuccessorAsync, "another process answers", TimeSpan.FromSeconds(60));
        await Eventually.HoldsAsync(() => !ServerProcess.Lives(before), "the process before has ended");
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        Assert.Equal(200, (await client.GetAsync()).Status);
    }

    [SkippableFact]
    public async Task The_new_process_may_have_another_engine_and_other_loops()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux hands sockets over");
        var state = new TemporaryFolder();
        string file = state.Write("site.conf", Site);
        await using ServerProcess server = ServerProcess.Launch(state, [], ["run", file, .. Settings(state, "https.bind=\"127.0.0.1:0\"", "http.bind=\"127.0.0.1:0\"")]);
        await ServesAsync(server);
        int port = server.HttpsPort;
        foreach ((string engine, int loops) in (List<(string, int)>)[("event-loop", 5), ("event-loop", 1), ("portable", 1), ("event-loop", 2)])
        {
            await File.WriteAllTextAsync(file, $"{Site}\nactors443 {{ engine = {engine}, event-loop.loops = {loops} }}");
            await server.UpgradeAsync();
            Assert.Equal(engine, (await server.StatusAsync()).Engine);
            // Of every socket of the port somebody accepts.
            for (int number = 0; number < 20; number++)
            {
                await using TlsClient client = await TlsClient.ConnectAsync(port);
                Assert.Equal(200, (await client.GetAsync()).Status);
            }
        }
    }

    [SkippableFact]
    public async Task A_node_of_a_cluster_is_not_replaced_in_place()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux hands sockets over");
        int port = FreePort.Next();
        using var folder = new TemporaryFolder();
        string secret = folder.Write("secret", ClusterOfServers.NewSecret());
        await using ServerProcess server = await ServerProcess.StartAsync(
            Site, "cluster.enabled=on", $"cluster.bind=\"127.0.0.1:{port}\"", $"cluster.seed-nodes=[\"127.0.0.1:{port}\"]", $"cluster.secret=\"file:{secret}\"");

        AdminException problem = await Assert.ThrowsAsync<AdminException>(server.UpgradeAsync);

        Assert.Contains("a node of a cluster is not replaced in place", problem.Message, StringComparison.Ordinal);
        Assert.Equal("running", (await server.StatusAsync()).Phase);
    }

    [SkippableFact]
    public async Task It_serves_on_sockets_that_systemd_has_opened_and_closes_those_that_nobody_wants()
    {
        Skip.If(!OperatingSystem.IsLinux() || TestProgram.Find("perl") is null, "needs Linux, and perl to open sockets as systemd does");
        (int wanted, int unwanted) = (FreePort.Next(), FreePort.Next());
        var state = new TemporaryFolder();
        await using ServerProcess server = ServerProcess.Launch(
            state,
            ["perl", "-e", SystemdInPerl, $"{wanted}", $"{unwanted}"],
            ["run", state.Write("site.conf", Site), .. Settings(state, TestEngine.Setting, $"https.bind=\"127.0.0.1:{wanted}\"", "http.enabled=off")]);

        await ServesAsync(server);

        await using TlsClient client = await TlsClient.ConnectAsync(wanted);
        Assert.Equal(200, (await client.GetAsync()).Status);
        await Eventually.HoldsAsync(() => server.Errors.Contains($"A listening socket on 127.0.0.1:{unwanted} was handed to this process, and no listener wants it", StringComparison.Ordinal), "what nobody wants is told");
        using var refused = new TcpClient(AddressFamily.InterNetwork);
        await Assert.ThrowsAsync<SocketException>(() => refused.ConnectAsync(IPAddress.Loopback, unwanted));

        // What systemd has opened is handed on.
        await server.UpgradeAsync();
        await using TlsClient again = await TlsClient.ConnectAsync(wanted);
        Assert.Equal(200, (await again.GetAsync()).Status);
    }

    // Descriptors from 3 on, and the number of the process in which the program then runs.
    private const string SystemdInPerl = """
        use Socket; $^F = 99;
        for (1, 2) { socket(my $s, PF_INET, SOCK_STREAM, 0) or die; bind($s, sockaddr_in(shift @ARGV, INADDR_LOOPBACK)) or die; listen($s, 64) or die; push @open, $s }
        $ENV{LISTEN_PID} = $$; $ENV{LISTEN_FDS} = 2; exec @ARGV;
        """;

    private static IEnumerable<string> Settings(TemporaryFolder state, params string[] settings) =>
        ((string[])[.. settings, "admin.bind=\"127.0.0.1:0\"", $"state-directory=\"{state.Path}/state\""]).SelectMany(setting => (string[])["--set", setting]);

    private static Task ServesAsync(ServerProcess server) =>
        Eventually.HoldsAsync(async () => server.AdminPort != 0 && await server.ReadinessAsync() == 200, "the server is ready", TimeSpan.FromSeconds(60));

    private static async Task<(int Process, string Phase)> ProcessAndPhaseAsync(ServerProcess server)
    {
        ServerStatus status = await server.StatusAsync();
        return (status.ProcessId, status.Phase);
    }

    // Nothing is tried again: each connection must be accepted, and answered.
    private static async Task<int> ConnectAnewAsync(int port, CancellationToken done)
    {
        int requests = 0;
        while (!done.IsCancellationRequested)
        {
            await using TlsClient client = await TlsClient.ConnectAsync(port);
            Assert.Equal(200, (await client.GetAsync()).Status);
            requests++;
        }

        return requests;
    }

    // Goes when it is asked to, as clients of HTTP do.
    private static async Task<int> KeepAliveAsync(int port, Version version, CancellationToken done)
    {
        using HttpClient client = AnyCertificate.Client(version);
        int requests = 0;
        while (!done.IsCancellationRequested)
        {
            Assert.Equal("Here it is", await client.GetStringAsync(new Uri($"https://localhost:{port}/"), CancellationToken.None));
            requests++;
        }

        return requests;
    }
}
