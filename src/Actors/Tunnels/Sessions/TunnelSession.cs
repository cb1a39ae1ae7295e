using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using Actors443.Tunnels.Egress;
using Actors443.Tunnels.Http;

namespace Actors443.Tunnels.Sessions;

/// <summary>
/// A tunnel that outlives its connections: it keeps the connection to the target, and what the client has not confirmed. Its client comes back, on any connection, with the
/// session's token and its own account.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Nobody asks the semaphore for a handle, and it holds nothing else.")]
internal sealed class TunnelSession
{
    public const string TokenHeader = "Tunnel-Session";
    public const string ReceivedHeader = "Tunnel-Received";

    /// <summary>Bytes that a client may have sent and not seen confirmed.</summary>
    public const int ClientWindow = 1024 * 1024;

    private const int ReadLength = 16 * 1024;

    private readonly EgressSocket _target;
    private readonly ResumableLink _link;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly TaskCompletionSource _over = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile Tunnel? _front;

    /// <param name="tunnel">Entered and connected; it ends with the session.</param>
    /// <param name="target">Taken over.</param>
    /// <param name="buffer">Bytes kept for the client at most.</param>
    /// <param name="time">For rates.</param>
    public TunnelSession(Tunnel tunnel, EgressSocket target, int buffer, TimeProvider time)
    {
        Tunnel = tunnel;
        Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        _target = target;
        _time = time;
        DetachedAtMs = tunnel.StartedAtMs;
        _link = new ResumableLink(buffer, ClientWindow, DeliverAsync, EndSending);
        tunnel.OnEnd(Stop);
    }

    public Tunnel Tunnel { get; }

    /// <summary>Proves that a client is the one that opened it. Nobody but that client is shown it.</summary>
    public string Token { get; }

    /// <summary>The tunnel by which a connection carries it at this moment; null: none does.</summary>
    public Tunnel? Front => _front;

    /// <summary>When it lost its last connection.</summary>
    public long DetachedAtMs { get; private set; }

    /// <summary>Everything that was said has arrived, or the tunnel has been ended.</summary>
    public bool IsOver => Tunnel.HasEnded;

    /// <summary>Reads from the target, and returns when the session is over.</summary>
    public async Task RunAsync()
    {
        await ReadTargetAsync();
        await _over.Task;
    }

    private async Task ReadTargetAsync()
    {
        byte[] buffer = new byte[ReadLength];
        try
        {
            while (!IsOver)
            {
                await _target.WaitAsync();
                int count = _target.Receive(buffer);
                if (count == 0)
                {
                    _link.EndSending();
                    return;
                }

                if (count < 0)
                    continue;
                Tunnel.CountDown(count);
                if (!await _link.SendAsync(buffer.AsMemory(0, count)))
                    return;
                if (Tunnel.Account.Down.Take(count) is { Ticks: > 0 } pause)
                    await Task.WhenAny(_over.Task, Task.Delay(pause, _time));
            }
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Tunnel.End(TunnelEndReason.TargetReset);
        }
    }

    /// <summary>Carries it over a client's connection until that is lost or all is over. A carrier that is still there is given up for the new one.</summary>
    /// <param name="front">The tunnel of this connection.</param>
    /// <param name="carrier">Not accepted yet.</param>
    /// <param name="peerReceived">What the client has received.</param>
    public async Task CarryAsync(Tunnel front, TunnelCarrier carrier, long peerReceived)
    {
        // The client has come on another connection: the one before is of no use to it.
        _front?.End(TunnelEndReason.Superseded);
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            _front = front;
            front.OnEnd(_link.Drop);
            await carrier.AcceptAsync((TokenHeader, Token), (ReceivedHeader, _link.Received.ToString(CultureInfo.InvariantCulture)));
            long received = _link.Received;
            CarrierEnd end = await _link.CarryAsync(carrier, peerReceived, carrier.Cut);
            front.CountUp(_link.Received - received);
            front.CountDown(_link.SentOverLast);
            if (end == CarrierEnd.Complete)
                Tunnel.End(TunnelEndReason.ClientClosed);
            else if (end == CarrierEnd.Reset)
                Tunnel.End(TunnelEndReason.ClientReset);
            front.End(end == CarrierEnd.Lost ? TunnelEndReason.ClientReset : Tunnel.Reason);
        }
        finally
        {
            _front = null;
            DetachedAtMs = Tunnel.Clock.NowMs;
            _turn.Release();
        }
    }

    private async ValueTask DeliverAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            await _target.SendAsync(bytes);
            Tunnel.CountUp(bytes.Length);
            if (Tunnel.Account.Up.Take(bytes.Length) is { Ticks: > 0 } pause)
                await Task.WhenAny(_over.Task, Task.Delay(pause, _time));
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Tunnel.End(TunnelEndReason.TargetReset);
        }
    }

    private void EndSending()
    {
        Tunnel.ClientEnded();
        _target.EndSending();
    }

    private void Stop()
    {
        bool isOrderly = Tunnel.Reason == TunnelEndReason.ClientClosed;
        // With a carrier the client is told.
        _link.Reset();
        _target.Close(reset: !isOrderly);
        _over.TrySetResult();
    }
}
