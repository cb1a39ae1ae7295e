using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;

namespace Actors443.Bench.Soak;

/// <summary>Clients of every kind that go on until they are stopped, and what failed for them.</summary>
internal sealed class SoakTraffic(int port) : IDisposable
{
    private static readonly TimeSpan Within = TimeSpan.FromSeconds(30);

    private readonly ConcurrentQueue<SoakFailure> _failures = [];
    private readonly ConcurrentDictionary<string, long> _counts = [];
    private readonly SocketsHttpHandler _handler = new()
    {
        UseProxy = false,
        SslOptions = { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null },
        EnableMultipleHttp2Connections = true,
    };

    public IReadOnlyCollection<SoakFailure> Failures => _failures;

    /// <summary>What was done, by what it was.</summary>
    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>WebSockets that are open.</summary>
    public int WebSockets => _webSockets;

    private int _webSockets;

    public Task RunAsync(int webSockets, CancellationToken stop)
    {
        Task[] clients =
        [
            .. new[] { HttpVersion.Version11, HttpVersion.Version20 }.SelectMany(version => new (string Path, int Length, bool MayFail)[] { ("/hello", 13, false), ("/files/100k.bin", 102_400, false), ("/proxy", 13, false), ("/chaos", 13, true) }
                .Select(what => Task.Run(() => AskAsync(version, what.Path, what.Length, what.MayFail, stop), CancellationToken.None))),
            .. Enumerable.Range(0, webSockets).Select(number => Task.Run(() => HoldAsync(number, stop), CancellationToken.None)),
        ];
        return Task.WhenAll(clients);
    }

    public void Dispose() => _handler.Dispose();

    private async Task AskAsync(Version version, string path, int length, bool mayFail, CancellationToken stop)
    {
        using var client = new HttpClient(_handler, disposeHandler: false) { Timeout = Within, DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using HttpResponseMessage answer = await client.GetAsync(new Uri($"https://localhost:{port}{path}"), CancellationToken.None);
                int got = (await answer.Content.ReadAsByteArrayAsync(CancellationToken.None)).Length;
                bool isRight = answer.StatusCode == HttpStatusCode.OK && got == length;
                // The upstream is away at times; that must be said, and nothing else.
                bool isExcused = mayFail && answer.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
                Count(isRight || !isExcused ? path : path + " (upstream away)");
                if (!isRight && !isExcused)
                    Fail(path, $"{(int)answer.StatusCode} with {got} bytes");
            }
            catch (Exception cause) when (cause is HttpRequestException or OperationCanceledException or IOException)
            {
                // A body that ends early is all there is to say after a status, when the upstream went in the middle.
                if (!mayFail || cause is not HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded })
                    Fail(path, cause.GetBaseException().Message);
            }

            await Pause(20, stop);
        }
    }

    // Echoes; one that is closed comes back.
    private async Task HoldAsync(int number, CancellationToken stop)
    {
        byte[] buffer = new byte[256];
        await Pause(number * 10, stop);
        while (!stop.IsCancellationRequested)
        {
            using var socket = new ClientWebSocket();
            socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
            bool counted = false;
            try
            {
                using var patience = new CancellationTokenSource(Within);
                await socket.ConnectAsync(new Uri($"wss://localhost:{port}/socket"), patience.Token);
                counted = true;
                Interlocked.Increment(ref _webSockets);
                Count("WebSocket opened");
                for (int message = 0; !stop.IsCancellationRequested; message++)
                {
                    byte[] text = Encoding.ASCII.GetBytes($"{number}/{message}");
                    using var echo = new CancellationTokenSource(Within);
                    await socket.SendAsync(text, WebSocketMessageType.Text, true, echo.Token);
                    ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(), echo.Token);
                    if (got.MessageType == WebSocketMessageType.Close)
                        throw new WebSocketException($"closed with {socket.CloseStatus} {socket.CloseStatusDescription}");
                    if (!buffer.AsSpan(0, got.Count).SequenceEqual(text))
                        throw new WebSocketException("another echo");
                    Count("WebSocket echo");
                    await Pause(5_000, stop);
                }

                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, patience.Token.IsCancellationRequested ? CancellationToken.None : patience.Token);
            }
            catch (Exception cause) when (cause is WebSocketException or OperationCanceledException or HttpRequestException or IOException)
            {
                if (!stop.IsCancellationRequested)
                    Fail("WebSocket", cause.GetBaseException().Message);
            }
            finally
            {
                if (counted)
                    Interlocked.Decrement(ref _webSockets);
            }

            await Pause(500, stop);
        }
    }

    private void Count(string what) => _counts.AddOrUpdate(what, 1, static (_, count) => count + 1);

    private void Fail(string what, string how) => _failures.Enqueue(new SoakFailure(DateTimeOffset.UtcNow, what, how));

    private static async Task Pause(int milliseconds, CancellationToken stop) => await Task.Delay(milliseconds, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}

/// <summary>Something failed for a client.</summary>
internal sealed record SoakFailure(DateTimeOffset At, string What, string How);
