using System.IO.Pipelines;
using System.Net.Sockets;
using Actors443.Tunnels.Egress;
using Actors443.Tunnels.Http;

namespace Actors443.Tunnels;

/// <summary>Moves the bytes of one tunnel both ways, each as fast as the other side takes them: what is not taken is not read.</summary>
internal static class TunnelRelay
{
    /// <summary>Returns when the tunnel is over; it then has its reason. The client's end of the pipe is still open.</summary>
    public static async Task RunAsync(Tunnel tunnel, TunnelCarrier client, EgressSocket target, TimeProvider time)
    {
        using var ended = new CancellationTokenSource();
        // Whoever ends the tunnel is done with the pipe before somebody else has it.
        var stopped = new TaskCompletionSource();
        tunnel.OnEnd(() =>
        {
            target.Close(reset: tunnel.Reason is not (TunnelEndReason.ClientClosed or TunnelEndReason.TargetClosed));
            client.Interrupt(tunnel);
            ended.Cancel();
            stopped.TrySetResult();
        });
        // Not on the loop, where the relay may have run: an application's code goes on after this, and may block.
        await Task.WhenAll(stopped.Task, UpAsync(tunnel, client, target, time, ended.Token), DownAsync(tunnel, target, client, time, ended.Token)).ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
    }

    private static async Task UpAsync(Tunnel tunnel, TunnelCarrier client, EgressSocket target, TimeProvider time, CancellationToken ended)
    {
        TunnelEndReason failure = TunnelEndReason.ClientReset;
        try
        {
            while (!tunnel.HasEnded)
            {
                ReadResult read = await client.Input.ReadAsync(CancellationToken.None);
                if (tunnel.HasEnded || read.IsCanceled)
                {
                    // HTTP cancels as well, when it hears of the end of the connection: the next read tells how that came.
                    client.Input.AdvanceTo(read.Buffer.Start);
                    continue;
                }

                long length = read.Buffer.Length;
                failure = TunnelEndReason.TargetReset;
                await target.SendAsync(read.Buffer);
                failure = TunnelEndReason.ClientReset;
                client.Input.AdvanceTo(read.Buffer.End);
                tunnel.CountUp(length);
                if (read.IsCompleted && client.IsCutOff)
                    tunnel.End(TunnelEndReason.ClientReset);
                if (read.IsCompleted)
                {
                    // The client has said all, and may still listen.
                    tunnel.ClientEnded();
                    target.EndSending();
                    return;
                }

                if (tunnel.Account.Up.Take(length) is { Ticks: > 0 } pause)
                    await Task.Delay(pause, time, ended);
            }
        }
        catch (InvalidDataException)
        {
            tunnel.End(TunnelEndReason.ProtocolError);
        }
        catch (Exception cause) when (IsEndOfConnection(cause))
        {
            tunnel.End(failure);
        }
    }

    private static async Task DownAsync(Tunnel tunnel, EgressSocket target, TunnelCarrier client, TimeProvider time, CancellationToken ended)
    {
        TunnelEndReason failure = TunnelEndReason.TargetReset;
        try
        {
            while (!tunnel.HasEnded)
            {
                await target.WaitAsync();
                (int length, bool isOver) = target.Receive(client.Output);
                if (length > 0)
                {
                    tunnel.CountDown(length);
                    failure = TunnelEndReason.ClientReset;
                    if (!await client.FlushAsync(tunnel))
                        tunnel.End(TunnelEndReason.ClientReset);
                    failure = TunnelEndReason.TargetReset;
                }

                // RFC 9110 9.3.6: what came is delivered, and then both sides are closed.
                if (isOver)
                    tunnel.End(tunnel.HasClientEnded ? TunnelEndReason.ClientClosed : TunnelEndReason.TargetClosed);
                else if (tunnel.Account.Down.Take(length) is { Ticks: > 0 } pause)
                    await Task.Delay(pause, time, ended);
            }
        }
        catch (Exception cause) when (IsEndOfConnection(cause))
        {
            tunnel.End(failure);
        }
    }

    /// <summary>What pipes and sockets throw when the other side is gone or they were closed.</summary>
    public static bool IsEndOfConnection(Exception cause) => cause is SocketException or IOException or ObjectDisposedException or OperationCanceledException;
}
