using System.Net.WebSockets;
using Actors443.Bench.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Actors443.Bench.Soak;

/// <summary>What the proxy leads to: says hello, echoes WebSockets. One that is moody is away at times, and resets or dawdles at others.</summary>
internal static class SoakUpstream
{
    public static async Task<WebApplication> StartAsync(int port, Random? moods = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        WebApplication upstream = builder.Build();
        upstream.UseWebSockets();
        upstream.Run(context => context.WebSockets.IsWebSocketRequest ? EchoAsync(context) : AnswerAsync(context, moods));
        await upstream.StartAsync();
        return upstream;
    }

    /// <summary>Away for five seconds of every minute, until stopped.</summary>
    public static async Task ComeAndGoAsync(int port, int seed, CancellationToken stop)
    {
        var moods = new Random(seed);
        while (!stop.IsCancellationRequested)
        {
            await using (WebApplication upstream = await StartAsync(port, moods))
            {
                await Task.Delay(TimeSpan.FromSeconds(55), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
                await upstream.StopAsync(patience.Token);
            }

            await Task.Delay(TimeSpan.FromSeconds(5), stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task AnswerAsync(HttpContext context, Random? moods)
    {
        switch (moods?.Next(100))
        {
            case 0:
                context.Abort();
                return;
            case 1:
                await Task.Delay(500, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
        }

        context.Response.ContentLength = BenchSite.Hello.Length;
        await context.Response.WriteAsync(BenchSite.Hello);
    }

    private static async Task EchoAsync(HttpContext context)
    {
        byte[] buffer = new byte[256];
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult got = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
                if (got.MessageType == WebSocketMessageType.Close)
                    break;
                await socket.SendAsync(buffer.AsMemory(0, got.Count), got.MessageType, got.EndOfMessage, context.RequestAborted);
            }

            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception cause) when (cause is WebSocketException or OperationCanceledException)
        {
            // The client has gone.
        }
    }
}
