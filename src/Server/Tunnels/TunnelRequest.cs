using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Actors443.Tunnels.Http;
using Actors443.Tunnels.Sessions;
using Actors443.Tunnels.Targets;

namespace Actors443.Server.Tunnels;

/// <summary>The server refuses a tunnel, or is none that has any. The message says why.</summary>
internal sealed class TunnelRefusedException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>Asks a server for tunnels. Thread-safe.</summary>
internal sealed class TunnelRequest(TunnelServerAddress server)
{
    private const int LongestHead = 16 * 1024;

    /// <exception cref="TunnelRefusedException">The server refuses.</exception>
    /// <exception cref="IOException">It cannot be reached.</exception>
    public async Task<OpenTunnel> OpenAsync(TunnelTarget target, CancellationToken cancellationToken)
    {
        switch (server.Via)
        {
            case TunnelVia.WebSocket:
                return await OpenWebSocketAsync(target, cancellationToken);
            case TunnelVia.Connect:
                (SslStream connected, _) = await SendAsync($"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n", 200, cancellationToken);
                return new ConnectedTunnel(connected);
            default:
                return new SessionTunnel(this, target, server.ResumeWindow, await OpenSessionAsync(target, null, 0, cancellationToken));
        }
    }

    /// <summary>Opens a session, or takes one up again.</summary>
    /// <param name="target">Where it leads.</param>
    /// <param name="token">Null: a new one.</param>
    /// <param name="received">Positions received so far.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<SessionCarrier> OpenSessionAsync(TunnelTarget target, string? token, long received, CancellationToken cancellationToken)
    {
        string resume = token is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{TunnelSession.TokenHeader}: {token}\r\n{TunnelSession.ReceivedHeader}: {received}\r\n");
        string host = Uri.EscapeDataString(target.Host);
        (SslStream stream, Dictionary<string, string> headers) = await SendAsync(
            $"GET {server.Path}/tcp/{host}/{target.Port}/ HTTP/1.1\r\nHost: {server.Url.Authority}\r\nConnection: Upgrade\r\nUpgrade: {TunnelAsk.SessionProtocol}\r\n{resume}", 101, cancellationToken);
        if (headers.TryGetValue(TunnelSession.TokenHeader, out string? given) && headers.TryGetValue(TunnelSession.ReceivedHeader, out string? text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long peerReceived))
            return new SessionCarrier(stream, given, peerReceived);
        await stream.DisposeAsync();
        throw new TunnelRefusedException($"{server.Url.Authority} does not speak of sessions as it should");
    }

    private async Task<OpenTunnel> OpenWebSocketAsync(TunnelTarget target, CancellationToken cancellationToken)
    {
        var invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = server.TlsOptions(server.Http2 ? [SslApplicationProtocol.Http2] : [SslApplicationProtocol.Http11]),
        });
        var socket = new ClientWebSocket();
        try
        {
            if (server.Authorization is { } authorization)
                socket.Options.SetRequestHeader("Authorization", authorization);
            socket.Options.HttpVersion = server.Http2 ? System.Net.HttpVersion.Version20 : System.Net.HttpVersion.Version11;
            socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            socket.Options.CollectHttpResponseDetails = true;
            await socket.ConnectAsync(new Uri($"wss://{server.Url.Authority}{server.Path}/tcp/{Uri.EscapeDataString(target.Host)}/{target.Port}/"), invoker, cancellationToken);
            return new WebSocketTunnel(socket, invoker);
        }
        catch (WebSocketException cause)
        {
            int status = (int)socket.HttpStatusCode;
            socket.Dispose();
            invoker.Dispose();
            throw status == 0 ? new IOException($"{server.Url.Authority} cannot be reached: {cause.InnerException?.Message ?? cause.Message}", cause) : new TunnelRefusedException(Explain(status, null), cause);
        }
    }

    private async Task<(SslStream Stream, Dictionary<string, string> Headers)> SendAsync(string request, int expected, CancellationToken cancellationToken)
    {
        SslStream stream = await ConnectAsync(cancellationToken);
        try
        {
            string proof = server.Authorization is { } authorization ? $"Proxy-Authorization: {authorization}\r\n" : "";
            await stream.WriteAsync(Encoding.ASCII.GetBytes(request + proof + "\r\n"), cancellationToken);
            (int status, Dictionary<string, string> headers) = await ReadHeadAsync(stream, cancellationToken);
            return status == expected ? (stream, headers) : throw new TunnelRefusedException(Explain(status, headers.GetValueOrDefault("Proxy-Status")));
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
    }

    private async Task<SslStream> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        SslStream? stream = null;
        try
        {
            await socket.ConnectAsync(server.Url.IdnHost, server.Url.Port, cancellationToken);
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(server.TlsOptions(SslApplicationProtocol.Http11), cancellationToken);
            return stream;
        }
        catch (Exception cause)
        {
            if (stream is not null)
                await stream.DisposeAsync();
            socket.Dispose();
            if (cause is System.Security.Authentication.AuthenticationException)
                throw new TunnelRefusedException($"{server.Url.Authority} cannot be trusted: {cause.Message}", cause);
            if (cause is SocketException)
                throw new IOException($"{server.Url.Authority} cannot be reached: {cause.Message}", cause);
            throw;
        }
    }

    private static async Task<(int Status, Dictionary<string, string> Headers)> ReadHeadAsync(SslStream stream, CancellationToken cancellationToken)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        // Byte by byte, out of the buffer of TLS: what follows is not ours to read.
        while (head.Length < 4 || head[^1] != '\n' || head[^2] != '\r' || head[^3] != '\n')
        {
            if (head.Length > LongestHead || await stream.ReadAsync(one, cancellationToken) == 0)
                throw new IOException("the server ended the connection without an answer");
            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] first = lines[0].Split(' ');
        if (first.Length < 2 || !int.TryParse(first[1], NumberStyles.None, CultureInfo.InvariantCulture, out int status))
            throw new IOException("the server does not answer in HTTP");
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0)
                headers[line[..colon]] = line[(colon + 1)..].Trim();
        }

        return (status, headers);
    }

    private string Explain(int status, string? proxyStatus)
    {
        string reason = proxyStatus?.Split("error=") is [_, { } error] ? $" ({error.Replace('_', ' ')})" : "";
        return status switch
        {
            400 or 403 or 410 or 429 or 502 or 503 or 504 => $"{server.Url.Authority} refuses the tunnel with {status}{reason}",
            _ => $"{server.Url.Authority} answers {status}: it has no tunnels, or does not know this account and token",
        };
    }
}

/// <summary>A connection that carries a session.</summary>
/// <param name="Stream">Its bytes.</param>
/// <param name="Token">The session's.</param>
/// <param name="PeerReceived">Positions that the server has received.</param>
internal sealed record SessionCarrier(SslStream Stream, string Token, long PeerReceived);
