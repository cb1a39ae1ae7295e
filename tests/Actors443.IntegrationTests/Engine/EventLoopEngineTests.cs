using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Engine.EventLoop;
using Actors443.Hosting;
using Actors443.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.IntegrationTests.Engine;

/// <summary>What only the event-loop engine has.</summary>
public sealed class EventLoopEngineTests
{
    [Theory]
    [InlineData("-tls1_3")]
    [InlineData("-tls1_2")]
    public async Task A_session_is_resumed_until_its_key_is_gone(string version)
    {
        if (OpenSslClient.Missing is not null)
            return;
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop);
        using var folder = new TemporaryFolder();
        string session = Path.Combine(folder.Path, "session.pem");
        Assert.False(await OpenSslClient.ConnectAsync(host.Port, version, "-sess_out", session));

        Assert.True(await OpenSslClient.ConnectAsync(host.Port, version, "-sess_in", session));
        PublishedRotations rotations = new(host);
        rotations.Rotate();
        Assert.True(await OpenSslClient.ConnectAsync(host.Port, version, "-sess_in", session));
        rotations.Rotate();
        rotations.Rotate();
        Assert.False(await OpenSslClient.ConnectAsync(host.Port, version, "-sess_in", session));
    }

    [Fact]
    public async Task A_client_that_does_not_close_what_was_refused_is_let_go_with_its_loop()
    {
        EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop);
        using var tcp = new TcpClient(AddressFamily.InterNetwork);
        await tcp.ConnectAsync(IPAddress.Loopback, host.Port);
        await tcp.GetStream().WriteAsync("nothing that we speak"u8.ToArray());
        await Eventually.HoldsAsync(async () => await tcp.GetStream().ReadAsync(new byte[1]) == 0, "it is refused");

        await host.EndAsync();
    }

    [Fact]
    public async Task A_resumed_session_gets_a_ticket_to_resume_again()
    {
        if (OpenSslClient.Missing is not null)
            return;
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop);
        using var folder = new TemporaryFolder();
        string session = Path.Combine(folder.Path, "session.pem");
        await OpenSslClient.ConnectAsync(host.Port, "-tls1_3", "-sess_out", session);
        for (int round = 0; round < 5; round++)
            Assert.True(await OpenSslClient.ConnectAsync(host.Port, "-tls1_3", "-sess_in", session, "-sess_out", session));
    }

    [Fact]
    public async Task Another_process_with_the_same_secret_and_certificate_resumes_the_session()
    {
        if (OpenSslClient.Missing is not null)
            return;
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates();
        TestCertificate certificate = authority.Issue("localhost");
        string chain = folder.Write("site.pem", certificate.ChainPem);
        string key = folder.Write("site.key", certificate.KeyPem);
        string[] settings =
        [
            "engine=event-loop", $"certificates.files=[{{ chain = \"{chain}\", key = \"{key}\" }}]", "certificates.local-ca.enabled=off",
            "certificates.ticket-keys.shared-secret=\"0123456789abcdef0123456789abcdef\"",
        ];
        await using ServerProcess first = await ServerProcess.StartAsync(null, settings);
        await using ServerProcess second = await ServerProcess.StartAsync(null, settings);
        await using ServerProcess stranger = await ServerProcess.StartAsync(null, settings[..3]);
        string session = Path.Combine(folder.Path, "session.pem");
        Assert.False(await OpenSslClient.ConnectAsync(first.HttpsPort, "-tls1_3", "-sess_out", session));

        Assert.True(await OpenSslClient.ConnectAsync(second.HttpsPort, "-tls1_3", "-sess_in", session));
        Assert.False(await OpenSslClient.ConnectAsync(stranger.HttpsPort, "-tls1_3", "-sess_in", session));
    }

    [Fact]
    public async Task Actors_live_on_the_loop_of_their_connection()
    {
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop, settings => settings with { EventLoop = settings.EventLoop with { Loops = 3 } });
        var loops = (EventLoopEngine)host.Engine;
        TlsClient[] clients = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => TlsClient.ConnectAsync(host.Port)));

        Assert.Equal(30, (await host.ConnectionsAsync()).Count);
        Assert.Equal(30, loops.Loops.Sum(loop => loop.Connections));
        foreach (TlsClient client in clients)
            await client.DisposeAsync();
    }

    [Fact]
    public async Task A_blocked_loop_is_reported_with_its_request()
    {
        using var log = new LinesOfLog();
        using var release = new ManualResetEventSlim();
        using var blocked = new CountOf("actors443.loop.blocked");
        await using EngineHost host = await EngineHost.StartAsync(
            EngineKind.EventLoop,
            settings => settings with { EventLoop = new EventLoopSettings { Applications = ApplicationThreads.Loop, BlockedAfter = TimeSpan.FromMilliseconds(50) } },
            application => application.MapGet("/blocks", () =>
            {
                release.Wait();
                return "late";
            }),
            log);
        using HttpClient client = host.CreateClient(HttpVersion.Version11);
        Task<string> late = client.GetStringAsync("/blocks");

        await Eventually.HoldsAsync(() => log.Lines.Any(line => line.Contains("GET localhost", StringComparison.Ordinal) && line.Contains("/blocks", StringComparison.Ordinal)), "the watchdog reports");
        release.Set();
        Assert.Equal("late", await late);
        Assert.InRange(blocked.Total, 1, long.MaxValue);
    }

    [Theory]
    [InlineData(LoopScheduling.Batch, 3)]
    [InlineData(LoopScheduling.Normal, 0)]
    public async Task Loops_are_scheduled_as_they_are_set(LoopScheduling scheduling, int policy)
    {
        await using EngineHost host = await EngineHost.StartAsync(
            EngineKind.EventLoop,
            settings => settings with { EventLoop = new EventLoopSettings { Applications = ApplicationThreads.Loop, Scheduling = scheduling } },
            application => application.MapGet("/policy", PolicyOfThisThread));
        using HttpClient client = host.CreateClient(HttpVersion.Version11);

        Assert.Equal(policy.ToString(CultureInfo.InvariantCulture), await client.GetStringAsync("/policy"));
    }

    [Theory]
    [InlineData(ApplicationThreads.Loop)]
    [InlineData(ApplicationThreads.ThreadPool)]
    public async Task Requests_of_HTTP2_run_where_applications_are_to_run(ApplicationThreads threads)
    {
        var seen = new System.Collections.Concurrent.ConcurrentBag<string>();
        await using EngineHost host = await EngineHost.StartAsync(
            EngineKind.EventLoop,
            settings => settings with { EventLoop = new EventLoopSettings { Loops = 1, Applications = threads } },
            application => application.MapPost("/where", async context =>
            {
                seen.Add(EventLoop.Current is null ? "pool" : "loop");
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                seen.Add(EventLoop.Current is null ? "pool" : "loop");
                await context.Response.Body.WriteAsync(body.ToArray());
            }));
        using HttpClient client = host.CreateClient(HttpVersion.Version20);
        byte[] sent = new byte[1_000];
        new Random(1).NextBytes(sent);

        await Task.WhenAll(Enumerable.Range(0, 40).Select(async _ =>
        {
            using HttpResponseMessage answer = await client.PostAsync("/where", new ByteArrayContent(sent));
            Assert.Equal(sent, await answer.Content.ReadAsByteArrayAsync());
        }));

        Assert.Equal(80, seen.Count);
        Assert.All(seen, place => Assert.Equal(threads == ApplicationThreads.Loop ? "loop" : "pool", place));
    }

    [Fact]
    public async Task An_application_that_blocks_keeps_nobody_else_from_being_served()
    {
        using var release = new ManualResetEventSlim();
        await using EngineHost host = await EngineHost.StartAsync(
            EngineKind.EventLoop,
            settings => settings with { EventLoop = new EventLoopSettings { Loops = 1 } },
            application => application.MapGet("/blocks", () =>
            {
                Assert.Null(EventLoop.Current);
                release.Wait();
                return "late";
            }));
        using HttpClient client = host.CreateClient(HttpVersion.Version11);
        Task<string> late = client.GetStringAsync("/blocks");
        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Any(connection => connection.RequestsInFlight == 1), "it blocks");

        Assert.Equal("Hello", await client.GetStringAsync("/"));
        release.Set();
        Assert.Equal("late", await late);
    }

    [Theory]
    [InlineData("libssl.so.none", "libcrypto.so.3", "libssl.so.none (OpenSSL 3) was not found; install it")]
    [InlineData("libc.so.6", "libcrypto.so.3", "libc.so.6 has no SSL_CTX_new; OpenSSL 3.0 or later is needed")]
    [InlineData("libssl.so.3", "libc.so.6", "libssl.so.3 has no BIO_meth_new; OpenSSL 3.0 or later is needed")]
    public void A_library_that_is_missing_or_too_old_is_named(string ssl, string crypto, string problem) =>
        Assert.StartsWith(problem, Actors443.Engine.EventLoop.Interop.OpenSsl.FindMissing(ssl, crypto), StringComparison.Ordinal);

    [Fact]
    public async Task A_connection_that_kestrel_does_not_end_is_given_up()
    {
        var never = new TaskCompletionSource();
        await using EngineHost host = await EngineHost.StartAsync(
            EngineKind.EventLoop,
            settings => settings with { Deadlines = settings.Deadlines with { Idle = TimeSpan.FromSeconds(1) } },
            application => application.MapGet("/hangs", (HttpContext context) =>
            {
                context.Features.GetRequiredFeature<IConnectionCompleteFeature>().OnCompleted(_ => never.Task, context);
                return "hello";
            }));
        await using (TlsClient client = await TlsClient.ConnectAsync(host.Port))
        {
            await client.SendAsync("GET /hangs HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.Equal(200, (await client.ReadAnswerAsync()).Status);
        }

        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Count == 0 && host.Environment.Gate.Connections == 0, "it is given up", TimeSpan.FromSeconds(30));
        never.SetResult();
    }

    [Fact]
    public async Task A_loop_with_much_to_do_gives_new_connections_to_another()
    {
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop, settings => settings with { EventLoop = settings.EventLoop with { Loops = 2 } });
        IReadOnlyList<ConnectionLoop> loops = ((EventLoopEngine)host.Engine).Loops;
        for (int connection = 0; connection < 1_000; connection++)
            loops[0].Enter();

        // The kernel spreads them over both listening sockets.
        TlsClient[] clients = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => TlsClient.ConnectAsync(host.Port)));

        Assert.Equal((1_000, 40), (loops[0].Connections, loops[1].Connections));
        Assert.Equal(200, (await clients[0].GetAsync()).Status);
        for (int connection = 0; connection < 1_000; connection++)
            loops[0].Leave();
        TlsClient[] more = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => TlsClient.ConnectAsync(host.Port)));
        Assert.NotEqual(0, loops[0].Connections);
        foreach (TlsClient client in clients.Concat(more))
            await client.DisposeAsync();
    }

    [Fact]
    public async Task Without_openssl_the_portable_engine_serves_and_one_line_says_so()
    {
        using var log = new LinesOfLog();
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.Portable, log: log);
        IConnectionEngine engine = EngineChoice.Make(host.Services, new Actors443Settings { Engine = EngineKind.EventLoop }, missing: "libssl.so.3 was not found");

        Assert.Equal("portable", engine.Name);
        Assert.Contains("engine = event-loop is not possible here: libssl.so.3 was not found. The portable engine serves instead", Assert.Single(log.Lines, line => line.Contains("not possible", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Kestrel_is_entered_on_the_loop()
    {
        using var log = new LinesOfLog();
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop, log: log);

        Assert.DoesNotContain(log.Lines, line => line.Contains("made otherwise than expected", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_abort_reaches_the_client_as_a_reset()
    {
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop);
        await using TlsClient client = await TlsClient.ConnectAsync(host.Port);
        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Count == 1, "it is open");
        ConnectionSnapshot connection = Assert.Single(await host.ConnectionsAsync());
        host.Tell(connection.Id, new Close());

        IOException cut = await Assert.ThrowsAsync<IOException>(async () => await client.Stream.ReadExactlyAsync(new byte[1]));
        Assert.Equal(System.Net.Sockets.SocketError.ConnectionReset, Assert.IsType<System.Net.Sockets.SocketException>(cut.InnerException).SocketErrorCode);
    }

    // Field 41 of proc(5)'s stat; the name before it may have blanks.
    private static string PolicyOfThisThread()
    {
        const int Policy = 41;
        const int FirstAfterName = 3;
        string stat = File.ReadAllText("/proc/thread-self/stat");
        return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[Policy - FirstAfterName];
    }

    private sealed class PublishedRotations(EngineHost host)
    {
        public void Rotate() => host.Environment.TicketKeys.Publish(host.Environment.TicketKeys.Current.Next(new TicketKeySettings { Keep = 1 }, TimeProvider.System));
    }

    /// <summary>What a counter has come to, of all servers in the process.</summary>
    private sealed class CountOf : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _total;

        public CountOf(string instrument)
        {
            _listener.InstrumentPublished = (published, listener) =>
            {
                if (published.Name == instrument)
                    listener.EnableMeasurementEvents(published);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _total, value));
            _listener.Start();
        }

        public long Total => Interlocked.Read(ref _total);

        public void Dispose() => _listener.Dispose();
    }
}
