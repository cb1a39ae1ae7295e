using Actors443.Server.Load.Clients;
using Akka.Actor;

namespace Actors443.Server.Load.Sessions;

/// <summary>
/// One simulated client. It lives on the loop of its connection and decides when that is opened, used and closed; requests and answers do
/// not pass through its mailbox. What is told here is how it differs by mode.
/// </summary>
internal abstract class ClientSessionActor(ClientGroup group, int number) : ActorBase
{
    private static readonly long ShortestPause = ClientLoop.ToTicks(TimeSpan.FromMilliseconds(50));
    private static readonly long LongestPause = ClientLoop.ToTicks(TimeSpan.FromSeconds(1));

    private ClientConnection? _connection;
    private State _state = State.Waiting;
    private long _pause = ShortestPause;

    private enum State
    {
        /// <summary>For its turn.</summary>
        Waiting,
        Connecting,
        Open,

        /// <summary>After a failure, before it tries again.</summary>
        Pausing,
        Finished,
    }

    protected ClientConnection Connection => _connection!;

    protected bool IsOpen => _state == State.Open;

    protected bool IsWaiting => _state == State.Waiting;

    protected override void PreStart() => _connection = group.CreateConnection(Self, number);

    protected override void PostStop() => _connection?.Dispose();

    protected override bool Receive(object message)
    {
        if (_state == State.Finished)
            return true;
        switch (message)
        {
            case Begin:
                Begun();
                break;
            case ConnectionOpened when _state == State.Connecting && Connection.IsOpen:
                _state = State.Open;
                _pause = ShortestPause;
                Opened();
                break;
            case ConnectionEnded ended when (_state is State.Connecting or State.Open) && Connection.IsClosed:
                _state = State.Waiting;
                Ended(failed: ReferenceEquals(ended, ConnectionEnded.Failed));
                break;
            // Said of an earlier connection.
            case ConnectionOpened or ConnectionEnded:
                break;
            case Woken when _state == State.Pausing:
                _state = State.Waiting;
                Resumed();
                break;
            case Woken:
                WokenUp();
                break;
            case Finish:
                _state = State.Finished;
                Connection.Close();
                Context.Stop(Self);
                break;
            default:
                return Told(message);
        }

        return true;
    }

    /// <summary>Its turn has come.</summary>
    protected virtual void Begun() => Open(resume: false);

    /// <summary>The connection is open; its protocol has begun already.</summary>
    protected virtual void Opened()
    {
    }

    /// <summary>The connection has ended by itself.</summary>
    protected virtual void Ended(bool failed)
    {
        if (failed)
            Pause();
        else
            Open(resume: false);
    }

    /// <summary>A pause after a failure is over.</summary>
    protected virtual void Resumed() => Open(resume: false);

    protected virtual void WokenUp()
    {
    }

    protected virtual bool Told(object message) => false;

    protected void Open(bool resume)
    {
        _state = State.Connecting;
        Connection.Open(resume);
    }

    protected void Close()
    {
        _state = State.Waiting;
        Connection.Close();
    }

    protected void Reset()
    {
        _state = State.Waiting;
        Connection.Reset();
    }

    /// <summary>Waits before it tries again, longer with each failure in a row.</summary>
    protected void Pause()
    {
        // Not all at once.
        PauseUntil(ClientLoop.Timestamp + _pause / 2 + Random.Shared.NextInt64(_pause / 2 + 1));
        _pause = Math.Min(_pause * 2, LongestPause);
    }

    /// <summary>Waits until a moment, in Stopwatch ticks.</summary>
    protected void PauseUntil(long due)
    {
        _state = State.Pausing;
        Connection.WakeAt(due);
    }
}
