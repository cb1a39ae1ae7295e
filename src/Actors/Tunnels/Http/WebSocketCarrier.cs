using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Tunnels.Http;

/// <summary>A WebSocket, over HTTP/1.1 or HTTP/2: its binary messages are the bytes, wherever they are cut.</summary>
internal sealed class WebSocketCarrier(HttpContext context) : TunnelCarrier
{
    // RFC 6455 1.3.
    private const string HandshakeGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    // A client that does not answer a close frame has had its chance.
    private static readonly TimeSpan FarewellPatience = TimeSpan.FromSeconds(2);

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private WebSocket? _socket;
    private PipeReader? _input;
    private PipeWriter? _output;

    public override PipeReader Input => _input!;

    public override PipeWriter Output => _output!;

    /// <summary>Whether the request asks for one as it must (RFC 6455 4.2.1, RFC 8441 5).</summary>
    public static bool IsAskedFor(HttpContext context)
    {
        IHeaderDictionary headers = context.Request.Headers;
        if (headers.SecWebSocketVersion != "13")
            return false;
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
            return "websocket".Equals(connect.Protocol, StringComparison.OrdinalIgnoreCase);
        return HttpMethods.IsGet(context.Request.Method) && "websocket".Equals(headers.Upgrade, StringComparison.OrdinalIgnoreCase)
            && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
            && headers.SecWebSocketKey is [{ } key] && IsKey(key);
    }

    public override async ValueTask AcceptAsync(params (string Name, string Value)[] headers)
    {
        _socket = WebSocket.CreateFromStream(await AcceptStreamAsync(), new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = KeepAlive });
        Stream stream = WebSocketStream.Create(_socket, WebSocketMessageType.Binary);
        _input = PipeReader.Create(stream, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true));
        _output = PipeWriter.Create(stream, new StreamPipeWriterOptions(minimumBufferSize: 16 * 1024, leaveOpen: true));
    }

    /// <inheritdoc/>
    /// <remarks>A read that is cancelled breaks a WebSocket: the client is told first, and its answer ends the read.</remarks>
    public override void Interrupt(Tunnel tunnel)
    {
        if (!IsOrderly(tunnel.Reason) || IsFlushing)
            Cut();
        else
            _ = FarewellAsync();
    }

    public override async ValueTask EndAsync(TunnelEndReason reason)
    {
        bool isOrderly = IsOrderly(reason);
        _ended.TrySetResult();
        _socket!.Dispose();
        if (!isOrderly)
            context.Abort();
        else if (!HttpProtocol.IsHttp11(context.Request.Protocol))
            await context.Response.CompleteAsync();
    }

    protected override void Interrupt(TunnelEndReason reason) => _socket?.Abort();

    private static bool IsKey(string key)
    {
        Span<byte> bytes = stackalloc byte[16];
        return Convert.TryFromBase64String(key, bytes, out int length) && length == 16;
    }

    private async Task<Stream> AcceptStreamAsync()
    {
        if (context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect)
        {
            StreamCarrier.LiftLimits(context);
            context.Response.StatusCode = StatusCodes.Status200OK;
            return await connect.AcceptAsync();
        }

        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        // The handshake's own: it proves nothing, and no other is defined.
#pragma warning disable CA5350
        context.Response.Headers.SecWebSocketAccept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(context.Request.Headers.SecWebSocketKey + HandshakeGuid)));
#pragma warning restore CA5350
        return await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
    }

    private async Task FarewellAsync()
    {
        try
        {
            using var patience = new CancellationTokenSource(FarewellPatience);
            await _socket!.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token);
            await _ended.Task.WaitAsync(FarewellPatience, CancellationToken.None);
            return;
        }
        catch (Exception cause) when (cause is TimeoutException or OperationCanceledException or WebSocketException or IOException or ObjectDisposedException)
        {
            // It does not answer, or is gone.
        }

        _socket!.Abort();
    }
}
