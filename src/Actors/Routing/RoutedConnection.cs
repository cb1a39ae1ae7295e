using System.IO.Pipelines;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.ProxyProtocol;
using Actors443.Tls;
using Actors443.Tunnels;
using Actors443.Tunnels.Egress;

namespace Actors443.Routing;

/// <summary>
/// A connection on its way to an upstream and back: moves the bytes both ways, each as fast as the other side takes them; what is not taken is not read. An end goes through as an end
/// of that direction alone, a reset as a reset. A chunk costs no message.
/// </summary>
#pragma warning disable CA1001 // The source has no timer and no handle; cancelled or not, it holds nothing.
internal sealed class RoutedConnection(EngineConnection connection, IRoutedClient client, Route route) : ICarriedProtocol
#pragma warning restore CA1001
{
    private const int Running = 0;
    private const int Stopped = 1;
    private const int Broken = 2;

    private readonly CancellationTokenSource _over = new();
    private EgressSocket? _upstream;
    private string? _upstreamText;
    private int _state;
    private int _firstEnd;

    public string Route => route.Name;

    public TimeSpan? Idle => route.Settings.Idle;

    public TimeSpan? Age => route.Settings.Age;

    public string? Upstream => Volatile.Read(ref _upstreamText);

    private bool IsOver => Volatile.Read(ref _state) != Running;

    /// <summary>Connects, and returns when it is over both ways or cannot be connected. The connection then has its reason.</summary>
    public async Task RunAsync()
    {
        DialedUpstream dialed;
        try
        {
            dialed = await route.Upstreams.DialAsync(connection.ApplicationProtocol, connection.Egress, _over.Token);
        }
        catch (OperationCanceledException)
        {
            return;
        }

        if (dialed.Socket is not { } upstream)
        {
            await RefuseAsync(dialed);
            return;
        }

        Volatile.Write(ref _upstream, upstream);
        Volatile.Write(ref _upstreamText, dialed.Address!.Host == upstream.Remote.Address.ToString() ? upstream.Remote.ToString() : $"{dialed.Address} ({upstream.Remote.Address})");
        Interlocked.MemoryBarrier();
        if (IsOver)
            upstream.Close(reset: true);
        connection.Record(LifecycleEvent.UpstreamConnected);
        await Task.WhenAll(UpAsync(upstream), DownAsync(upstream));
        upstream.Close(reset: Interlocked.CompareExchange(ref _state, Stopped, Running) == Broken);
        if (_firstEnd != 0)
            connection.SetOrderlyReason((CloseReason)_firstEnd);
    }

    /// <summary>Ends it in order, both sides: the upstream is told, and has the last word. Asked again, it is not waited for. Any thread.</summary>
    public void Stop()
    {
        if (!End(Stopped))
            Volatile.Read(ref _upstream)?.Close(reset: false);
    }

    /// <summary>An unknown protocol cannot be asked to finish: it goes on as long as it may.</summary>
    public void Drain()
    {
    }

    /// <summary>The client is gone: the upstream is told by a reset. Any thread, idempotent.</summary>
    public void Break() => End(Broken);

    private bool End(int state)
    {
        if (Interlocked.CompareExchange(ref _state, state, Running) != Running)
            return false;
        _over.Cancel();
        if (state == Broken)
            Volatile.Read(ref _upstream)?.Close(reset: true);
        else
            Volatile.Read(ref _upstream)?.EndSending();
        client.Input.CancelPendingRead();
        client.Output.CancelPendingFlush();
        return true;
    }

    // Whoever speaks TLS is told in its language; to others, a reset says that there is nobody.
    private async Task RefuseAsync(DialedUpstream dialed)
    {
        if (!route.PassesTls)
        {
            connection.Abort(dialed.Refusal, dialed.Detail);
            return;
        }

        connection.SetReason(dialed.Refusal, dialed.Detail);
        byte[] alert = new byte[TlsAlertRecord.Length];
        TlsAlertRecord.Write(TlsAlert.InternalError, alert);
        try
        {
            await client.Output.WriteAsync(alert);
        }
        catch (Exception cause) when (TunnelRelay.IsEndOfConnection(cause))
        {
            // It is gone already.
        }
    }

    private async Task UpAsync(EgressSocket upstream)
    {
        CloseReason failure = CloseReason.UpstreamReset;
        try
        {
            if (route.Settings.ProxyProtocol is not ProxyProtocolOut.Off and var version)
                await upstream.SendAsync(ProxyHeaderWriter.Write(ProxyHeaderWriter.Of(connection, version == ProxyProtocolOut.V1 ? 1 : 2)));
            failure = CloseReason.ClientReset;
            while (true)
            {
                ReadResult read = await client.Input.ReadAsync(CancellationToken.None);
                if (IsOver)
                {
                    client.Input.AdvanceTo(read.Buffer.Start);
                    return;
                }

                long length = read.Buffer.Length;
                failure = CloseReason.UpstreamReset;
                await upstream.SendAsync(read.Buffer);
                failure = CloseReason.ClientReset;
                client.Input.AdvanceTo(read.Buffer.End);
                route.Usage.CountUp(length);
                if (!read.IsCompleted)
                    continue;
                Interlocked.CompareExchange(ref _firstEnd, (int)CloseReason.ClientClosed, 0);
                upstream.EndSending();
                return;
            }
        }
        catch (Exception cause) when (TunnelRelay.IsEndOfConnection(cause))
        {
            Lose(failure);
        }
    }

    private async Task DownAsync(EgressSocket upstream)
    {
        CloseReason failure = CloseReason.UpstreamReset;
        try
        {
            while (true)
            {
                await upstream.WaitAsync();
                if (IsOver)
                    return;
                (int length, bool isOver) = upstream.Receive(client.Output);
                if (length > 0)
                {
                    failure = CloseReason.ClientReset;
                    FlushResult flush = await client.Output.FlushAsync(CancellationToken.None);
                    if (IsOver)
                        return;
                    if (flush.IsCompleted)
                    {
                        Lose(failure);
                        return;
                    }

                    failure = CloseReason.UpstreamReset;
                    route.Usage.CountDown(length);
                }

                if (!isOver)
                    continue;
                Interlocked.CompareExchange(ref _firstEnd, (int)CloseReason.UpstreamClosed, 0);
                failure = CloseReason.ClientReset;
                await client.EndOutputAsync();
                return;
            }
        }
        catch (Exception cause) when (TunnelRelay.IsEndOfConnection(cause))
        {
            Lose(failure);
        }
    }

    /// <summary>One side is gone, not in order; so shall be the other.</summary>
    private void Lose(CloseReason reason)
    {
        if (IsOver)
            return;
        connection.Abort(reason);
        Break();
    }
}
