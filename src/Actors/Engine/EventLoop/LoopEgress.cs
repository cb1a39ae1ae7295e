using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Engine.EventLoop.Pipes;
using Actors443.Tunnels.Egress;

namespace Actors443.Engine.EventLoop;

/// <summary>
/// A target's socket on the loop of the client's connection, so that a byte goes from one to the other without a change of threads. The loop's thread alone touches it:
/// whoever waits for it goes on upon the loop, and what other threads want is posted there. It is watched once, edge-triggered: nothing is asked of epoll when a side is slow.
/// </summary>
internal sealed unsafe class LoopEgress : EgressSocket, ILoopHandler, IValueTaskSource, Akka.Dispatch.IRunnable
{
    private const int ConnectWork = 1;
    private const int ReceiveWork = 2;
    private const int SendWork = 4;
    private const int EndSendingWork = 8;
    private const int CloseWork = 16;
    private const int ResetWork = 32;

    /// <summary>Of 16 KiB, filled by one system call: each call acknowledges what it took, which costs as much as taking it.</summary>
    private const int BlocksAtOnce = 4;

    private const uint Watched = LibC.EpollIn | LibC.EpollOut | LibC.EpollReadHangUp | LibC.EpollEdge;
    private const uint Lost = LibC.EpollError | LibC.EpollHangUp;

    private readonly EventLoop _loop;
    private readonly IPAddress? _from;
    // Who connects may be an application's code, and block.
    private readonly Waiter _connecting = new(onLoop: false);
    private readonly Waiter _sending = new(onLoop: true);
    private ManualResetValueTaskSourceCore<bool> _news;
    private int _awaitsNews;
    private Phase _phase = Phase.New;
    private int _descriptor = -1;
    private int _work;
    private bool _isReadable;
    private bool _hasEnded;
    private ReadOnlySequence<byte> _unsent;

    public LoopEgress(EventLoop loop, IPEndPoint remote, IPAddress? from = null)
    {
        _loop = loop;
        _from = from;
        Remote = remote;
    }

    private enum Phase
    {
        New,
        Connecting,
        Open,
        Closed,
    }

    public override IPEndPoint Remote { get; }

    /// <summary>Once.</summary>
    /// <exception cref="SocketException">There is no connection to be had, or it was closed meanwhile.</exception>
    public ValueTask ConnectAsync()
    {
        ValueTask connected = _connecting.Begin();
        Ask(ConnectWork);
        return connected;
    }

    /// <summary>On the loop: gives the connected socket away, and is closed itself. Nobody watches it.</summary>
    /// <returns>Its descriptor; -1: it has been closed meanwhile.</returns>
    public int TakeSocket()
    {
        if (_phase != Phase.Open)
            return -1;
        int descriptor = _descriptor;
        _loop.Unregister(descriptor);
        _descriptor = -1;
        CloseNow(reset: false);
        return descriptor;
    }

    public override ValueTask WaitAsync()
    {
        if (_loop.IsCurrent && HasNews)
            return ValueTask.CompletedTask;
        _news.Reset();
        return new ValueTask(this, _news.Version);
    }

    /// <inheritdoc/>
    /// <remarks>Straight after <see cref="WaitAsync"/>, which brings whoever waits to the loop.</remarks>
    public override int Receive(Span<byte> bytes)
    {
        ThrowIfCannotReceive();
        fixed (byte* start = bytes)
            return Received(LibC.recv(_descriptor, start, (nuint)bytes.Length, 0), bytes.Length);
    }

    /// <inheritdoc cref="Receive(Span{byte})"/>
    public override (int Length, bool IsOver) Receive(PipeWriter output)
    {
        if (output is not LoopOutput blocks)
            return base.Receive(output);
        ThrowIfCannotReceive();
        LibC.Vector* rooms = stackalloc LibC.Vector[BlocksAtOnce];
        int room = blocks.Reserve(new Span<LibC.Vector>(rooms, BlocksAtOnce), LeastRoom);
        nint count = LibC.readv(_descriptor, rooms, BlocksAtOnce);
        int error = LibC.Error;
        blocks.Advance(Math.Max(0, (int)count));
        int received = Received(count, room, error);
        return (Math.Max(0, received), received == 0);
    }

    public override ValueTask SendAsync(ReadOnlyMemory<byte> bytes) => SendAsync(new ReadOnlySequence<byte>(bytes));

    public override ValueTask SendAsync(ReadOnlySequence<byte> bytes)
    {
        if (!_loop.IsCurrent)
        {
            _unsent = bytes;
            ValueTask sent = _sending.Begin();
            Post(SendWork);
            return sent;
        }

        if (_phase != Phase.Open)
            throw Closed();
        _unsent = bytes;
        return SendUnsent() switch
        {
            0 => _unsent.IsEmpty ? ValueTask.CompletedTask : _sending.Begin(),
            int error => throw SocketErrors.ToException(error),
        };
    }

    public override void EndSending() => Ask(EndSendingWork);

    public override void Close(bool reset) => Ask(reset ? ResetWork : CloseWork);

    public void Run() => Do(Interlocked.Exchange(ref _work, 0));

    void IThreadPoolWorkItem.Execute() => Run();

    void ILoopHandler.Ready(uint events)
    {
        _hasEnded |= (events & (LibC.EpollReadHangUp | Lost)) != 0;
        _isReadable |= (events & (LibC.EpollIn | LibC.EpollReadHangUp | Lost)) != 0;
        // Whoever waits runs here and now, and may close this.
        if (_phase == Phase.Connecting)
            Connected(ErrorOfSocket());
        else if ((events & (LibC.EpollOut | Lost)) != 0)
            GoOnSending();
        if (HasNews)
            EndWait();
    }

    void IValueTaskSource.GetResult(short token) => _news.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _news.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
    {
        _news.OnCompleted(continuation, state, token, flags);
        // Not before: whoever is told before it waits goes on where it is, not on the loop.
        Volatile.Write(ref _awaitsNews, 1);
        if (!_loop.IsCurrent)
            Post(ReceiveWork);
    }

    void ILoopHandler.Failed(Exception cause) => CloseNow(reset: true);

    void ILoopHandler.LoopEnds() => CloseNow(reset: true);

    private bool HasNews => _isReadable || _phase == Phase.Closed;

    private int Received(nint count, int room) => Received(count, room, LibC.Error);

    private int Received(nint count, int room, int error)
    {
        if (count < 0 && error is not (LibC.EAGAIN or LibC.EINTR))
            throw SocketErrors.ToException(error);
        // Less than there was room for is all there was: of what comes later this is told. Of the end, if it has come, it was told already.
        if (count < 0 ? error == LibC.EAGAIN : count < room && !_hasEnded)
            _isReadable = false;
        return (int)count;
    }

    private void Ask(int work)
    {
        if (_loop.IsCurrent)
            Do(work);
        else
            Post(work);
    }

    private void Post(int work)
    {
        if (Interlocked.Or(ref _work, work) == 0)
            _loop.Post(this);
    }

    private void Do(int work)
    {
        // The loop has ended: nothing can be opened any more.
        if (!_loop.IsCurrent)
            work |= ResetWork;
        else if ((work & ConnectWork) != 0 && _phase == Phase.New && (work & (CloseWork | ResetWork)) == 0)
            Connect();
        if ((work & SendWork) != 0 && _phase == Phase.Open)
            GoOnSending();
        if ((work & EndSendingWork) != 0 && _phase == Phase.Open)
            _ = LibC.shutdown(_descriptor, LibC.ShutdownWrite);
        if ((work & (CloseWork | ResetWork)) != 0)
            CloseNow((work & ResetWork) != 0);
        if (_phase == Phase.Closed)
            EndAll();
        else if ((work & ReceiveWork) != 0 && HasNews)
            EndWait();
    }

    private void Connect()
    {
        byte[] address = NativeAddress.Of(Remote);
        _descriptor = LibC.socket(BitConverter.ToUInt16(address), LibC.SocketStream | LibC.SocketNonBlocking | LibC.SocketCloseOnExec, 0);
        if (_descriptor < 0)
        {
            Connected(LibC.Error);
            return;
        }

        int on = 1;
        _ = LibC.setsockopt(_descriptor, LibC.LevelTcp, LibC.TcpNoDelay, &on, sizeof(int));
        int error = BindTo(_from);
        if (error == 0)
        {
            fixed (byte* start = address)
                error = LibC.connect(_descriptor, start, address.Length) == 0 ? 0 : LibC.Error;
        }

        _phase = Phase.Connecting;
        if (error is 0 or LibC.EINPROGRESS && !_loop.Register(_descriptor, this, Watched))
            Connected(LibC.Error);
        else if (error != LibC.EINPROGRESS)
            Connected(error);
    }

    private int BindTo(IPAddress? from)
    {
        if (from is null)
            return 0;
        byte[] address = NativeAddress.Of(new IPEndPoint(from, 0));
        fixed (byte* start = address)
            return LibC.bind(_descriptor, start, address.Length) == 0 ? 0 : LibC.Error;
    }

    private void Connected(int error)
    {
        if (error == 0)
        {
            _phase = Phase.Open;
            _connecting.End();
            return;
        }

        Free(reset: false);
        _connecting.End(SocketErrors.Of(error));
    }

    private int ErrorOfSocket()
    {
        int error;
        int length = sizeof(int);
        return LibC.getsockopt(_descriptor, LibC.LevelSocket, LibC.SocketError, &error, &length) == 0 ? error : LibC.Error;
    }

    private void GoOnSending()
    {
        if (!_sending.IsWaiting)
            return;
        int error = SendUnsent();
        if (error != 0)
            _sending.End(SocketErrors.Of(error));
        else if (_unsent.IsEmpty)
            _sending.End();
    }

    /// <summary>As much as the kernel takes. 0, or the error.</summary>
    private int SendUnsent()
    {
        while (!_unsent.IsEmpty)
        {
            int sent = GatheredSend.Send(_descriptor, _unsent, out int error);
            // It is told when this is over; after an interruption nobody would tell.
            if (error == LibC.EAGAIN)
                return 0;
            if (error is not (0 or LibC.EINTR))
                return error;
            _unsent = _unsent.Slice(sent);
        }

        _unsent = default;
        return 0;
    }

    private void CloseNow(bool reset)
    {
        if (_phase == Phase.Closed)
            return;
        Free(reset);
        EndAll();
    }

    private void Free(bool reset)
    {
        _phase = Phase.Closed;
        _unsent = default;
        if (_descriptor < 0)
            return;
        if (reset)
        {
            var linger = new LibC.Linger { On = 1, Seconds = 0 };
            _ = LibC.setsockopt(_descriptor, LibC.LevelSocket, LibC.SocketLinger, &linger, sizeof(LibC.Linger));
        }

        if (_loop.HandlerOf(_descriptor) == this)
            _loop.Forget(_descriptor);
        _ = LibC.close(_descriptor);
        _descriptor = -1;
    }

    private void EndAll()
    {
        _connecting.End(SocketError.OperationAborted);
        _sending.End(SocketError.OperationAborted);
        // Receive tells it.
        EndWait();
    }

    private void EndWait()
    {
        if (Interlocked.Exchange(ref _awaitsNews, 0) == 1)
            _news.SetResult(true);
    }

    private void ThrowIfCannotReceive()
    {
        if (_phase != Phase.Open)
            throw Closed();
        if (!_loop.IsCurrent)
            throw new InvalidOperationException("What is on a loop is received there alone.");
    }

    private static SocketException Closed() => new((int)SocketError.OperationAborted);

    /// <summary>One who waits. Any thread begins; the loop ends it, in its own time.</summary>
    /// <param name="onLoop">Whoever waits goes on within <see cref="End"/>; else on the thread pool.</param>
    private sealed class Waiter(bool onLoop) : IValueTaskSource
    {
        private ManualResetValueTaskSourceCore<bool> _source = new() { RunContinuationsAsynchronously = !onLoop };
        private int _waiting;

        public bool IsWaiting => Volatile.Read(ref _waiting) == 1;

        public ValueTask Begin()
        {
            _source.Reset();
            Volatile.Write(ref _waiting, 1);
            return new ValueTask(this, _source.Version);
        }

        /// <summary>Does nothing if nobody waits.</summary>
        public void End(SocketError failure = SocketError.Success)
        {
            if (Interlocked.Exchange(ref _waiting, 0) == 0)
                return;
            if (failure == SocketError.Success)
                _source.SetResult(true);
            else
                _source.SetException(new SocketException((int)failure));
        }

        void IValueTaskSource.GetResult(short token) => _source.GetResult(token);

        ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _source.GetStatus(token);

        void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) => _source.OnCompleted(continuation, state, token, flags);
    }
}
