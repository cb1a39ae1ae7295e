using System.Net;
using Actors443.Admission;
using Actors443.Connections;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Telemetry;

namespace Actors443.Engine.EventLoop;

/// <summary>
/// Accepts on one loop for one address. Waits at the gate before it accepts, so that the kernel's backlog holds back whom we cannot serve, and refuses
/// before anything is allocated for the connection.
/// </summary>
#pragma warning disable CA1001 // The source has no timer and no handle; cancelled, it holds nothing.
internal sealed class LoopListener(EventLoopEngine engine, ConnectionLoop home, LoopEntry entry, int descriptor, IPEndPoint endPoint, ILogger log, TimeProvider time) : ILoopHandler
#pragma warning restore CA1001
{
    /// <summary>Accepted at one go at most: the other sockets of the loop have their turn.</summary>
    private const int MostAtOnce = 64;

    private static readonly TimeSpan ShortageWait = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _unbound = new();
    private readonly bool _isWildcard = PlainAddress.IsEvery(endPoint.Address);
    private int _atOnce = 1;
    private int _stopping;
    private bool _listening;
    private bool _isShort;
    private long _lastShortageReport;

    private IAcceptGate Gate => entry.Request.Gate;

    /// <summary>Begins to accept. Any thread.</summary>
    public void Start() => home.Loop.Post(new LoopWork(() =>
    {
        _listening = home.Loop.Register(descriptor, this, LibC.EpollIn);
        if (!_listening)
            Fault(LibC.Error);
    }));

    /// <summary>Frees the address. Any thread; completes when it is free.</summary>
    public Task StopAsync()
    {
        // Once: its number may be another's after.
        if (Interlocked.Exchange(ref _stopping, 1) != 0)
            return Task.CompletedTask;
        _unbound.Cancel();
        engine.Forget(descriptor);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        home.Loop.Post(new LoopWork(() =>
        {
            if (_listening)
                home.Loop.Unregister(descriptor);
            _listening = false;
            _ = LibC.close(descriptor);
            stopped.SetResult();
        }));
        return stopped.Task;
    }

    void ILoopHandler.Ready(uint events)
    {
        int accepted = 0;
        while (accepted < _atOnce && AcceptOne())
            accepted++;
        // One a tick, unless they come in a crowd: the call that finds nobody is spared.
        _atOnce = accepted == _atOnce ? Math.Min(_atOnce * 2, MostAtOnce) : 1;
    }

    void ILoopHandler.Failed(Exception cause) => entry.Request.OnFault?.Invoke(cause);

    private unsafe bool AcceptOne()
    {
        ValueTask open = Gate.WaitUntilAcceptingAsync(_unbound.Token);
        if (!open.IsCompletedSuccessfully)
        {
            _ = PauseUntilAsync(open);
            return false;
        }

        if (_isShort && IsStillShort())
            return false;
        byte* address = stackalloc byte[NativeAddress.MaximumLength];
        int length = NativeAddress.MaximumLength;
        int accepted = LibC.accept4(descriptor, address, &length, LibC.SocketNonBlocking | LibC.SocketCloseOnExec);
        if (accepted < 0)
        {
            AcceptFailed(LibC.Error);
            return false;
        }

        // It has one that was reserved: it is served, and is the last.
        _isShort = DescriptorReserve.IsReached(accepted);
        IPEndPoint remote = NativeAddress.Read(new ReadOnlySpan<byte>(address, length));
        if (Gate.TryEnter(remote.Address, entry.Tls.Proxies, out CloseReason unlessNode) is not CloseReason.None and var refusal)
        {
            Refuse(accepted, refusal);
            return true;
        }

        IPEndPoint local = _isWildcard ? LoopSockets.LocalOf(accepted) ?? endPoint : endPoint;
        ConnectionLoop best = engine.LoopFor(home);
        if (best == home)
            Start(home, accepted, remote, local, unlessNode);
        else
            best.Loop.Post(new LoopWork(() => Start(best, accepted, remote, local, unlessNode)));
        return true;
    }

    private void Start(ConnectionLoop at, int accepted, IPEndPoint remote, IPEndPoint local, CloseReason unlessNode)
    {
        var connection = new LoopConnection(at, entry, accepted, remote, local);
        if (unlessNode != CloseReason.None)
            connection.EnteredAsNode(unlessNode);
        connection.Start();
    }

    private bool IsStillShort()
    {
        _isShort = DescriptorReserve.IsReachedNow(descriptor);
        if (_isShort)
            AcceptFailed(LibC.EMFILE);
        return _isShort;
    }

    private void AcceptFailed(int errno)
    {
        switch (errno)
        {
            case LibC.EAGAIN or LibC.EINTR:
                break;
            case LibC.EMFILE or LibC.ENFILE or LibC.ENOBUFS or LibC.ENOMEM:
                ReportShortage(errno);
                _ = PauseUntilAsync(new ValueTask(Task.Delay(ShortageWait, time, CancellationToken.None)));
                break;
            case LibC.EBADF or LibC.EINVAL or LibC.ENOTSOCK:
                if (!_unbound.IsCancellationRequested)
                    Fault(errno);
                break;
            default:
                // The connection's own fault: it was reset while it waited in the backlog.
                log.AcceptFailed(endPoint, SocketErrors.Of(errno));
                break;
        }
    }

    private async Task PauseUntilAsync(ValueTask open)
    {
        if (!home.Loop.Modify(descriptor, 0))
            Fault(LibC.Error);
        try
        {
            await open;
        }
        catch (OperationCanceledException)
        {
            // Unbound while it waited.
            return;
        }

        home.Loop.Post(new LoopWork(() =>
        {
            if (_listening && !home.Loop.Modify(descriptor, LibC.EpollIn))
                Fault(LibC.Error);
        }));
    }

    private void Fault(int errno) => entry.Request.OnFault?.Invoke(SocketErrors.ToException(errno));

    private unsafe void Refuse(int accepted, CloseReason refusal)
    {
        entry.Metrics.Refused(refusal);
        // A reset at once costs both sides least; nothing of the client has been read.
        var linger = new LibC.Linger { On = 1, Seconds = 0 };
        _ = LibC.setsockopt(accepted, LibC.LevelSocket, LibC.SocketLinger, &linger, sizeof(LibC.Linger));
        _ = LibC.close(accepted);
    }

    private void ReportShortage(int errno)
    {
        entry.Metrics.AcceptShortage();
        long now = time.GetTimestamp();
        if (_lastShortageReport != 0 && time.GetElapsedTime(_lastShortageReport, now) < TimeSpan.FromSeconds(1))
            return;
        _lastShortageReport = now;
        log.AcceptShortage(endPoint, SocketErrors.Of(errno));
    }
}
