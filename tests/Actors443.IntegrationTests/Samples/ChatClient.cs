using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Actors443.IntegrationTests.Samples;

/// <summary>Somebody in the chat sample.</summary>
internal sealed class ChatClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly ClientWebSocket _socket = new();

    public static async Task<ChatClient> EnterAsync(SampleProcess chat, string name)
    {
        var client = new ChatClient();
        client._socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        using var patience = new CancellationTokenSource(Patience);
        await client._socket.ConnectAsync(new Uri($"wss://localhost:{chat.Port}/room?name={name}"), patience.Token);
        return client;
    }

    public Task SayAsync(string text) => _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);

    /// <summary>The next that somebody says; before, whatever others do.</summary>
    public async Task<string> HearAsync(string from, string like = "")
    {
        byte[] buffer = new byte[4096];
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            WebSocketReceiveResult received = await _socket.ReceiveAsync(buffer, patience.Token);
            using JsonDocument message = JsonDocument.Parse(Encoding.UTF8.GetString(buffer, 0, received.Count));
            if (message.RootElement.GetProperty("from").GetString() == from && message.RootElement.GetProperty("text").GetString()!.Contains(like, StringComparison.Ordinal))
                return message.RootElement.GetProperty("text").GetString()!;
        }
    }

    public Task LeaveAsync() => _socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);

    public void Dispose() => _socket.Dispose();
}
