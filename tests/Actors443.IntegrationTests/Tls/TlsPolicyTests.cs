using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using Actors443.Connections;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tls;

public sealed class TlsPolicyTests : IAsyncLifetime
{
    private const string Sites = """
        actors443.sites."*" { routes = [ { path = "/*", respond { status = 200, type = "text/plain", body = "Hello" } } ] }
        """;

    private const int HandshakeFailure = 40;
    private const int ProtocolVersion = 70;
    private const int UnrecognizedName = 112;
    private const int NoApplicationProtocol = 120;

    private readonly TestCertificates _ca = new();
    private readonly TemporaryFolder _folder = new();
    private RunningServer _server = null!;

    public async Task InitializeAsync()
    {
        _ca.Issue("localhost").WritePair(_folder, "ecdsa");
        _ca.IssueRsa("localhost").WritePair(_folder, "rsa");
        _server = await RunningServer.StartAsync(Sites, $"certificates.directories=[\"{_folder.Path}\"]", "https.strict-sni=on", "certificates.local-ca.enabled=off");
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
        _ca.Dispose();
    }

    [Theory]
    [InlineData(SslProtocols.Tls12, "1.1")]
    [InlineData(SslProtocols.Tls13, "1.1")]
    [InlineData(SslProtocols.Tls12, "2.0")]
    [InlineData(SslProtocols.Tls13, "2.0")]
    public async Task Both_versions_of_tls_carry_both_versions_of_http(SslProtocols protocol, string version)
    {
        using var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = { EnabledSslProtocols = protocol, RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null } };
        using var client = new HttpClient(handler) { DefaultRequestVersion = Version.Parse(version), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };

        Assert.Equal("Hello", await client.GetStringAsync(_server.Https));

        ConnectionSnapshot connection = Assert.Single(await _server.ConnectionsAsync());
        Assert.Equal(protocol, connection.TlsVersion);
        Assert.Contains("GCM", connection.CipherSuite.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x0302)]
    [InlineData(0x0301)]
    [InlineData(0x0300)]
    public async Task Older_versions_are_refused_by_name(ushort version) =>
        Assert.Equal(ProtocolVersion, await new RawClientHello { Version = version, CipherSuites = [0xC013, 0xC014, 0xC02F] }.SendAsync(_server.HttpsPort));

    [Theory]
    [InlineData("CBC only", new ushort[] { 0xC009, 0xC00A, 0xC013, 0xC014, 0xC023, 0xC027 })]
    [InlineData("RSA key exchange only", new ushort[] { 0x009C, 0x009D, 0x002F, 0x0035 })]
    [InlineData("finite-field Diffie-Hellman only", new ushort[] { 0x009E, 0x009F })]
    public async Task A_client_without_forward_secret_aead_suites_is_refused(string offer, ushort[] suites)
    {
        Assert.NotEmpty(offer);
        Assert.Equal(HandshakeFailure, await new RawClientHello { CipherSuites = suites }.SendAsync(_server.HttpsPort));
    }

    [Fact]
    public async Task The_same_bytes_with_a_good_suite_are_answered_with_a_handshake() =>
        Assert.Null(await new RawClientHello().SendAsync(_server.HttpsPort));

    [Fact]
    public async Task Modern_refuses_tls_1_2()
    {
        await using RunningServer modern = await RunningServer.StartAsync(Sites, "https.tls=modern");

        Assert.Equal(ProtocolVersion, await new RawClientHello().SendAsync(modern.HttpsPort));
        await using TlsClient client = await TlsClient.ConnectAsync(modern.HttpsPort, protocols: SslProtocols.Tls13);
        Assert.Equal("Hello", (await client.GetAsync()).Body);
    }

    [Theory]
    [InlineData("imap", NoApplicationProtocol)]
    [InlineData("http/1.1", null)]
    public async Task Application_protocols_must_overlap(string protocol, int? alert) =>
        Assert.Equal(alert, await new RawClientHello { ApplicationProtocols = [protocol] }.SendAsync(_server.HttpsPort));

    [Theory]
    [InlineData("other.example", UnrecognizedName)]
    [InlineData(null, UnrecognizedName)]
    [InlineData("LOCALHOST", null)]
    public async Task Strict_sni_refuses_names_that_no_certificate_covers(string? name, int? alert) =>
        Assert.Equal(alert, await new RawClientHello { ServerName = name }.SendAsync(_server.HttpsPort));

    [Fact]
    public async Task Refusals_are_told_by_their_reason()
    {
        await new RawClientHello { Version = 0x0302 }.SendAsync(_server.HttpsPort);
        await new RawClientHello { CipherSuites = [0x002F] }.SendAsync(_server.HttpsPort);
        await new RawClientHello { ApplicationProtocols = ["imap"] }.SendAsync(_server.HttpsPort);
        await new RawClientHello { ServerName = "other.example" }.SendAsync(_server.HttpsPort);

        CloseReason[] expected = [CloseReason.NoSharedProtocol, CloseReason.NoSharedCipher, CloseReason.NoApplicationProtocol, CloseReason.UnknownServerName];
        await Eventually.HoldsAsync(
            async () => expected.All((await _server.ObituariesAsync()).Select(obituary => obituary.Reason).Contains),
            "an obituary of each refusal");
    }

    [Theory]
    [InlineData(new ushort[] { 0xC02F, 0xC030 }, new ushort[] { 0x0804, 0x0401 }, true)]
    [InlineData(new ushort[] { 0xC02B, 0xC02C }, new ushort[] { 0x0403 }, false)]
    [InlineData(new ushort[] { 0xC02B, 0xC02F }, new ushort[] { 0x0403, 0x0401 }, false)]
    public async Task A_client_is_shown_the_kind_of_key_that_it_can_check(ushort[] suites, ushort[] signatures, bool rsa)
    {
        byte[] hello = new RawClientHello { CipherSuites = suites, SignatureAlgorithms = signatures }.ToRecord();
        using var tcp = new System.Net.Sockets.TcpClient();
        await tcp.ConnectAsync(IPAddress.Loopback, _server.HttpsPort);
        await tcp.GetStream().WriteAsync(hello);

        byte[] head = new byte[5 + 4 + 2 + 32 + 1];
        await tcp.GetStream().ReadExactlyAsync(head);
        Assert.Equal(22, head[0]);
        byte[] rest = new byte[head[^1] + 2];
        await tcp.GetStream().ReadExactlyAsync(rest);
        int suite = (rest[^2] << 8) | rest[^1];
        Assert.Contains(suite, rsa ? (int[])[0xC02F, 0xC030] : [0xC02B, 0xC02C]);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task A_client_hello_that_comes_byte_by_byte_is_read(SslProtocols protocol)
    {
        await using TlsClient client = await TlsClient.ConnectAsync(_server.HttpsPort, protocols: protocol, wrap: stream => new TrickleStream(stream));

        Assert.Equal("Hello", (await client.GetAsync()).Body);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task The_next_connection_of_a_client_is_resumed(SslProtocols protocol)
    {
        bool isResumed = false;
        // Rarely the one after: .NET, here the client at least, lets go of all contexts not in use each time a process has 32 more.
        for (int connections = 0; connections < 4 && !isResumed; connections++)
        {
            await using TlsClient client = await TlsClient.ConnectAsync(_server.HttpsPort, protocols: protocol);
            await client.GetAsync();
            ConnectionSnapshot connection = (await _server.ConnectionsAsync()).Single(candidate => candidate.Remote.Equals(client.Local));
            Assert.Equal(protocol, connection.TlsVersion);
            isResumed = connection.Resumed == true;
        }

        Assert.True(isResumed);
    }

    [SkippableFact]
    public async Task An_attempt_to_renegotiate_ends_that_connection_and_nothing_else()
    {
        Skip.IfNot(File.Exists("/usr/bin/openssl"), "openssl is not installed");
        using var openssl = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo(
            "/usr/bin/openssl", ["s_client", "-connect", $"127.0.0.1:{_server.HttpsPort}", "-servername", "localhost", "-tls1_2", "-legacy_server_connect"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = openssl.StandardOutput.ReadToEndAsync();
        Task<string> errors = openssl.StandardError.ReadToEndAsync();
        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).Any(connection => connection.State == ConnectionState.Open), "openssl has connected");

        // A line of a single R asks s_client to renegotiate.
        await openssl.StandardInput.WriteAsync("R\n");
        await openssl.StandardInput.FlushAsync();
        await openssl.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Contains("RENEGOTIATING", await output + await errors, StringComparison.Ordinal);
        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).Count == 0, "the connection is gone");
        await using TlsClient other = await TlsClient.ConnectAsync(_server.HttpsPort);
        Assert.Equal("Hello", (await other.GetAsync()).Body);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Large_bodies_pass_whole_in_both_directions(string version)
    {
        await using Upstream echo = await Upstream.StartAsync(context => context.Request.Body.CopyToAsync(context.Response.Body));
        await using RunningServer proxy = await RunningServer.StartAsync($"actors443.sites.\"*\" = \"{echo.Address.GetLeftPart(UriPartial.Authority)}\"");
        using HttpClient client = proxy.CreateClient(Version.Parse(version));
        byte[] body = RandomNumberGenerator.GetBytes(5 * 1024 * 1024 + 17);

        using HttpResponseMessage answer = await client.PostAsync("/", new ByteArrayContent(body));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(SHA256.HashData(body), SHA256.HashData(await answer.Content.ReadAsByteArrayAsync()));
    }
}
