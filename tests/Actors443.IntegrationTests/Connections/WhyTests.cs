using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Connections.History;
using Actors443.Hosting;
using Actors443.Testing;
using Akka.Actor;

namespace Actors443.IntegrationTests.Connections;

/// <summary>Each fault is done to a running server, and then named right by what it remembers, though nothing was switched on for it.</summary>
public sealed class WhyTests(WhyTests.Host host) : IClassFixture<WhyTests.Host>
{
    private const string Client = "127.0.0.1";
    // These two have limits.
    private const string Crowd = "127.0.0.20";
    private const string Hasty = "127.0.0.21";

    [Theory]
    [InlineData("not_tls", "server")]
    [InlineData("plain_http", "server")]
    [InlineData("malformed_client_hello", "server")]
    [InlineData("no_shared_protocol", "server")]
    [InlineData("no_shared_cipher", "server")]
    [InlineData("no_application_protocol", "server")]
    [InlineData("unknown_server_name", "server")]
    [InlineData("handshake_timeout", "server")]
    [InlineData("handshake_failed", "client")]
    [InlineData("client_certificate_rejected", "server")]
    [InlineData("headers_timeout", "server")]
    [InlineData("protocol_error", "server")]
    [InlineData("idle_timeout", "server")]
    [InlineData("client_reset", "client")]
    [InlineData("aborted_by_application", "application")]
    [InlineData("upstream_refused", "upstream")]
    [InlineData("upstream_reset", "upstream")]
    [InlineData("drained", "operator")]
    [InlineData("closed_by_request", "operator")]
    [InlineData("actor_failed", "server")]
    public async Task A_fault_is_named(string reason, string by)
    {
        int before = (await AskAsync(Client)).Matched;

        await DoAsync(reason);

        EndedConnection ended = await NewestAsync(Client, before);
        Assert.Equal((reason, by), (ended.Reason, ended.By));
        Assert.StartsWith(Client, ended.Last.Remote, StringComparison.Ordinal);
        Assert.Equal("accepted", ended.Events[0].Event);
        // By its id, too.
        Assert.Equal(reason, Assert.Single((await AskAsync(ended.Last.Id)).Ended).Reason);
    }

    [Fact]
    public async Task What_is_wrong_with_a_client_certificate_is_told()
    {
        int before = (await AskAsync(Client)).Matched;
        using X509Certificate2 expired = host.Clients.IssueExpiredClient("alice").WithKey;
        await RefusedAsync(expired);

        Assert.Equal("it has expired", (await NewestAsync(Client, before)).Detail);
        await RefusedAsync(null);
        Assert.Equal("the client has sent none", (await NewestAsync(Client, before + 1)).Detail);
        using X509Certificate2 server = host.Clients.Issue("members.test").WithKey;
        await RefusedAsync(server);
        Assert.StartsWith("it is not for clients", (await NewestAsync(Client, before + 2)).Detail, StringComparison.Ordinal);
        using var others = new TestCertificates("Others");
        using X509Certificate2 mallory = others.IssueClient("mallory").WithKey;
        await RefusedAsync(mallory);
        Assert.StartsWith("none of client-certificates.ca has issued it", (await NewestAsync(Client, before + 3)).Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_at_the_door_are_counted_by_client_and_reason()
    {
        using var open = await ConnectFromAsync(Crowd);
        using var second = await ConnectFromAsync(Crowd);
        await AttemptAsync(Crowd, []);
        RefusedClient crowd = await RefusedAsync(Crowd, "client_handshake_limit");
        Assert.Equal((Crowd, null), (crowd.Client, crowd.BannedForSeconds));

        // Each ends at once, for want of a name.
        for (int handshakes = 0; handshakes < 5; handshakes++)
            await AttemptAsync(Hasty, new RawClientHello { ServerName = null }.ToRecord());

        RefusedClient hasty = await RefusedAsync(Hasty, "client_banned");
        Assert.InRange(hasty.BannedForSeconds!.Value, 1, 60);
        Assert.Contains((await AskAsync(Hasty)).Ended, ended => ended.Reason == "client_handshake_rate");
        // Nobody else's.
        Assert.Empty((await AskAsync("127.0.0.22")).Refused);
        Assert.Equal(2, (await AskAsync("127.0.0.16/28")).Refused.Count);
    }

    private async Task DoAsync(string reason)
    {
        switch (reason)
        {
            case "not_tls":
                await SendAsync("\u0001\u0002\u0003 whatever\r\n"u8.ToArray());
                break;
            case "plain_http":
                await SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
                break;
            case "malformed_client_hello":
                byte[] hello = new RawClientHello().ToRecord();
                // The length of the session id, longer than there may be.
                hello[43] = 200;
                await SendAsync(hello);
                break;
            case "no_shared_protocol":
                await SendAsync(new RawClientHello { Version = 0x0302 }.ToRecord());
                break;
            case "no_shared_cipher":
                await SendAsync(new RawClientHello { CipherSuites = [0x002F] }.ToRecord());
                break;
            case "no_application_protocol":
                await SendAsync(new RawClientHello { ApplicationProtocols = ["imap"] }.ToRecord());
                break;
            case "unknown_server_name":
                await SendAsync(new RawClientHello { ServerName = "nobody.example" }.ToRecord());
                break;
            case "handshake_timeout":
                await SendAsync(new RawClientHello().ToRecord()[..20]);
                break;
            case "handshake_failed":
                // After the server's part the client's alert: fatal, unknown_ca (RFC 5246 7.2).
                using (Socket socket = await ConnectFromAsync(Client))
                {
                    await socket.SendAsync(new RawClientHello().ToRecord());
                    Assert.NotEqual(0, await socket.ReceiveAsync(new byte[4096]));
                    await socket.SendAsync(new byte[] { 21, 3, 3, 0, 2, 2, 48 });
                    await ReadToEndAsync(socket);
                }

                break;
            case "client_certificate_rejected":
                await RefusedAsync(null);
                break;
            case "headers_timeout":
                await AskAndWaitAsync("GET / HTTP/1.1\r\nHost: loc");
                break;
            case "protocol_error":
                await AskAndWaitAsync($"GET / HTTP/1.1\r\nHost: localhost\r\n{string.Concat(Enumerable.Range(0, 200).Select(number => $"X-{number}: y\r\n"))}\r\n");
                break;
            case "idle_timeout":
                await AskAndWaitAsync("");
                break;
            case "client_reset":
                await using (TlsClient client = await TlsClient.ConnectAsync(host.Port))
                {
                    await client.SendAsync("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
                    await Eventually.HoldsAsync(async () => (await host.Server.ConnectionsAsync()).Any(connection => connection.RequestsInFlight == 1), "the request is under way");
                    client.Reset();
                }

                break;
            case "aborted_by_application":
                await AskAndWaitAsync("GET /half HTTP/1.1\r\nHost: localhost\r\n\r\n");
                break;
            case "upstream_refused":
                await SendAsync(new RawClientHello { ServerName = "gone.test" }.ToRecord());
                break;
            case "upstream_reset":
                await SendAsync(new RawClientHello { ServerName = "reset.test" }.ToRecord());
                break;
            case "drained":
            case "closed_by_request":
            case "actor_failed":
                await using (TlsClient client = await TlsClient.ConnectAsync(host.Port))
                {
                    Assert.Equal(200, (await client.GetAsync()).Status);
                    await EndAsync(reason, client.Local);
                    await client.EndsAsync();
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(reason), reason, null);
        }
    }

    private async Task EndAsync(string reason, IPEndPoint client)
    {
        string id = (await host.Server.ConnectionsAsync()).Single(connection => connection.Remote.Equals(client)).Id;
        IConnectionDirectory directory = host.Server.System.GetConnectionDirectory();
        if (reason == "drained")
            await directory.DrainAsync(ConnectionFilter.Parse($"id = {id}"));
        else if (reason == "closed_by_request")
            await directory.CloseAsync(ConnectionFilter.Parse($"id = {id}"));
        else
            Assert.True(await host.Server.Supervisor.Ask<bool>(new TellConnection(id, Kill.Instance), TimeSpan.FromSeconds(10)));
    }

    private Task<ConnectionHistory> AskAsync(string subject)
    {
        Assert.True(HistorySubject.TryParse(subject, out HistorySubject? whose, out _));
        return host.Server.System.GetConnectionDirectory().HistoryAsync(whose);
    }

    private async Task<EndedConnection> NewestAsync(string subject, int before)
    {
        ConnectionHistory history = new();
        await Eventually.HoldsAsync(async () => (history = await AskAsync(subject)).Matched > before, "one more end is remembered");
        Assert.Equal(before + 1, history.Matched);
        return history.Ended[0];
    }

    private async Task<RefusedClient> RefusedAsync(string client, string reason)
    {
        RefusedClient? refused = null;
        await Eventually.HoldsAsync(async () => (refused = (await AskAsync(client)).Refused.SingleOrDefault()) is not null && refused.Reason == reason, $"{client} is refused for {reason}");
        return refused!;
    }

    private async Task RefusedAsync(X509Certificate2? certificate)
    {
        try
        {
            await using TlsClient client = await TlsClient.ConnectAsync(host.Port, "members.test", configure: options => options.ClientCertificates = certificate is null ? [] : [certificate]);
            await client.GetAsync(host: "members.test");
            Assert.Fail("The client was let in.");
        }
        catch (Exception cause) when (cause is IOException or AuthenticationException)
        {
            // As it must be.
        }
    }

    private async Task AskAndWaitAsync(string request)
    {
        await using TlsClient client = await TlsClient.ConnectAsync(host.Port);
        await client.SendAsync(request);
        await client.EndsAsync(TimeSpan.FromSeconds(30));
    }

    private async Task SendAsync(byte[] bytes)
    {
        using Socket socket = await ConnectFromAsync(Client);
        await socket.SendAsync(bytes);
        await ReadToEndAsync(socket);
    }

    private async Task AttemptAsync(string address, byte[] bytes)
    {
        try
        {
            using Socket socket = await ConnectFromAsync(address);
            await socket.SendAsync(bytes);
            await ReadToEndAsync(socket);
        }
        catch (SocketException)
        {
            // Refused before it could say anything.
        }
    }

    private async Task<Socket> ConnectFromAsync(string address)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
        await socket.ConnectAsync(IPAddress.Loopback, host.Port);
        return socket;
    }

    private static async Task ReadToEndAsync(Socket socket)
    {
        var buffer = new byte[4096];
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            while (await socket.ReceiveAsync(buffer, patience.Token) > 0)
            {
                // An alert, or an answer.
            }
        }
        catch (SocketException)
        {
            // Cut.
        }
    }

    /// <summary>A server with a limit of each kind, and an upstream that fails.</summary>
    public sealed class Host : IAsyncLifetime, IDisposable
    {
        private readonly TestCertificates _ca = new();
        private readonly TemporaryFolder _folder = new();
        private readonly TcpListener _upstream = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();

        internal RunningServer Server { get; private set; } = null!;

        public int Port => Server.HttpsPort;

        public TestCertificates Clients { get; } = new("Clients");

        public async Task InitializeAsync()
        {
            _ca.Issue("localhost", "members.test").WritePair(_folder, "site");
            string clientCa = _folder.Write("clients.pem", Clients.CertificatePem);
            _upstream.Start();
            _ = AnswerAsync();
            int upstream = ((IPEndPoint)_upstream.LocalEndpoint).Port;
            Server = await RunningServer.StartAsync(
                $$"""
                actors443 {
                  certificates { files = [{ chain = "{{_folder.Path}}/site.pem", key = "{{_folder.Path}}/site.key" }], local-ca.enabled = off }
                  https.strict-sni = on
                  deadlines { handshake = 1s, headers = 1s, idle = 2s }
                  admission.per-client { exempt = ["127.0.0.1/32"], unfinished-handshakes = 2, new-handshakes-per-second = 1, rate-interval = 1s, ban = 60s }
                  routes = [
                    { sni = ["gone.test"], to = ["127.0.0.1:{{FreePort.Next()}}"] }
                    { sni = ["reset.test"], to = ["127.0.0.1:{{upstream}}"] }
                  ]
                  sites {
                    localhost {
                      routes = [
                        { path = "/half", proxy = "http://127.0.0.1:{{upstream}}" }
                        { path = "/slow", proxy = "http://127.0.0.1:{{upstream}}" }
                        { path = "/*", respond { body = "Hello" } }
                      ]
                    }
                    "members.test" { client-certificates { mode = require, ca = "{{clientCa}}" }, respond { body = "Members" } }
                  }
                }
                """);
        }

        public async Task DisposeAsync()
        {
            await _stop.CancelAsync();
            await Server.DisposeAsync();
            _upstream.Stop();
        }

        public void Dispose()
        {
            _stop.Dispose();
            _upstream.Dispose();
            _folder.Dispose();
            _ca.Dispose();
            Clients.Dispose();
        }

        // Half an answer and a reset, nothing at all, or a reset at once for what is no HTTP.
        private async Task AnswerAsync()
        {
            try
            {
                while (true)
                {
                    Socket socket = await _upstream.AcceptSocketAsync(_stop.Token);
                    _ = AnswerAsync(socket);
                }
            }
            catch (OperationCanceledException)
            {
                // The end.
            }
        }

        private async Task AnswerAsync(Socket socket)
        {
            using Socket closed = socket;
            var buffer = new byte[4096];
            int count = await socket.ReceiveAsync(buffer, _stop.Token);
            string request = Encoding.ASCII.GetString(buffer, 0, count);
            if (request.StartsWith("GET /half", StringComparison.Ordinal))
            {
                await socket.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf"u8.ToArray());
                // Read by the proxy before the reset takes it away.
                await Eventually.HoldsAsync(async () => (await Server.ConnectionsAsync()).Any(connection => connection.BytesWritten > 1000 && connection.RequestsInFlight == 1), "half of it has gone on");
            }
            else if (request.StartsWith("GET /slow", StringComparison.Ordinal))
                await socket.ReceiveAsync(buffer, _stop.Token);
            socket.Close(0);
        }
    }
}
