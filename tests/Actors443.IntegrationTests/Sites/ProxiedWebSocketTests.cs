using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Actors443.Server.Admin;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Sites;

/// <summary>WebSockets to an upstream, while the server or their connection is drained.</summary>
public sealed class ProxiedWebSocketTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_drain_closes_a_web_socket_with_1001_between_two_frames(string version)
    {
        const int length = 70_000;
        var rest = new TaskCompletionSource();
        WebSocketCloseStatus? heard = null;
        await using Upstream upstream = await Upstream.StartAsync(async context =>
        {
            using WebSocket peer = await context.WebSockets.AcceptWebSocketAsync();
            byte[] frame = new byte[length];
            await peer.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: false, context.RequestAborted);
            await rest.Task;
            // Nobody gets this any more.
            await peer.SendAsync(frame, WebSocketMessageType.Binary, endOfMessage: true, context.RequestAborted);
            await peer.ReceiveAsync(frame, context.RequestAborted);
            heard = peer.CloseStatus;
            await peer.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        });
        await using ServerProcess server = await ServerProcess.StartAsync($$"""actors443.sites { localhost = "{{upstream.Address}}" }""");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using ClientWebSocket socket = await ConnectAsync(server, version, limit.Token);
        byte[] read = new byte[2 * length];
        int taken = (await socket.ReceiveAsync(read.AsMemory(), limit.Token)).Count;

        using var admin = AdminClient.At(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, server.AdminPort), Path.Combine(server.StateDirectory, "admin-token"));
        Assert.Equal(1, (await admin.ActOnConnectionsAsync("drain", "sni = localhost", null, limit.Token)).Count);

        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(read.AsMemory(taken), limit.Token);
            taken += received.Count;
        }
        while (received.MessageType != WebSocketMessageType.Close);
        Assert.Equal(length, taken);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
        rest.SetResult();
        await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, limit.Token);
        await Eventually.HoldsAsync(() => heard == WebSocketCloseStatus.EndpointUnavailable, "the upstream hears the client's answer");
        await Eventually.HoldsAsync(async () => (await server.ConnectionStatesAsync()).Count == 0, "the connection ends");
    }

    [Fact]
    public async Task A_server_that_stops_does_not_wait_for_a_web_socket_that_it_has_closed()
    {
        await using Upstream upstream = await Upstream.StartAsync(async context =>
        {
            using WebSocket peer = await context.WebSockets.AcceptWebSocketAsync();
            await peer.ReceiveAsync(new byte[1], context.RequestAborted);
            await peer.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
        });
        await using ServerProcess server = await ServerProcess.StartAsync($$"""actors443 { sites { localhost = "{{upstream.Address}}" }, drain.deadline = 10 minutes }""");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using ClientWebSocket socket = await ConnectAsync(server, "1.1", limit.Token);

        server.Signal(ServerProcess.Terminate);
        await socket.ReceiveAsync(new byte[1], limit.Token);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
        await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, limit.Token);
        Assert.Equal(0, await server.ExitAsync());
    }

    private static async Task<ClientWebSocket> ConnectAsync(ServerProcess server, string version, CancellationToken cancellationToken)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        var handler = new SocketsHttpHandler { UseProxy = false, SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is X509Certificate2 } };
        await socket.ConnectAsync(new Uri($"wss://localhost:{server.HttpsPort}/"), new HttpMessageInvoker(handler), cancellationToken);
        return socket;
    }
}
