using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Actors443.Admission;
using Actors443.Connections;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Admission;

/// <summary>What clients meet at the door. Each address of 127.0.0.0/8 is a client of its own; none is exempt here.</summary>
public sealed class AdmissionTests : IAsyncLifetime
{
    private const string Hello = """actors443.sites."*" { routes = [ { path = "/*", respond { status = 200, type = "text/plain", body = "Hello" } } ] }""";

    private readonly List<IDisposable> _open = [];
    private RunningServer _server = null!;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        foreach (IDisposable connection in _open)
            connection.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_client_with_too_many_connections_is_refused_and_others_are_not()
    {
        await StartAsync("admission.per-client.connections=3");
        for (int i = 0; i < 3; i++)
            await ConnectAsync("127.0.0.2");

        await Assert.ThrowsAnyAsync<IOException>(() => ConnectAsync("127.0.0.2"));
        await AskAsync(await ConnectAsync("127.0.0.3"));

        _open[0].Dispose();
        await Eventually.HoldsAsync(() => _server.Environment.Gate.Connections == 3, "the server has noticed");
        await AskAsync(await ConnectAsync("127.0.0.2"));
    }

    [Fact]
    public async Task A_client_with_too_many_handshakes_is_banned_for_a_while_and_others_are_not()
    {
        await StartAsync("admission.per-client.new-handshakes-per-second=1", "admission.per-client.resumed-handshakes-per-second=1", "admission.per-client.rate-interval=2s", "admission.per-client.ban=2s");
        await ConnectAsync("127.0.0.2");
        await ConnectAsync("127.0.0.2");

        // The last handshake over the rate gets an alert; during the ban not even a ClientHello is read.
        await Eventually.HoldsAsync(async () => !await IsServedAsync("127.0.0.2"), "the client is over its rate");
        Assert.Equal(1, _server.Environment.Gate.Bans);
        await Assert.ThrowsAnyAsync<IOException>(() => ConnectAsync("127.0.0.2"));
        await AskAsync(await ConnectAsync("127.0.0.3"));

        await Eventually.HoldsAsync(() => IsServedAsync("127.0.0.2"), "the ban is over");
        await Eventually.HoldsAsync(async () => (await _server.ObituariesAsync()).Any(obituary => obituary.Reason == CloseReason.ClientHandshakeRate), "the refusal has an obituary");
    }

    [Fact]
    public async Task At_the_limit_of_all_connections_the_next_waits_and_is_served_when_there_is_room()
    {
        await StartAsync("admission.maximum-connections=5");
        for (int i = 0; i < 5; i++)
            await ConnectAsync("127.0.0.2");
        Task<SslStream> waiting = ConnectAsync("127.0.0.3");
        await AskAsync((SslStream)_open[1]);
        Assert.False(waiting.IsCompleted);

        _open[0].Dispose();

        await AskAsync(await waiting);
        Assert.True(_server.Environment.Gate.Connections <= 5);
    }

    [Fact]
    public async Task A_paused_server_accepts_later_and_closes_nobody()
    {
        await StartAsync();
        SslStream before = await ConnectAsync("127.0.0.2");
        _server.Environment.Gate.SetMode(AdmissionMode.Paused);
        // The accept that was already waiting lets one more in.
        Task<SslStream>[] waiting = [ConnectAsync("127.0.0.3"), ConnectAsync("127.0.0.4"), ConnectAsync("127.0.0.5")];
        Assert.Contains("503", await AskAsync(before, expected: 503), StringComparison.Ordinal);
        Assert.Contains(waiting, connecting => !connecting.IsCompleted);

        _server.Environment.Gate.SetMode(AdmissionMode.Normal);

        foreach (SslStream connection in await Task.WhenAll(waiting))
            await AskAsync(connection);
    }

    [Fact]
    public async Task While_load_is_shed_requests_get_503_with_a_time_to_come_again()
    {
        await StartAsync("admission.load.retry-after=7s");
        _server.Environment.Gate.SetMode(AdmissionMode.Shedding);

        string answer = await AskAsync(await ConnectAsync("127.0.0.2"), expected: 503);

        Assert.Contains("Retry-After: 7\r\n", answer, StringComparison.Ordinal);
        Assert.Contains("Connection: close\r\n", answer, StringComparison.Ordinal);
        _server.Environment.Gate.SetMode(AdmissionMode.Normal);
        await AskAsync(await ConnectAsync("127.0.0.2"));
    }

    [Fact]
    public async Task While_load_is_shed_idle_connections_go_first()
    {
        await StartAsync("deadlines.idle=10m", "deadlines.headers=1s", "admission.load.shedding-idle=1s");
        SslStream idle = await ConnectAsync("127.0.0.2");

        _server.Environment.Gate.SetMode(AdmissionMode.Shedding);

        Assert.Equal(0, await idle.ReadAsync(new byte[1]));
    }

    [Fact]
    public async Task The_oldest_unfinished_handshakes_make_room_for_new_ones()
    {
        await StartAsync("admission.maximum-handshakes=10", "deadlines.handshake=10m");
        for (int i = 0; i < 30; i++)
        {
            var silent = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _open.Add(silent);
            silent.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
            await silent.ConnectAsync(IPAddress.Loopback, _server.HttpsPort);
        }

        await AskAsync(await ConnectAsync("127.0.0.3"));

        await Eventually.HoldsAsync(() => _server.Environment.Gate.Handshakes <= 10, "the rest was shed");
        await Eventually.HoldsAsync(async () => (await _server.ObituariesAsync()).Count(obituary => obituary.Reason == CloseReason.HandshakeShed) >= 20, "each has an obituary");
        // The first to come is the first to go.
        Assert.True(((Socket)_open[0]).Poll(TimeSpan.FromSeconds(10), SelectMode.SelectRead));
    }

    [Fact]
    public async Task A_handshake_that_is_dripped_ends_at_its_deadline()
    {
        await StartAsync("deadlines.handshake=1s");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _server.HttpsPort);
        byte[] hello = new RawClientHello().ToRecord();
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(100));

        int sent = 0;
        for (bool cut = false; !cut; cut = await IsCutAsync(socket, hello[sent++]))
            Assert.True(await ticks.WaitForNextTickAsync() && sent < hello.Length - 1, "the server waited for the whole ClientHello");

        await Eventually.HoldsAsync(async () => (await _server.ObituariesAsync()).Any(obituary => obituary.Reason == CloseReason.HandshakeTimeout), "the end has an obituary");
    }

    private async Task StartAsync(params string[] overrides) => _server = await RunningServer.StartAsync(Hello, ["admission.per-client.exempt=[]", .. overrides]);

    private async Task<SslStream> ConnectAsync(string from)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var stream = default(SslStream);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            await socket.ConnectAsync(IPAddress.Loopback, _server.HttpsPort);
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, certificate, _, _) => _server.Trusts(certificate) });
            _open.Add(stream);
            return stream;
        }
        catch (SocketException cause)
        {
            socket.Dispose();
            throw new IOException("The server refused.", cause);
        }
        catch
        {
            if (stream is not null)
                await stream.DisposeAsync();
            throw;
        }
    }

    private async Task<bool> IsServedAsync(string from)
    {
        try
        {
            await AskAsync(await ConnectAsync(from));
            return true;
        }
        catch (Exception refused) when (refused is IOException or AuthenticationException)
        {
            return false;
        }
    }

    private static async Task<string> AskAsync(SslStream stream, int expected = 200)
    {
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        var buffer = new byte[4096];
        int count = await stream.ReadAsync(buffer);
        string answer = Encoding.ASCII.GetString(buffer, 0, count);
        return answer.StartsWith($"HTTP/1.1 {expected} ", StringComparison.Ordinal) ? answer : throw new IOException($"Not {expected}: {answer}");
    }

    private static async Task<bool> IsCutAsync(Socket socket, byte next)
    {
        try
        {
            await socket.SendAsync(new[] { next });
            return socket.Poll(0, SelectMode.SelectRead);
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
