using Actors443.Engine;
using Actors443.Engine.EventLoop;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Server.Load.Protocols;
using Actors443.Server.Load.Results;
using Akka.Actor;

namespace Actors443.Server.Load.Clients;

/// <summary>
/// One client's socket with TLS on it; opened again and again in the client's life. Its owner is told when it opens and ends; requests
/// and answers are between it and its protocol. The loop's thread alone uses it.
/// </summary>
internal sealed unsafe partial class ClientConnection : ILoopHandler, IWheelEntry<ClientConnection>
{
    private readonly ClientLoop _loop;
    private readonly ConnectionPlan _plan;
    private readonly IActorRef _owner;
    private readonly byte[]? _source;
    private readonly OutputBuffer _unsent = new(1024);
    private Phase _phase;
    private int _descriptor = -1;
    private nint _ssl;
    private nint _session;
    private uint _interest;
    private long _startedAt;
    private long _wakeAt = long.MaxValue;

    /// <param name="loop">The loop it lives on.</param>
    /// <param name="plan">Shared by the clients of a group.</param>
    /// <param name="protocol">What is spoken over it.</param>
    /// <param name="owner">Told <see cref="Sessions.ConnectionOpened"/>, <see cref="Sessions.ConnectionEnded"/> and <see cref="Sessions.Woken"/>.</param>
    /// <param name="number">Number of the client within the run: chooses the source address.</param>
    public ClientConnection(ClientLoop loop, ConnectionPlan plan, ClientProtocol protocol, IActorRef owner, int number)
    {
        _loop = loop;
        _plan = plan;
        _owner = owner;
        _source = plan.Target.Source(number);
        Protocol = protocol;
        protocol.Attach(this);
    }

    private enum Phase
    {
        Closed,
        Connecting,
        Handshaking,
        Open,
    }

    public ClientProtocol Protocol { get; }

    private uint ReadInterest => _plan.ReadsOnDemand ? LibC.EpollReadHangUp : LibC.EpollIn;

    public LoopRecorder Recorder => _plan.Recorder;

    public bool IsOpen => _phase == Phase.Open;

    public bool IsClosed => _phase == Phase.Closed;

    /// <summary>A session to resume was kept from an earlier connection.</summary>
    public bool HasSession => _session != 0;

    public bool Resumed { get; private set; }

    public ClientConnection? WheelNext { get; set; }

    public ClientConnection? WheelPrevious { get; set; }

    public int WheelSlot { get; set; } = -1;

    /// <summary>Begins to connect.</summary>
    /// <param name="resume">Offers the session kept from earlier, if there is one.</param>
    public void Open(bool resume)
    {
        _startedAt = ClientLoop.Timestamp;
        Resumed = false;
        _phase = Phase.Connecting;
        Recorder.Opening++;
        _offered = resume ? _session : 0;
        if (!TryConnect(out int error))
        {
            End(FromErrno(error, "connect"));
            return;
        }

        _loop.LookAt(this, Math.Min(_startedAt + _plan.ConnectTimeout, _wakeAt));
    }

    /// <summary>Ends it in order: close_notify, then the socket. The owner is not told.</summary>
    public void Close()
    {
        if (_phase == Phase.Open && _ssl != 0)
        {
            _loop.Flush();
            // Flushing may have found that it is over.
            if (_phase == Phase.Open)
                _ = OpenSsl.SSL_shutdown(_ssl);
            OpenSsl.ClearErrors();
        }

        Release();
    }

    /// <summary>Ends it as a broken network does: with a reset. The owner is not told.</summary>
    public void Reset()
    {
        if (_descriptor >= 0)
        {
            var linger = new LibC.Linger { On = 1, Seconds = 0 };
            _ = LibC.setsockopt(_descriptor, LibC.LevelSocket, LibC.SocketLinger, &linger, sizeof(LibC.Linger));
        }

        Release();
    }

    /// <summary>Ends it because of a failure, which is counted; the owner is told.</summary>
    public void End(LoadError? error)
    {
        if (_phase == Phase.Closed)
            return;
        if (error is { } failure)
            Recorder.Failed(failure);
        if (_phase == Phase.Open && error is { Kind: LoadErrorKind.Protocol or LoadErrorKind.Timeout })
            Reset();
        else
            Release();
        _owner.Tell(error is null ? Sessions.ConnectionEnded.InOrder : Sessions.ConnectionEnded.Failed, ActorRefs.NoSender);
    }

    /// <summary>The owner is told <see cref="Sessions.Woken"/> at this time (Stopwatch ticks), a few milliseconds late at worst. One at a time.</summary>
    public void WakeAt(long due)
    {
        _wakeAt = due;
        _loop.LookAt(this, _phase == Phase.Closed ? due : Math.Min(due, NextDeadline()));
    }

    /// <summary>Bytes that the socket did not take.</summary>
    public int Unsent => _unsent.Length;

    /// <summary>Where the protocol puts what it has to say.</summary>
    public OutputBuffer Output => _loop.OutputOf(this);

    /// <summary>Keeps the newest session to resume.</summary>
    public void Keep(nint session)
    {
        if (_session != 0)
            OpenSsl.SSL_SESSION_free(_session);
        _session = session;
        Protocol.SessionKept();
    }

    /// <summary>Gives back what the client held. It cannot be opened again.</summary>
    public void Dispose()
    {
        Release();
        _wakeAt = long.MaxValue;
        if (_session != 0)
            OpenSsl.SSL_SESSION_free(_session);
        _session = 0;
    }

    /// <summary>By the wheel: something may have come due.</summary>
    public void Look()
    {
        long now = ClientLoop.Timestamp;
        if (_wakeAt <= now)
        {
            _wakeAt = long.MaxValue;
            _owner.Tell(Sessions.Woken.Instance, ActorRefs.NoSender);
        }

        if (_phase != Phase.Closed && NextDeadline() <= now)
        {
            End(new LoadError(LoadErrorKind.Timeout, _phase switch { Phase.Connecting => "connect", Phase.Handshaking => "handshake", _ => Protocol.Waiting }));
            return;
        }

        long next = _phase == Phase.Closed ? _wakeAt : Math.Min(NextDeadline(), _wakeAt);
        if (next != long.MaxValue && WheelSlot < 0)
            _loop.LookAt(this, next);
    }

    void ILoopHandler.Ready(uint events)
    {
        switch (_phase)
        {
            case Phase.Connecting:
                FinishConnecting();
                break;
            case Phase.Handshaking when _plan.StopsInHandshake:
                End(new LoadError(LoadErrorKind.Closed, "handshake"));
                break;
            case Phase.Handshaking:
                Handshake();
                break;
            case Phase.Open:
                if ((events & LibC.EpollOut) != 0)
                    SendRest();
                if (_phase == Phase.Open && (events & ~LibC.EpollOut) != 0)
                    Receivable();
                break;
        }

        _loop.Flush();
    }

    void ILoopHandler.Failed(Exception cause)
    {
        _loop.Forget(this);
        End(new LoadError(LoadErrorKind.Protocol, cause.Message));
    }

    // In the order of deadlines: until open, the connection's; then the oldest request's, or later.
    private long NextDeadline() => _phase == Phase.Open
        ? (Protocol.OldestRequest is var oldest && oldest != long.MaxValue ? oldest : ClientLoop.Timestamp) + _plan.RequestTimeout
        : _startedAt + _plan.ConnectTimeout;

    private bool TryConnect(out int error)
    {
        error = 0;
        _descriptor = LibC.socket(_plan.Target.Family, LibC.SocketStream | LibC.SocketNonBlocking | LibC.SocketCloseOnExec, 0);
        if (_descriptor < 0)
        {
            error = LibC.Error;
            return false;
        }

        int on = 1;
        _ = LibC.setsockopt(_descriptor, LibC.LevelTcp, LibC.TcpNoDelay, &on, sizeof(int));
        if (_plan.ReceiveBuffer is int size)
            _ = LibC.setsockopt(_descriptor, LibC.LevelSocket, LibC.SocketReceiveBuffer, &size, sizeof(int));
        if (_source is not null)
        {
            // The port is chosen when the peer is known: one port serves many peers.
            _ = LibC.setsockopt(_descriptor, LibC.LevelIp, LibC.IpBindAddressNoPort, &on, sizeof(int));
            fixed (byte* source = _source)
            {
                if (LibC.bind(_descriptor, source, _source.Length) != 0)
                {
                    error = LibC.Error;
                    return false;
                }
            }
        }

        byte[] destination = _plan.Target.Destination;
        fixed (byte* address = destination)
        {
            if (LibC.connect(_descriptor, address, destination.Length) != 0 && LibC.Error != LibC.EINPROGRESS)
            {
                error = LibC.Error;
                return false;
            }
        }

        _interest = LibC.EpollOut;
        if (_loop.Loop.Register(_descriptor, this, _interest))
            return true;
        error = LibC.Error;
        return false;
    }

    private void FinishConnecting()
    {
        int error;
        int length = sizeof(int);
        _ = LibC.getsockopt(_descriptor, LibC.LevelSocket, LibC.SocketError, &error, &length);
        if (error != 0)
        {
            End(FromErrno(error, "connect"));
            return;
        }

        if (_plan.Tls is not { } tls)
        {
            Ask(ReadInterest);
            Opened();
            return;
        }

        _ssl = tls.Open(_descriptor, _offered);
        if (_ssl == 0)
        {
            End(new LoadError(LoadErrorKind.LocalLimit, "memory"));
            return;
        }

        _phase = Phase.Handshaking;
        Handshake();
    }

    private void Opened()
    {
        _phase = Phase.Open;
        Recorder.Opening--;
        Recorder.Open++;
        Protocol.Opened();
        if (_phase != Phase.Open)
            return;
        _loop.LookAt(this, Math.Min(NextDeadline(), _wakeAt));
        _owner.Tell(Sessions.ConnectionOpened.Instance, ActorRefs.NoSender);
    }

    private void Ask(uint interest)
    {
        if (_interest == interest)
            return;
        _interest = interest;
        if (!_loop.Loop.Modify(_descriptor, interest))
            End(FromErrno(LibC.Error, "epoll"));
    }

    private void Release()
    {
        if (_phase == Phase.Closed)
            return;
        if (_phase == Phase.Open)
            Recorder.Open--;
        else
            Recorder.Opening--;
        _phase = Phase.Closed;
        _loop.Forget(this);
        _unsent.Release();
        if (_ssl != 0)
        {
            // However it ended: its session can be resumed.
            OpenSsl.SSL_set_shutdown(_ssl, OpenSsl.ShutdownBothWays);
            OpenSsl.SSL_free(_ssl);
        }

        _ssl = 0;
        if (_descriptor >= 0)
        {
            if (_loop.Loop.HandlerOf(_descriptor) == this)
                _loop.Loop.Unregister(_descriptor);
            _ = LibC.close(_descriptor);
        }

        _descriptor = -1;
        Protocol.Ended();
    }

    private static LoadError FromErrno(int error, string phase) => error switch
    {
        LibC.ECONNREFUSED => new LoadError(LoadErrorKind.Refused),
        LibC.ECONNRESET or LibC.EPIPE => new LoadError(LoadErrorKind.Reset, phase),
        LibC.ETIMEDOUT => new LoadError(LoadErrorKind.Timeout, phase),
        LibC.ENETUNREACH or LibC.EHOSTUNREACH => new LoadError(LoadErrorKind.Unreachable),
        LibC.EMFILE or LibC.ENFILE => new LoadError(LoadErrorKind.LocalLimit, "files"),
        LibC.EADDRNOTAVAIL or LibC.EADDRINUSE => new LoadError(LoadErrorKind.LocalLimit, "ports"),
        LibC.ENOBUFS => new LoadError(LoadErrorKind.LocalLimit, "memory"),
        _ => new LoadError(LoadErrorKind.Unreachable, SocketErrors.ToException(error).Message),
    };
}
