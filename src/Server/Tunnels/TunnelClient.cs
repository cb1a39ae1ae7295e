using System.Net;
using System.Net.Sockets;
using Actors443.Server.Cli;
using Actors443.Tunnels.Targets;

namespace Actors443.Server.Tunnels;

/// <summary>One near end of the client that listens: connections to it lead to one target.</summary>
/// <param name="Listen">Port 0: any free one.</param>
/// <param name="Target">Null: each connection says by SOCKS5 where it is to lead.</param>
internal sealed record TunnelForward(IPEndPoint Listen, TunnelTarget? Target);

/// <summary>The near ends of tunnels: ports that are forwarded, SOCKS5, or standard input and output.</summary>
internal sealed class TunnelClient(TunnelRequest request, CommandConsole console)
{
    /// <summary>Carries standard input and output to one target. Answers the exit code.</summary>
    public async Task<int> RunStdioAsync(TunnelTarget target, CancellationToken cancellationToken)
    {
        try
        {
            await using OpenTunnel tunnel = await request.OpenAsync(target, cancellationToken);
            await tunnel.CarryAsync(LocalEnd.OfProcess(), cancellationToken);
            return ExitCode.Done;
        }
        catch (Exception cause) when (cause is TunnelRefusedException or IOException)
        {
            console.WriteError("actors443: " + cause.Message);
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Done;
        }
    }

    /// <summary>Listens until cancelled. Answers the exit code.</summary>
    public async Task<int> RunListenersAsync(IReadOnlyList<TunnelForward> forwards, CancellationToken cancellationToken)
    {
        var listeners = new List<(TcpListener Listener, TunnelForward Forward)>();
        try
        {
            foreach (TunnelForward forward in forwards)
            {
                var listener = new TcpListener(forward.Listen);
                listener.Start();
                listeners.Add((listener, forward));
                console.WriteError($"{listener.LocalEndpoint} leads to {forward.Target?.ToString() ?? "what SOCKS5 asks for"}");
            }

            await Task.WhenAll(listeners.Select(pair => AcceptAsync(pair.Listener, pair.Forward.Target, cancellationToken)));
            return ExitCode.Done;
        }
        catch (SocketException cause)
        {
            console.WriteError($"actors443: cannot listen on {forwards[listeners.Count].Listen}: {cause.Message}; give another port");
            return ExitCode.Failed;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Done;
        }
        finally
        {
            foreach ((TcpListener listener, _) in listeners)
                listener.Dispose();
        }
    }

    private async Task AcceptAsync(TcpListener listener, TunnelTarget? target, CancellationToken cancellationToken)
    {
        while (true)
        {
            Socket socket = await listener.AcceptSocketAsync(cancellationToken);
            socket.NoDelay = true;
            _ = ServeAsync(socket, target, cancellationToken);
        }
    }

    private async Task ServeAsync(Socket socket, TunnelTarget? target, CancellationToken cancellationToken)
    {
        await using LocalEnd local = LocalEnd.Of(socket);
        try
        {
            if (target is null)
            {
                await ServeSocksAsync(local, cancellationToken);
                return;
            }

            await using OpenTunnel tunnel = await request.OpenAsync(target, cancellationToken);
            await tunnel.CarryAsync(local, cancellationToken);
        }
        catch (Exception cause) when (cause is TunnelRefusedException or IOException or SocketException or ObjectDisposedException or System.Net.WebSockets.WebSocketException)
        {
            console.WriteError($"actors443: {target?.ToString() ?? "SOCKS5"}: {cause.Message}");
            // Whoever is connected sees a cut, not an end.
            socket.Close(0);
        }
        catch (OperationCanceledException)
        {
            // The client stops.
        }
    }

    private async Task ServeSocksAsync(LocalEnd local, CancellationToken cancellationToken)
    {
        if (await Socks5.ReadRequestAsync(local.Input, local.Output, cancellationToken) is not { } target)
            return;
        OpenTunnel tunnel;
        try
        {
            tunnel = await request.OpenAsync(target, cancellationToken);
        }
        catch (TunnelRefusedException cause)
        {
            console.WriteError($"actors443: {target}: {cause.Message}");
            await Socks5.ReplyAsync(local.Output, Socks5.NotAllowed, cancellationToken);
            return;
        }
        catch (IOException cause)
        {
            console.WriteError($"actors443: {target}: {cause.Message}");
            await Socks5.ReplyAsync(local.Output, Socks5.GeneralFailure, cancellationToken);
            return;
        }

        await using (tunnel)
        {
            await Socks5.ReplyAsync(local.Output, Socks5.Succeeded, cancellationToken);
            await tunnel.CarryAsync(local, cancellationToken);
        }
    }
}
