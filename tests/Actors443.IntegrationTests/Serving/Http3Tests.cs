using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Actors443.Connections;
using Actors443.Engine.Quic;
using Actors443.Hosting;
using Actors443.Supervision;
using Actors443.Testing;
using Actors443.Tls.Deciding;
using Akka.Actor;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Actors443.IntegrationTests.Serving;

/// <summary>HTTP/3 over real QUIC, with the framework's client. Where there is no libmsquic these are skipped, and one that needs it to be missing runs.</summary>
public sealed class Http3Tests
{
    private const string Site = """actors443.sites { "*" { respond = "hello" } }""";

    [SkippableFact]
    public async Task A_request_is_answered_over_QUIC_and_its_connection_has_an_actor()
    {
        NeedsQuic();
        await using RunningServer server = await RunningServer.StartAsync(Site);
        using HttpClient client = server.CreateClient(HttpVersion.Version30);

        using HttpResponseMessage response = await client.GetAsync("");

        Assert.Equal(HttpVersion.Version30, response.Version);
        Assert.Equal("hello", await response.Content.ReadAsStringAsync());
        ConnectionSnapshot connection = Assert.Single(await server.ConnectionsAsync());
        Assert.Equal("h3", connection.ApplicationProtocol);
        Assert.Equal(System.Security.Authentication.SslProtocols.Tls13, connection.TlsVersion);
        Assert.Equal("localhost", connection.ServerName);
        Assert.Equal(ConnectionState.Open, connection.State);
        Assert.Equal(1, connection.Requests);
        Assert.Equal(0, connection.RequestsInFlight);
    }

    [SkippableFact]
    public async Task Clients_of_other_versions_are_told_of_it_and_only_they()
    {
        NeedsQuic();
        await using RunningServer server = await RunningServer.StartAsync(Site);

        Assert.Equal($"h3=\":{server.HttpsPort}\"", await AltSvcAsync(server, HttpVersion.Version11));
        Assert.Equal($"h3=\":{server.HttpsPort}\"", await AltSvcAsync(server, HttpVersion.Version20));
        Assert.Null(await AltSvcAsync(server, HttpVersion.Version30));
    }

    [Fact]
    public async Task Nobody_is_told_of_what_is_switched_off()
    {
        await using RunningServer server = await RunningServer.StartAsync(Site, "https.http3=off");

        Assert.Null(await AltSvcAsync(server, HttpVersion.Version20));
    }

    [SkippableFact]
    public async Task Without_QUIC_the_server_serves_and_says_nothing_of_it_unless_it_is_demanded()
    {
        Skip.If(QuicPlatform.Missing is null, "this machine has libmsquic");
        await using RunningServer server = await RunningServer.StartAsync(Site);
        Assert.Null(await AltSvcAsync(server, HttpVersion.Version20));

        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => RunningServer.StartAsync(Site, "https.http3=on"));

        Assert.Contains("https.http3 = on", refused.Message, StringComparison.Ordinal);
        Assert.Contains("libmsquic", refused.Message, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_UDP_port_that_is_taken_is_an_error_only_if_HTTP3_is_demanded()
    {
        NeedsQuic();
        await using RunningServer first = await RunningServer.StartAsync(Site);
        using var taken = new System.Net.Sockets.UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)taken.Client.LocalEndPoint!).Port;

        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => RunningServer.StartAsync(Site, "https.http3=on", $"https.bind=[\"127.0.0.1:{port}\"]"));
        Assert.Contains($"UDP 127.0.0.1:{port}", refused.Message, StringComparison.Ordinal);

        await using RunningServer second = await RunningServer.StartAsync(Site, $"https.bind=[\"127.0.0.1:{port}\"]");
        Assert.Null(await AltSvcAsync(second, HttpVersion.Version20));
    }

    [SkippableFact]
    public async Task Its_part_of_a_listener_may_fail_and_old_and_new_connections_are_served_as_before()
    {
        NeedsQuic();
        await using RunningServer server = await RunningServer.StartAsync(Site);
        using HttpClient open = server.CreateClient(HttpVersion.Version30);
        await open.GetStringAsync("");
        ConnectionSnapshot connection = Assert.Single(await server.ConnectionsAsync());
        IActorRef part = await server.System.ActorSelection($"/user/{ActorNames.Root}/listeners/{connection.Listener}/{ActorNames.Quic}").ResolveOne(TimeSpan.FromSeconds(5));

        part.Tell(Kill.Instance);
        // Answered once it is restarted: messages wait in its mailbox.
        await part.Ask<ActorIdentity>(new Identify(0), TimeSpan.FromSeconds(10));

        await open.GetStringAsync("");
        Assert.Equal(connection.Id, Assert.Single(await server.ConnectionsAsync()).Id);
        using HttpClient newcomer = server.CreateClient(HttpVersion.Version30);
        Assert.Equal("hello", await newcomer.GetStringAsync(""));
        Assert.Equal(2, (await server.ConnectionsAsync()).Count);
        Assert.Equal($"h3=\":{server.HttpsPort}\"", await AltSvcAsync(server, HttpVersion.Version20));
        await server.StopAsync();
        // By the new life, which knows what is bound.
        Assert.Equal("clear", server.Environment.Http3Offer.AltSvc);
    }

    [SkippableFact]
    public async Task A_new_certificate_is_shown_to_new_connections_while_old_ones_go_on()
    {
        NeedsQuic();
        using var folder = new TemporaryFolder();
        using var issuer = new TestCertificates();
        TestCertificate before = issuer.Issue("localhost");
        TestCertificate after = issuer.Issue("localhost");
        string pem = before.WriteSingle(folder, "site.pem").Chain!;
        await using RunningServer server = await RunningServer.StartAsync(Site, $"certificates.files=[\"{pem}\"]", "https.http3=on");
        var shown = new List<string>();
        using HttpClient old = Recording(server, shown);
        Assert.Equal("hello", await old.GetStringAsync(""));

        after.WriteSingle(folder, "site.pem");
        await Eventually.HoldsAsync(
            async () =>
            {
                using HttpClient young = Recording(server, shown);
                await young.GetStringAsync("");
                return shown[^1] == after.Thumbprint;
            },
            "the new certificate is shown");

        Assert.Equal(before.Thumbprint, shown[0]);
        int handshakes = shown.Count;
        Assert.Equal("hello", await old.GetStringAsync(""));
        Assert.Equal(handshakes, shown.Count);
    }

    [SkippableFact]
    public async Task A_client_may_have_no_more_connections_than_by_TCP()
    {
        NeedsQuic();
        await using RunningServer server = await RunningServer.StartAsync(Site, "admission.per-client.exempt=[]", "admission.per-client.connections=2");
        using HttpClient first = server.CreateClient(HttpVersion.Version30);
        using HttpClient second = server.CreateClient(HttpVersion.Version20);
        using HttpClient third = server.CreateClient(HttpVersion.Version30);
        await first.GetStringAsync("");
        await second.GetStringAsync("");

        await Assert.ThrowsAsync<HttpRequestException>(() => third.GetStringAsync(""));

        Assert.Equal(2, server.Environment.Gate.Connections);
        Assert.Equal(0, server.Environment.Gate.Handshakes);
        Assert.Equal("hello", await first.GetStringAsync(""));
    }

    [SkippableFact]
    public async Task A_connection_is_closed_by_its_actor_with_a_reason()
    {
        NeedsQuic();
        await using RunningServer server = await RunningServer.StartAsync(Site);
        using HttpClient client = server.CreateClient(HttpVersion.Version30);
        await client.GetStringAsync("");
        string id = (await server.ConnectionsAsync())[0].Id;

        Assert.True(await server.Supervisor.Ask<bool>(new TellConnection(id, new Close()), TimeSpan.FromSeconds(10)));

        await Eventually.HoldsAsync(async () => (await server.ConnectionsAsync()).Count == 0, "the connection is gone");
        await Eventually.HoldsAsync(() => server.Environment.Gate.Connections == 0, "it is counted no more");
        // The client finds out and makes another.
        Assert.Equal("hello", await client.GetStringAsync(""));
    }

    [SkippableFact]
    public async Task An_idle_connection_is_closed()
    {
        NeedsQuic();
        await using RunningServer server = await RunningServer.StartAsync(Site, "deadlines.idle=1s");
        using HttpClient client = server.CreateClient(HttpVersion.Version30);
        await client.GetStringAsync("");

        await Eventually.HoldsAsync(async () => (await server.ConnectionsAsync()).Count == 0, "the connection is gone");
    }

    [SkippableFact]
    public async Task What_is_under_way_when_the_server_drains_is_answered()
    {
        NeedsQuic();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using Engine.EngineHost host = await Engine.EngineHost.StartAsync(
            Configuration.EngineKind.Auto,
            settings => settings with { Https = settings.Https with { Http3 = Configuration.Http3Mode.On } },
            application => application.MapGet("/slow", async (HttpContext context) =>
            {
                begun.TrySetResult();
                await goOn.Task;
                return context.Features.Get<IActorConnectionFeature>()!.Actor.IsNobody() ? "nobody's" : "owned";
            }));
        using HttpClient client = host.CreateClient(HttpVersion.Version30);
        Task<string> slow = client.GetStringAsync("slow");
        await begun.Task;
        using var within = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        Task stopping = host.StopAsync(within.Token);

        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()) is [{ State: ConnectionState.Draining }], "it drains");
        using HttpClient late = host.CreateClient(HttpVersion.Version30);
        await Assert.ThrowsAsync<HttpRequestException>(() => late.GetStringAsync(""));
        goOn.TrySetResult();

        Assert.Equal("owned", await slow);
        await stopping;
    }

    [SkippableFact]
    public async Task Large_bodies_arrive_whole_both_ways()
    {
        NeedsQuic();
        await using Engine.EngineHost host = await Engine.EngineHost.StartAsync(Configuration.EngineKind.Auto);
        using HttpClient client = host.CreateClient(HttpVersion.Version30);
        byte[] body = System.Security.Cryptography.RandomNumberGenerator.GetBytes(5_000_000);

        // Not an echo: the framework's client reads nothing before it has sent all.
        using HttpResponseMessage up = await client.PostAsync("digest", new ByteArrayContent(body));
        byte[] down = await client.GetByteArrayAsync("bytes/5000000");

        Assert.Equal(HttpVersion.Version30, up.Version);
        Assert.Equal(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(body)), await up.Content.ReadAsStringAsync());
        Assert.Equal(5_000_000, down.Length);
    }

    [SkippableFact]
    public async Task Client_certificates_are_demanded_and_checked_as_over_TCP()
    {
        NeedsQuic();
        using var folder = new TemporaryFolder();
        using var clients = new TestCertificates("Clients");
        using var strangers = new TestCertificates("Strangers");
        string ca = folder.Write("clients.pem", clients.CertificatePem);
        await using RunningServer server = await RunningServer.StartAsync(Site, $"https.client-certificates.ca=\"{ca}\"", "https.client-certificates.mode=require");
        using HttpClient known = server.CreateClient(HttpVersion.Version30, clients.IssueClient("alice").WithKey);
        using HttpClient stranger = server.CreateClient(HttpVersion.Version30, strangers.IssueClient("mallory").WithKey);
        using HttpClient nobody = server.CreateClient(HttpVersion.Version30);

        Assert.Equal("hello", await known.GetStringAsync(""));
        Assert.Contains("alice", Assert.Single(await server.ConnectionsAsync()).ClientCertificate, StringComparison.Ordinal);
        await Assert.ThrowsAsync<HttpRequestException>(() => stranger.GetStringAsync(""));
        await Assert.ThrowsAsync<HttpRequestException>(() => nobody.GetStringAsync(""));
    }

    [SkippableFact]
    public async Task A_decider_of_the_application_is_asked_and_may_take_its_time()
    {
        NeedsQuic();
        var decider = new Decider();
        await using Engine.EngineHost host = await Engine.EngineHost.StartAsync(Configuration.EngineKind.Auto, options: options => options.DecideHandshakes(decider));
        using HttpClient refused = host.CreateClient(HttpVersion.Version30);
        using HttpClient accepted = host.CreateClient(HttpVersion.Version30);

        await Assert.ThrowsAsync<HttpRequestException>(() => refused.GetStringAsync(""));
        decider.Accepts = true;

        Assert.Equal("Hello", await accepted.GetStringAsync(""));
        Assert.Equal(["localhost", "localhost"], decider.Asked);
    }

    private static void NeedsQuic() => Skip.If(QuicPlatform.Missing is not null, QuicPlatform.Missing ?? "");

    private static async Task<string?> AltSvcAsync(RunningServer server, Version version)
    {
        using HttpClient client = server.CreateClient(version);
        using HttpResponseMessage response = await client.GetAsync("");
        Assert.Equal(version, response.Version);
        return response.Headers.TryGetValues("Alt-Svc", out IEnumerable<string>? values) ? Assert.Single(values) : null;
    }

    private static HttpClient Recording(RunningServer server, List<string> shown) => new(new SocketsHttpHandler
    {
        UseProxy = false,
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                shown.Add((certificate as X509Certificate2)?.Thumbprint ?? "none");
                return certificate is not null;
            },
        },
    })
    {
        BaseAddress = server.Https,
        DefaultRequestVersion = HttpVersion.Version30,
        DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private sealed class Decider : IHandshakeDecider
    {
        public bool Accepts { get; set; }

        public List<string?> Asked { get; } = [];

        public HandshakeReply? Decide(HandshakeHello hello)
        {
            Asked.Add(hello.ServerName);
            var reply = new HandshakeReply();
            _ = Task.Run(() => Accepts ? reply.Accept() : reply.Refuse("not yet"));
            return reply;
        }
    }
}
