using System.Diagnostics.CodeAnalysis;
using System.Net;
using Actors443.Connections;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Engine.EventLoop.Pipes;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Connections.Features;

namespace Actors443.Engine.EventLoop;

/// <summary>
/// A connection of the event-loop engine: its socket, its TLS and its pipes into Kestrel. Its loop's thread alone touches socket and TLS; what comes from
/// other threads is noted in <see cref="_work"/> and posted to the loop once.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "What it holds goes in Release; Kestrel disposes the context.")]
internal sealed unsafe partial class LoopConnection : EngineConnection, ILoopHandler, ILoopTickEnd, IPipeOwner, Akka.Dispatch.IRunnable
{
    private const int FlushWork = 1;
    private const int ReadWork = 2;
    private const int AbortWork = 4;
    private const int HttpEndedWork = 8;
    private const int DecidedWork = 16;
    private const int SilentWork = 32;
    private const int CloseWork = 64;

    // A client that takes nothing of the rest for so long has had its chance.
    private static readonly TimeSpan SendingPatience = TimeSpan.FromSeconds(5);

    /// <summary>Milliseconds by which the clock of deadlines is behind that of the loop's timers at most.</summary>
    private const int ClockSlack = 100;

    private readonly ConnectionLoop _home;
    private readonly LoopOrigin _origin;
    // Null on a connection that this side has made, where all that is asked of it is a server's.
    private readonly LoopEntry _entry;
    private readonly LoopInput _input;
    private readonly LoopOutput _output;
    private int _descriptor;
    private Phase _phase = Phase.Hello;
    private uint _interest = Reading;
    private int _work;
    private bool _processing;
    private bool _dirty;
    private bool _handshakeCounted = true;
    private bool _finished;
    private long _closedAtMs;
    private bool _httpEnded = true;
    private bool _reset;
    private LoopConnectionContext? _context;

    public LoopConnection(ConnectionLoop home, LoopEntry entry, int descriptor, IPEndPoint remote, IPEndPoint local)
        : this(home, (LoopOrigin)entry, descriptor, remote, local)
    {
    }

    private LoopConnection(ConnectionLoop home, LoopOrigin origin, int descriptor, IPEndPoint remote, IPEndPoint local)
        : base(origin.Name, remote, local, origin.Clock)
    {
        _home = home;
        _origin = origin;
        _entry = (origin as LoopEntry)!;
        _descriptor = descriptor;
        _input = new LoopInput(this, home.Pool);
        _output = new LoopOutput(this, home.Pool);
    }

    private enum Phase
    {
        /// <summary>Its ClientHello is not complete.</summary>
        Hello,

        /// <summary>The proxy that brings it has not said all.</summary>
        ProxyHeader,

        /// <summary>Somebody decides whether its handshake goes on.</summary>
        Deciding,
        Handshaking,
        Open,

        /// <summary>HTTP is over; what it said last is being sent.</summary>
        Closing,

        /// <summary>GOAWAY was the last that HTTP/2 said; the client closes, or has had its time.</summary>
        Parting,

        /// <summary>All is said; the client has still to close.</summary>
        Lingering,
        Closed,
    }

    public override int Place => _home.Index;

    public LoopInput Input => _input;

    public LoopOutput Output => _output;

    public int Descriptor => _descriptor;

    /// <summary>Kestrel's HTTP/2 is to run on the loop: it is asked for, and this Kestrel can be had so.</summary>
    public bool KeepsHttp2OnLoop => _entry.Http2 is not null && ApplicationProtocol == System.Net.Security.SslApplicationProtocol.Http2;

    /// <summary>Kestrel parses on the loop in any case. The application's own reads and writes continue where applications run.</summary>
    bool IPipeOwner.ContinuesOnLoop => _origin.ApplicationsOnLoop || RequestsInFlight == 0 || ApplicationProtocol == System.Net.Security.SslApplicationProtocol.Http2;

    /// <summary>It is open for requests, and not one byte of any has come.</summary>
    private bool AsksNothing => _phase == Phase.Open && _httpEnded;

    /// <summary>Begins, on its loop.</summary>
    public void Start()
    {
        if (!IsWatched())
            return;
        if (_entry.Tls.Proxies?.Contains(Remote.Address) == true)
            _phase = Phase.ProxyHeader;
        ExpectSilence(Routes?.Silent?.Settings.SilentFor);
        _origin.Metrics.Accepted(Listener);
        _origin.Owners?.Accepted(this);
    }

    private bool IsWatched()
    {
        _home.Enter();
        if (TellKernel(_interest))
            return true;
        Release();
        return false;
    }

    public override void RunNear(Akka.Dispatch.IRunnable work) => _home.Loop.Post(work);

    public override void RequestClose()
    {
        if (_phase == Phase.Closed)
            AbortTransport();
        else if (Carried is { } carried)
            carried.Stop();
        else if (Volatile.Read(ref _context) is { } context)
            context.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        else
            Post(CloseWork);
    }

    /// <summary>Whoever asks is on the loop, and what it flushes is this connection's.</summary>
    public bool TakesTurns => _origin.ApplicationsOnLoop && _home.Loop.IsCurrent && ApplicationProtocol != System.Net.Security.SslApplicationProtocol.Http2;

    /// <param name="http">Kestrel's HTTP connection.</param>
    public void AdoptHttp2(object http) => _entry.Http2?.Adopt(http, _home.Loop);

    void IPipeOwner.OutputFlushed()
    {
        if (_home.Loop.IsCurrent)
            MarkDirty();
        else
            Post(FlushWork);
    }

    void IPipeOwner.InputWanted() => Post(ReadWork);

    /// <summary>Kestrel has done with it. Any thread.</summary>
    public void HttpEnded()
    {
        if (_home.Loop.IsCurrent && !_processing)
            EndHttp();
        else
            Post(HttpEndedWork);
    }

    /// <summary>Kestrel gives it up. Any thread.</summary>
    public void AbortByHttp()
    {
        if (!EndsAfterTakeOver)
            AbortTransport();
    }

    protected override void AbortTransport()
    {
        if (_home.Loop.IsCurrent && !_processing)
            Reset();
        else
            Post(AbortWork);
    }

    void IThreadPoolWorkItem.Execute() => Run();

    public void Run()
    {
        int work = Interlocked.Exchange(ref _work, 0);
        if ((work & AbortWork) != 0)
            Reset();
        if ((work & HttpEndedWork) != 0)
            EndHttp();
        if ((work & DecidedWork) != 0)
            GoOnDecided();
        if ((work & SilentWork) != 0)
            LeadIfSilent();
        if ((work & CloseWork) != 0)
            CloseUnasked();
        if ((work & ReadWork) != 0 && _phase == Phase.Open)
            UpdateInterest();
        if ((work & FlushWork) != 0)
            MarkDirty();
    }

    void ILoopHandler.Ready(uint events)
    {
        _processing = true;
        try
        {
            if ((events & LibC.EpollOut) != 0)
                Sendable();
            if (_phase != Phase.Closed && (events & ~LibC.EpollOut) != 0)
                Receivable(events);
            if (_dirty || _home.Bio.OutputLength > 0)
                WriteOutput();
        }
        finally
        {
            _processing = false;
            _home.Bio.ClearOutput();
        }

        // Most are over by now, and need not be taken off what is waited for.
        if (_socketEnded && (_interest & LibC.EpollIn) != 0 && _phase is Phase.Open or Phase.Closing)
            Ask(_interest & ~Reading);
        // Deferred while this connection was at work.
        if (Volatile.Read(ref _work) != 0)
            Run();
    }

    void ILoopHandler.Failed(Exception cause) => Fail(cause);

    void ILoopHandler.LoopEnds() => Reset();

    void ILoopTickEnd.EndTick()
    {
        if (_phase is not (Phase.Open or Phase.Closing))
        {
            _dirty = false;
            return;
        }

        _processing = true;
        try
        {
            WriteOutput();
        }
        finally
        {
            _processing = false;
            _home.Bio.ClearOutput();
        }

        if (Volatile.Read(ref _work) != 0)
            Run();
    }

    void ILoopTickEnd.Failed(Exception cause) => Fail(cause);

    /// <summary>By the loop's timer: has its end come about?</summary>
    public void Remind()
    {
        switch (_phase)
        {
            case Phase.Closing when BytesWritten != _farewellBytes:
                _farewellBytes = BytesWritten;
                _home.Remind(this, SendingPatience);
                break;
            case Phase.Closing:
                SetReason(CloseReason.SlowReader, "at the end");
                Reset();
                break;
            case Phase.Parting:
                EndInOrder();
                break;
            case Phase.Lingering:
                Release();
                break;
            case Phase.Closed:
                GiveUpHttp();
                AwaitHttp();
                break;
        }
    }

    // What no event of the socket has begun: an end is put off to the end of it, and its failure is this connection's alone.
    private void Step(Action step)
    {
        _processing = true;
        try
        {
            step();
        }
        catch (Exception cause)
        {
            Fail(cause);
        }
        finally
        {
            _processing = false;
            _home.Bio.ClearOutput();
        }

        if (Volatile.Read(ref _work) != 0)
            Run();
    }

    private void Post(int work)
    {
        if (Interlocked.Or(ref _work, work) == 0 && !(_processing && _home.Loop.IsCurrent))
            _home.Loop.Post(this);
    }

    private void MarkDirty()
    {
        if (_dirty)
            return;
        _dirty = true;
        if (!_processing)
            _home.Loop.AtTickEnd(this);
    }

    private void Fail(Exception cause)
    {
        _home.Bio.ClearOutput();
        SetReason(CloseReason.InternalError, cause.Message);
        _origin.Log.ConnectionPathFailed(cause, Id);
        Reset();
    }

    /// <summary>Ends it with a reset: whoever sends or waits shall know at once.</summary>
    private void Reset()
    {
        if (_phase == Phase.Closed)
        {
            GiveUpHttp();
            return;
        }

        if (_phase is Phase.Parting or Phase.Lingering)
        {
            Release();
            return;
        }

        var linger = new LibC.Linger { On = 1, Seconds = 0 };
        _ = LibC.setsockopt(_descriptor, LibC.LevelSocket, LibC.SocketLinger, &linger, sizeof(LibC.Linger));
        _reset = true;
        Release();
    }

    /// <summary>Gives back socket and TLS, now. Kestrel, if it has the connection, hears of it and comes to its end.</summary>
    private void Release()
    {
        if (_phase == Phase.Closed)
            return;
        bool mayTellKestrel = _phase != Phase.Lingering;
        _phase = Phase.Closed;
        _closedAtMs = Clock.NowMs;
        if (_home.Loop.HandlerOf(_descriptor) == this)
            _home.Loop.Forget(_descriptor);
        _ = LibC.close(_descriptor);
        // The kernel gives the number to whoever opens something next.
        _descriptor = -1;
        _home.Leave();
        FreeTls();
        _unsent.Release();
        _hello = null;
        ForgetDecision();
        if (_handshakeCounted)
            HandshakeOver();
        if (!mayTellKestrel)
            return;
        _input.End(_reset ? new Microsoft.AspNetCore.Connections.ConnectionResetException("The connection was reset.") : null);
        _output.End();
        Carried?.Break();
        _context?.FireClosed(inline: _httpEnded);
        FinishIfOver();
        AwaitHttp();
    }

    private void AwaitHttp()
    {
        if (!_httpEnded)
            _home.Remind(this, HttpPatience);
    }

    // Kestrel can wait for ever for an HTTP/2 stream that it lost track of while its connection was cut (dotnet/aspnetcore#51307): then it ends without Kestrel,
    // which holds connections weakly. Looked at while it is closed; a drain asks again and again, too.
    private void GiveUpHttp()
    {
        if (_httpEnded || RequestsInFlight > 0 || Clock.NowMs - _closedAtMs < HttpPatience.TotalMilliseconds - ClockSlack)
            return;
        _httpEnded = true;
        _origin.Log.HttpGivenUp(Id);
        FinishIfOver();
    }

    private void HandshakeOver()
    {
        _handshakeCounted = false;
        _entry.Tls.HandshakeEnded(this);
    }

    private void EndHttp()
    {
        if (_httpEnded)
            return;
        _httpEnded = true;
        if (_phase == Phase.Closed)
        {
            FinishIfOver();
            return;
        }

        EndInOrder();
    }

    // By now its first request may have come, or, on one that is parting, the client's end.
    private void CloseUnasked()
    {
        if (AsksNothing || _phase == Phase.Parting)
            EndInOrder();
        else if (_context is not null)
            RequestClose();
    }

    /// <summary>HTTP is over, or has not begun: what is left to be said, and the end.</summary>
    private void EndInOrder()
    {
        _phase = Phase.Closing;
        _processing = true;
        try
        {
            SayGoodbye();
        }
        finally
        {
            _processing = false;
            _home.Bio.ClearOutput();
        }

        if (_phase == Phase.Closing)
        {
            _farewellBytes = BytesWritten;
            _home.Remind(this, SendingPatience);
        }
    }

    /// <summary>Once neither bytes nor requests move any more: the reason stands, and everybody is told.</summary>
    private void FinishIfOver()
    {
        if (_finished || !_httpEnded || _phase is not (Phase.Closed or Phase.Lingering))
            return;
        _finished = true;
        DecideReason();
        _input.Complete();
        _output.End();
        if (_dial is null)
            Leave(_entry.Request.Gate);
        _origin.Metrics.Closed(this);
        Ended();
        _dial?.Ended(this);
        _context?.Disposed();
    }

    // As late as can be: Kestrel's timer aborts a connection first, and notes why after.
    private void DecideReason()
    {
        (CloseReason reason, string? detail) = _context is null ? default : KestrelEnd.Of(_context);
        if (reason != CloseReason.None)
            SetReason(reason, detail);
        else if (_cutOff)
            SetReason(CloseReason.ClientReset);
        else if (_peerEnded)
            SetOrderlyReason(CloseReason.ClientClosed);
        else
            SetOrderlyReason(CloseReason.ServerClosed);
    }
}
