using System.Net.Sockets;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Hosting;
using Actors443.IntegrationTests.Tunnels;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Routing;

/// <summary>The whole server with routes, and programs that everybody has.</summary>
public sealed class RoutingToolsTests
{
    public static TheoryData<string> Engines => ["event-loop", "portable"];

    [SkippableTheory]
    [MemberData(nameof(Engines))]
    public async Task An_SSH_session_beside_HTTPS_on_one_port(string engine)
    {
        Skip.If(SshServer.Missing is not null, SshServer.Missing);
        await using SshServer sshd = await SshServer.StartAsync();
        await using RunningServer server = await RunningServer.StartAsync(Hocon($$"""{ first-bytes = ssh, to = "127.0.0.1:{{sshd.Port}}" }"""), "engine=" + engine);

        // A session that goes on while the site is asked.
        Task<string> session = sshd.RunAsync(server.HttpsPort, "sleep 2; head -c 3000000 /dev/zero | sha256sum");
        using HttpClient https = server.CreateClient();
        Assert.Equal("This is the site", await https.GetStringAsync("/"));
        await Eventually.HoldsAsync(async () => (await server.ConnectionsAsync()).Any(one => one.State == ConnectionState.Routed && one.BytesWritten > 1000), "the session is on");
        ConnectionReport shown = (await server.System.GetConnectionDirectory().FindAsync(ConnectionFilter.Parse("state = routed"))).Connections[0];
        Assert.Equal(("routed", "ssh", $"127.0.0.1:{sshd.Port}"), (shown.State, shown.Route, shown.Upstream));
        Assert.Equal("This is the site", await https.GetStringAsync("/"));

        Assert.Contains(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(new byte[3_000_000])), await session, StringComparison.Ordinal);
    }

    [SkippableTheory]
    [MemberData(nameof(Engines))]
    public async Task Openssl_s_client_sees_the_upstreams_certificate_by_name_and_ours_beside(string engine)
    {
        Skip.If(TestProgram.Find("openssl") is null, "openssl is not installed");
        using var folder = new TemporaryFolder();
        using var authority = new TestCertificates("Upstream CA");
        authority.Issue(new TestCertificateOrder { Names = ["git.example.com"] }).WritePair(folder, "git");
        int port = FreePort.Next();
        await using TestProgram upstream = TestProgram.Start("openssl", ["s_server", "-accept", $"127.0.0.1:{port}", "-cert", $"{folder.Path}/git.pem", "-key", $"{folder.Path}/git.key", "-www", "-alpn", "h2,http/1.1"]);
        await Eventually.HoldsAsync(async () => await SshServer.ListensAsync(port), "the upstream listens");
        await using RunningServer server = await RunningServer.StartAsync(Hocon($$"""{ sni = "git.example.com", to = "localhost:{{port}}" }"""), "engine=" + engine);

        string passed = await AskAsync("git.example.com");
        string own = await AskAsync("site.test");

        Assert.Contains("issuer=CN = Upstream CA", passed, StringComparison.Ordinal);
        Assert.Contains("ALPN protocol: h2", passed, StringComparison.Ordinal);
        Assert.Contains("issuer=", own, StringComparison.Ordinal);
        Assert.DoesNotContain("Upstream CA", own, StringComparison.Ordinal);

        Task<string> AskAsync(string name) => TunnelClientTests.RunAsync("sh", "-c", $"openssl s_client -connect 127.0.0.1:{server.HttpsPort} -servername {name} -alpn h2 </dev/null");
    }

    [SkippableTheory]
    [MemberData(nameof(Engines))]
    public async Task Openssl_s_client_speaks_what_it_asks_for_by_ALPN(string engine)
    {
        Skip.If(TestProgram.Find("openssl") is null, "openssl is not installed");
        await using TargetServer upstream = TargetServer.Start(async stream =>
        {
            await RoutingHost.ReadAsync(stream, 5);
            await stream.WriteAsync("the upstream has heard"u8.ToArray());
        });
        await using RunningServer server = await RunningServer.StartAsync(Hocon($$"""{ alpn = mqtt, to = "{{upstream.Authority}}" }"""), "engine=" + engine);

        string said = await TunnelClientTests.RunAsync("sh", "-c", $"printf hello | openssl s_client -ign_eof -connect 127.0.0.1:{server.HttpsPort} -servername site.test -alpn mqtt,imap");

        Assert.Contains("ALPN protocol: mqtt", said, StringComparison.Ordinal);
        Assert.Contains("the upstream has heard", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_changes_routes_for_what_comes_and_leaves_what_is_open()
    {
        await using TargetServer one = Named("one");
        await using TargetServer two = Named("two");
        await using RunningServer server = await RunningServer.StartAsync(Hocon(To(one)));
        using TcpClient before = await SayAsync();
        Assert.Equal("one", await HearAsync(before));

        await server.ReloadAsync(Hocon(To(two)));
        using TcpClient after = await SayAsync();
        Assert.Equal("two", await HearAsync(after));
        await before.GetStream().WriteAsync("echo"u8.ToArray());
        Assert.Equal("echo"u8.ToArray(), await RoutingHost.ReadAsync(before.GetStream(), 4));
        await server.ReloadAsync(Hocon(""));
        using TcpClient none = await SayAsync();
        Assert.Empty(await RoutingHost.ReadToEndAsync(none.GetStream()));

        static string To(TargetServer target) => $$"""{ first-bytes = ssh, to = "{{target.Authority}}" }""";

        static TargetServer Named(string name) => TargetServer.Start(async stream =>
        {
            await RoutingHost.ReadAsync(stream, 4);
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes(name));
            await stream.CopyToAsync(stream);
        });

        async Task<TcpClient> SayAsync()
        {
            var client = new TcpClient(AddressFamily.InterNetwork);
            await client.ConnectAsync("127.0.0.1", server.HttpsPort);
            await client.GetStream().WriteAsync("SSH-"u8.ToArray());
            return client;
        }

        static async Task<string> HearAsync(TcpClient client) => System.Text.Encoding.ASCII.GetString(await RoutingHost.ReadAsync(client.GetStream(), 3));
    }

    private static string Hocon(string routes) => $$"""actors443 { sites { "*" { respond = "This is the site" } }, routes = [{{routes}}] }""";
}
