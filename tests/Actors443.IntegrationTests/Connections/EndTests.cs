using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Telemetry;
using Actors443.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Connections;

/// <summary>How connections end, and what the end is called in metrics and obituaries.</summary>
public sealed class EndTests : IAsyncLifetime, IDisposable
{
    private const string Request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

    private readonly ConcurrentQueue<string> _reasons = new();
    private readonly MeterListener _listener = new();
    private readonly TemporaryFolder _site = new();
    // Held, or the collector would close them.
    private readonly List<Socket> _sockets = [];
    private RunningServer _server = null!;

    public async Task InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(_site.Path, "index.html"), "Hello");
        await using (FileStream big = File.Create(Path.Combine(_site.Path, "big.bin")))
            big.SetLength(64 << 20);
        _server = await RunningServer.StartAsync(
            $$"""actors443.sites."*" = "{{_site.Path}}" """,
            "https.limits.minimum-rate=10MiB", "https.limits.rate-grace=1100ms", "deadlines.headers=1s", "deadlines.idle=2s");
        // Asked once: instruments of other tests' servers are told of here too, after this one's factory is gone.
        Meter meter = _server.Services.GetRequiredService<IMeterFactory>().Create(Actors443Meter.Name);
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "actors443.connections.closed" && instrument.Meter == meter)
                listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((_, _, tags, _) => _reasons.Enqueue(tags.ToArray().Single(tag => tag.Key == "reason").Value!.ToString()!));
        _listener.Start();
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _sockets.ForEach(socket => socket.Dispose());
        _site.Dispose();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void This_runtime_tells_why_Kestrel_ended_a_connection() => Assert.True(KestrelEnd.IsKnown);

    [Fact]
    public async Task A_client_that_says_goodbye_is_not_abnormal()
    {
        (SslStream stream, _) = await AskAsync(Request);
        await ReadUntilAsync(stream, "Hello");
        await stream.ShutdownAsync();
        await stream.DisposeAsync();

        await EndsAsync(CloseReason.ClientClosed);
        Assert.Empty(await _server.ObituariesAsync());
    }

    [Fact]
    public async Task A_client_that_resets_between_requests_is_not_abnormal()
    {
        (SslStream stream, Socket socket) = await AskAsync(Request);
        await ReadUntilAsync(stream, "Hello");
        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).All(connection => connection.RequestsInFlight == 0), "the server has done with the request too");
        Reset(socket);

        await EndsAsync(CloseReason.ClientClosed);
        Assert.Empty(await _server.ObituariesAsync());
    }

    [Fact]
    public async Task A_client_that_resets_while_it_is_served_has_an_obituary()
    {
        (_, Socket socket) = await AskAsync("GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).Any(connection => connection.RequestsInFlight == 1), "the request is served");
        Reset(socket);

        await EndsAsync(CloseReason.ClientReset);
        await HasObituaryAsync(CloseReason.ClientReset);
    }

    [Fact]
    public async Task A_request_that_asks_for_it_ends_its_connection_by_the_server()
    {
        (SslStream stream, _) = await AskAsync("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        await ReadUntilAsync(stream, "Hello");

        Assert.Equal(0, await stream.ReadAsync(new byte[1]));
        await EndsAsync(CloseReason.ServerClosed);
    }

    [Theory]
    [InlineData("close_notify")]
    [InlineData("FIN")]
    [InlineData("reset")]
    public async Task A_client_that_leaves_without_a_request_is_not_abnormal(string how)
    {
        (SslStream stream, Socket socket) = await AskAsync("");
        await Eventually.HoldsAsync(async () => (await _server.ConnectionsAsync()).Any(connection => connection.State == ConnectionState.Open), "it is open");
        if (how == "close_notify")
            await stream.ShutdownAsync();
        else if (how == "FIN")
            socket.Shutdown(SocketShutdown.Send);
        else
            Reset(socket);

        await EndsAsync(CloseReason.ClientClosed);
        if (how != "reset")
            Assert.Equal(0, await stream.ReadAsync(new byte[1]));
        Assert.Empty(await _server.ObituariesAsync());
    }

    [Fact]
    public async Task A_client_without_a_request_is_idle()
    {
        (SslStream stream, _) = await AskAsync("");

        Assert.Equal(0, await stream.ReadAsync(new byte[1]));
        await EndsAsync(CloseReason.IdleTimeout);
    }

    [Fact]
    public async Task Headers_that_do_not_end_are_cut_and_have_an_obituary()
    {
        await AskAsync("GET / HTTP/1.1\r\nHost: loc");

        await EndsAsync(CloseReason.HeadersTimeout);
        await HasObituaryAsync(CloseReason.HeadersTimeout);
    }

    [Fact]
    public async Task A_client_that_reads_too_slowly_is_cut_and_has_an_obituary()
    {
        await AskAsync("GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n", receiveBuffer: 4096);

        await EndsAsync(CloseReason.SlowReader);
        await HasObituaryAsync(CloseReason.SlowReader);
    }

    [Fact]
    public async Task What_is_not_HTTP_has_an_obituary_that_names_the_rule()
    {
        await AskAsync("\0\u0001\r\n\r\n");

        await EndsAsync(CloseReason.ProtocolError);
        await HasObituaryAsync(CloseReason.ProtocolError);
        Assert.Contains("RequestLine", (await _server.ObituariesAsync())[0].Detail, StringComparison.Ordinal);
    }

    private async Task<(SslStream Stream, Socket Socket)> AskAsync(string request, int? receiveBuffer = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _sockets.Add(socket);
        if (receiveBuffer is { } size)
            socket.ReceiveBufferSize = size;
        await socket.ConnectAsync(IPAddress.Loopback, _server.HttpsPort);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, certificate, _, _) => _server.Trusts(certificate) });
        await stream.WriteAsync(Encoding.ASCII.GetBytes(request));
        return (stream, socket);
    }

    private static async Task ReadUntilAsync(SslStream stream, string end)
    {
        var all = new StringBuilder();
        var buffer = new byte[4096];
        while (!all.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            int count = await stream.ReadAsync(buffer);
            Assert.NotEqual(0, count);
            all.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
    }

    private static void Reset(Socket socket)
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Close();
    }

    private async Task EndsAsync(CloseReason reason)
    {
        await Eventually.HoldsAsync(() => !_reasons.IsEmpty, "the connection ends");
        Assert.Equal(reason.ToTag(), _reasons.First());
    }

    private Task HasObituaryAsync(CloseReason reason) =>
        Eventually.HoldsAsync(async () => (await _server.ObituariesAsync()).Any(obituary => obituary.Reason == reason), $"there is an obituary for {reason}");
}
