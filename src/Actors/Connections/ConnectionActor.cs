using Actors443.Configuration;
using Actors443.Engine;
using Akka.Actor;

namespace Actors443.Connections;

/// <summary>
/// Owns one connection from accept to its end. It follows the stages that the engine reports, decides what a passed deadline, a drain or a close
/// means, and ends with its connection; if it fails, its connection is closed and no other is touched.
/// <code>
/// Accepted → HelloRead → Admitted → Handshaking → Open → Draining → Closed
/// </code>
/// The engine may pass several stages between two messages; <see cref="StageAdvanced"/> makes the actor catch up.
/// </summary>
internal sealed class ConnectionActor(EngineConnection connection, ConnectionLifetimes lifetimes) : ActorBase
{
    private ConnectionState _state = ConnectionState.Accepted;
    private bool _failed;

    protected override void PostStop()
    {
        if (_state != ConnectionState.Closed)
            connection.Abort(CloseReason.ActorFailed, _failed ? "its actor failed" : "its actor was stopped");
        Context.Parent.Tell(new ConnectionEnded(connection), Self);
    }

    protected override bool AroundReceive(Receive receive, object message)
    {
        _failed = true;
        bool handled = base.AroundReceive(receive, message);
        _failed = false;
        return handled;
    }

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case StageAdvanced:
                Follow();
                return true;
            case DeadlinePassed deadline:
                OnDeadline(deadline.Reason);
                return true;
            case Drain drain:
                OnDrain(drain);
                return true;
            case Close close:
                connection.Record(LifecycleEvent.CloseRequested, (ushort)close.Reason);
                connection.Abort(close.Reason, close.Detail);
                return true;
            case GetConnection:
                Sender.Tell(connection.Snapshot(), Self);
                return true;
            default:
                return false;
        }
    }

    private void Follow()
    {
        ConnectionState stage = connection.Stage;
        switch (_state, stage)
        {
            case (_, ConnectionState.Closed):
                _state = ConnectionState.Closed;
                Context.Stop(Self);
                break;
            case (ConnectionState.Draining, ConnectionState.Open):
                // The drain was asked for during the handshake; what the client came for is answered first.
                break;
            case (ConnectionState.Draining, _):
                break;
            default:
                _state = stage;
                break;
        }
    }

    private void OnDeadline(CloseReason reason)
    {
        connection.Record(LifecycleEvent.DeadlinePassed, (ushort)reason);
        switch (reason)
        {
            case CloseReason.AgeLimit:
                OnDrain(new Drain(Reason: CloseReason.AgeLimit));
                break;
            case CloseReason.IdleTimeout or CloseReason.Drained or CloseReason.LoadShed when !connection.Upgraded:
                // Between requests the HTTP layer can say goodbye in order: GOAWAY, close_notify.
                connection.SetReason(reason);
                connection.RequestClose();
                break;
            default:
                connection.Abort(reason);
                break;
        }
    }

    private void OnDrain(Drain drain)
    {
        if (_state is ConnectionState.Draining or ConnectionState.Closed)
            return;
        _state = ConnectionState.Draining;
        TimeSpan deadline = drain.Deadline ?? lifetimes.Current.Drain.Deadline;
        connection.BeginDrain(connection.Clock.NowMs + (long)deadline.TotalMilliseconds);
        connection.SetReason(drain.Reason);
        // HTTP/2 tells the client which streams count. HTTP/1.1 cannot, so an idle connection is kept for one more request or a quiet second.
        if (connection.Stage == ConnectionState.Open && (connection.RequestsInFlight > 0 || connection.ApplicationProtocol == System.Net.Security.SslApplicationProtocol.Http2))
            connection.RequestClose();
        Context.Parent.Tell(new ConnectionDraining(connection), Self);
    }
}

/// <summary>The deadlines in force, shared by the actors of a supervisor and replaced whole on a reload.</summary>
internal sealed class ConnectionLifetimes(DeadlineSettings deadlines, DrainSettings drain)
{
    private volatile Generation _current = new(deadlines, drain);

    public Generation Current => _current;

    public void Apply(DeadlineSettings deadlines, DrainSettings drain) => _current = new Generation(deadlines, drain);

    internal sealed record Generation(DeadlineSettings Deadlines, DrainSettings Drain);
}
