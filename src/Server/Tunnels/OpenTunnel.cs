using System.Net.Security;
using System.Net.WebSockets;

namespace Actors443.Server.Tunnels;

/// <summary>A client's tunnel that the server has granted and nobody uses yet.</summary>
internal abstract class OpenTunnel : IAsyncDisposable
{
    /// <summary>Moves bytes between it and the near end until both have said all, or one is gone.</summary>
    /// <exception cref="IOException">It was cut.</exception>
    public abstract Task CarryAsync(LocalEnd local, CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();

    /// <summary>Both ways at once; if one fails the other is not waited for.</summary>
    protected static async Task BothAsync(Task up, Task down)
    {
        Task first = await Task.WhenAny(up, down);
        await first;
        // RFC 9110 9.3.6: once the far end has said all, it is over.
        if (first == up)
            await down;
        else
            await up.WaitAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }
}

/// <summary>By CONNECT: the connection itself.</summary>
internal sealed class ConnectedTunnel(SslStream tls) : OpenTunnel
{
    public override Task CarryAsync(LocalEnd local, CancellationToken cancellationToken)
    {
        return BothAsync(UpAsync(), DownAsync());

        async Task UpAsync()
        {
            await local.Input.CopyToAsync(tls, cancellationToken);
            // close_notify: the server ends its sending to the target, and goes on with what comes from there.
            await tls.ShutdownAsync();
        }

        async Task DownAsync()
        {
            await tls.CopyToAsync(local.Output, cancellationToken);
            await local.Output.FlushAsync(cancellationToken);
            local.EndOutput();
        }
    }

    public override ValueTask DisposeAsync() => tls.DisposeAsync();
}

/// <summary>By a WebSocket.</summary>
internal sealed class WebSocketTunnel(ClientWebSocket socket, HttpMessageInvoker invoker) : OpenTunnel
{
    public override async Task CarryAsync(LocalEnd local, CancellationToken cancellationToken)
    {
        await using Stream stream = WebSocketStream.Create(socket, WebSocketMessageType.Binary);
        await BothAsync(UpAsync(), DownAsync());

        async Task UpAsync()
        {
            await local.Input.CopyToAsync(stream, cancellationToken);
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
        }

        async Task DownAsync()
        {
            await stream.CopyToAsync(local.Output, cancellationToken);
            await local.Output.FlushAsync(cancellationToken);
            local.EndOutput();
        }
    }

    public override ValueTask DisposeAsync()
    {
        socket.Dispose();
        invoker.Dispose();
        return ValueTask.CompletedTask;
    }
}
