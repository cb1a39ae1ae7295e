using System.Net;
using System.Net.Sockets;
using System.Text;
using Actors443.Connections;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Serving;

public sealed class ServingTests : IAsyncLifetime
{
    private const string Hello = """
        actors443.sites."*" { routes = [ { path = "/*", respond { status = 200, type = "text/plain", body = "Hello" } } ] }
        """;

    private RunningServer _server = null!;

    public async Task InitializeAsync() => _server = await RunningServer.StartAsync(Hello);

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_request_is_answered_over_a_connection_that_an_actor_owns(string version)
    {
        using HttpClient client = _server.CreateClient(Version.Parse(version));

        Assert.Equal("Hello", await client.GetStringAsync("/"));

        ConnectionSnapshot connection = Assert.Single(await _server.ConnectionsAsync());
        Assert.Equal(ConnectionState.Open, connection.State);
        Assert.Equal("localhost", connection.ServerName);
        // HttpClient sends no ALPN for HTTP/1.1.
        Assert.Equal(version == "2.0" ? "h2" : null, connection.ApplicationProtocol);
        Assert.Equal(System.Security.Authentication.SslProtocols.Tls13, connection.TlsVersion);
        Assert.Equal(1, connection.Requests);
        Assert.True(connection.BytesRead > 200 && connection.BytesWritten > 500);
    }

    [Fact]
    public async Task A_connection_that_ends_leaves_no_actor_and_no_count_behind()
    {
        for (int i = 0; i < 20; i++)
        {
            using HttpClient client = _server.CreateClient();
            await client.GetStringAsync("/");
        }

        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).Count == 0, "all connection actors have stopped");
        Assert.Equal(0, _server.Environment.Gate.Connections);
        Assert.Equal(0, _server.Environment.Gate.Handshakes);
    }

    [Fact]
    public async Task Plain_http_on_the_https_port_gets_a_readable_400()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, _server.HttpsPort);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: localhost:{_server.HttpsPort}\r\n\r\n"));

        string answer = await new StreamReader(stream).ReadToEndAsync();

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Contains("https://", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_80_redirects_to_the_https_port()
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });

        using HttpResponseMessage answer = await client.GetAsync(new Uri($"http://localhost:{_server.HttpPort}/a%20b?c=d"));

        Assert.Equal(HttpStatusCode.PermanentRedirect, answer.StatusCode);
        Assert.Equal($"https://localhost:{_server.HttpsPort}/a%20b?c=d", answer.Headers.GetValues("Location").Single());
        Assert.False(answer.Headers.Contains("Strict-Transport-Security"));
    }

    [Fact]
    public async Task A_client_that_leaves_in_the_middle_of_everything_disturbs_nobody()
    {
        using HttpClient steady = _server.CreateClient(HttpVersion.Version20);
        await steady.GetStringAsync("/");
        for (int bytes = 0; bytes < 40; bytes++)
        {
            using var rude = new TcpClient();
            await rude.ConnectAsync(IPAddress.Loopback, _server.HttpsPort);
            rude.LingerState = new LingerOption(bytes % 2 == 0, 0);
            await rude.GetStream().WriteAsync(new byte[] { 22, 3, 1, 1, 0, 1, 0, 0, 252, 3, 3 }.Concat(new byte[30]).Take(bytes).ToArray());
        }

        Assert.Equal("Hello", await steady.GetStringAsync("/"));
        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).Count == 1, "only the steady client is left");
    }
}
