using System.Net.WebSockets;

namespace Actors443.IntegrationTests.Reload;

/// <summary>WebSockets that stay open for as long as they are let. Closed at dispose.</summary>
internal sealed class HeldWebSockets : IAsyncDisposable
{
    private const int OpenAtOnce = 32;

    private readonly List<Held> _all = [];
    private readonly CancellationTokenSource _stop = new();

    /// <summary>How many have ended.</summary>
    public int Ended => _all.Count(held => held.Heard.IsCompleted);

    /// <param name="address">Where to.</param>
    /// <param name="count">How many.</param>
    public async Task OpenAsync(Uri address, int count)
    {
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = OpenAtOnce }, async (_, cancellationToken) =>
        {
            var socket = new ClientWebSocket();
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
            await socket.ConnectAsync(address, cancellationToken);
            lock (_all)
                _all.Add(new Held(socket, ReceiveAsync(socket)));
        });
    }

    /// <summary>Says a word on each, which the other end says back. Answers how many did.</summary>
    public async Task<int> EchoAsync()
    {
        int echoed = 0;
        await Parallel.ForEachAsync(_all.Where(held => !held.Heard.IsCompleted), new ParallelOptions { MaxDegreeOfParallelism = OpenAtOnce }, async (held, cancellationToken) =>
        {
            await held.Socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, cancellationToken);
            if (await held.Heard.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken) == "hello")
                Interlocked.Increment(ref echoed);
        });
        return echoed;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await ((Task)Task.WhenAll(_all.Select(held => held.Heard))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        foreach (Held held in _all)
            held.Socket.Dispose();
        _stop.Dispose();
    }

    private async Task<string> ReceiveAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[16];
        ValueWebSocketReceiveResult received = await socket.ReceiveAsync(buffer.AsMemory(), _stop.Token);
        return received.MessageType == WebSocketMessageType.Close ? "closed" : System.Text.Encoding.UTF8.GetString(buffer, 0, received.Count);
    }

    private sealed record Held(ClientWebSocket Socket, Task<string> Heard);
}
