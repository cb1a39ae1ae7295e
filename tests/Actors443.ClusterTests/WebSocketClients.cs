using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;

namespace Actors443.ClusterTests;

/// <summary>WebSockets that come back at once when they are closed, and remember how that went. End at dispose.</summary>
internal sealed class WebSocketClients(Uri address) : IAsyncDisposable
{
    private const int OpenAtOnce = 50;

    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _opening = new(OpenAtOnce);
    private readonly List<Task> _clients = [];
    private int _open;

    /// <summary>With what each was closed, null: cut off, and how long after that it was back.</summary>
    public ConcurrentQueue<(WebSocketCloseStatus? Status, TimeSpan BackAfter)> Returns { get; } = new();

    /// <summary>How many are open now.</summary>
    public int Open => Volatile.Read(ref _open);

    public void Start(int count)
    {
        for (int number = 0; number < count; number++)
            _clients.Add(Task.Run(LiveAsync));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_clients);
        _opening.Dispose();
        _stop.Dispose();
    }

    private async Task LiveAsync()
    {
        long closed = 0;
        WebSocketCloseStatus? status = null;
        byte[] buffer = new byte[16];
        try
        {
            while (true)
            {
                using ClientWebSocket socket = await OpenAsync();
                if (closed != 0)
                    Returns.Enqueue((status, Stopwatch.GetElapsedTime(closed)));
                Interlocked.Increment(ref _open);
                try
                {
                    while ((await socket.ReceiveAsync(buffer.AsMemory(), _stop.Token)).MessageType != WebSocketMessageType.Close)
                    {
                        // Whatever is said.
                    }

                    status = socket.CloseStatus;
                    closed = Stopwatch.GetTimestamp();
                    await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _stop.Token);
                }
                catch (WebSocketException)
                {
                    status = socket.CloseStatus;
                    closed = Stopwatch.GetTimestamp();
                }
                finally
                {
                    Interlocked.Decrement(ref _open);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    // Until somebody opens it; the wait for a turn is the machine's, which has to be all clients at once, and counts.
    private async Task<ClientWebSocket> OpenAsync()
    {
        await _opening.WaitAsync(_stop.Token);
        try
        {
            while (true)
            {
                var socket = new ClientWebSocket();
                socket.Options.KeepAliveInterval = TimeSpan.Zero;
                socket.Options.RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null;
                try
                {
                    await socket.ConnectAsync(address, _stop.Token);
                    return socket;
                }
                catch (WebSocketException)
                {
                    // The balancer has nobody at this moment, or has chosen one that just stops accepting.
                    socket.Dispose();
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            }
        }
        finally
        {
            _opening.Release();
        }
    }
}
