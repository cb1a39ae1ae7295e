using System.Net.WebSockets;
using System.Text;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>WebSockets of sessions, as clients have them.</summary>
internal static class SessionSockets
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <param name="authority">Host and port of the server.</param>
    /// <param name="path">Of the route, with the query.</param>
    /// <param name="cookie">As the server has set it; null: none.</param>
    /// <param name="user">Says who it is, where the application asks; null: nobody.</param>
    /// <returns>The socket, and the cookie that it was given; empty: none.</returns>
    /// <exception cref="WebSocketException">It is refused.</exception>
    public static async Task<(ClientWebSocket Socket, string SetCookie)> ConnectAsync(string authority, string path, string? cookie = null, string? user = null)
    {
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.CollectHttpResponseDetails = true;
            socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
            if (cookie is not null)
                socket.Options.SetRequestHeader("Cookie", cookie.Split(';')[0]);
            if (user is not null)
                socket.Options.SetRequestHeader("X-User", user);
            using var patience = new CancellationTokenSource(Patience);
            await socket.ConnectAsync(new Uri($"wss://{authority}{path}"), patience.Token);
            return (socket, socket.HttpResponseHeaders!.TryGetValue("Set-Cookie", out IEnumerable<string>? set) ? set.Single() : "");
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public static Task SayAsync(WebSocket socket, string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);

    /// <summary>The next message; or the code of the close, and what is said with it.</summary>
    public static async Task<string> HearAsync(WebSocket socket)
    {
        byte[] buffer = new byte[500];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Patience);
        return received.CloseStatus is { } status ? $"{status} {received.CloseStatusDescription}" : Encoding.UTF8.GetString(buffer, 0, received.Count);
    }
}
