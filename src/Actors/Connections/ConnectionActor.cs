using Actors443.Admission.Sharing;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Identities;
using Akka.Actor;

namespace Actors443.Connections;

/// <summary>
/// Owns one connection from accept to its end. It follows the stages that the engine reports, decides what a passed deadline, a drain or a close
/// means, and ends with its connection; if it fails, its connection is closed and no other is touched.
/// <code>
/// Accepted → HelloRead → Admitted → Handshaking → Open → Upgraded → Draining → Closed
///                        ↘ Routed → Draining → Closed
/// </code>
/// The engine passes stages without telling: the actor catches up with each message, and is told (<see cref="StageAdvanced"/>) of what it must act on.
/// </summary>
internal sealed class ConnectionActor(ConnectionLifetimes lifetimes) : ActorBase
{
    // Its first message brings the connection. Not its Props: those would cost an object a connection, and a producer that the supervisor hands
    // the next connection would race, since Akka makes an actor on the actor's thread and not on its parent's.
    private EngineConnection _connection = null!;
    private ConnectionState _state = ConnectionState.Accepted;
    // Null: none has begun.
    private List<IActorRef>? _conversations;
    // Null: nobody has asked.
    private Drain? _drain;
    private bool _failed;
    private bool _announced;
    // Null: not counted by a client certificate.
    private SharedCount? _counted;

    // What failed on the connection is over; the connection and what else lives on it are not.
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override void PostStop()
    {
        // Stopped before the first message: the supervisor is stopping as well, and ends its connections.
        if (_connection is null)
            return;
        if (_state != ConnectionState.Closed)
            _connection.Abort(CloseReason.ActorFailed, _failed ? "its actor failed" : "its actor was stopped");
        if (_counted is not null)
            lifetimes.Certificates?.Leave(_counted);
        if (_announced)
            lifetimes.Observers.Tell(new ConnectionClosed(Self, _connection.Reason, _connection.ReasonDetail, _connection.Snapshot()), Self);
        Context.Parent.Tell(new ConnectionEnded(_connection), Self);
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
        if (message is ConnectionAccepted accepted)
            _connection = accepted.Connection;
        Follow();
        switch (message)
        {
            case ConnectionAccepted or StageAdvanced:
                LookAtIdentity();
                return true;
            case DeadlinePassed deadline:
                OnDeadline(deadline.Reason);
                return true;
            case ClientSilent:
                _connection.ClientIsSilent();
                return true;
            case Drain drain:
                OnDrain(drain);
                return true;
            case Close close:
                _connection.Record(LifecycleEvent.CloseRequested, (ushort)close.Reason);
                _connection.Abort(close.Reason, close.Detail);
                return true;
            case AdoptChild adopt:
                if (_state != ConnectionState.Closed)
                    Context.ActorOf(adopt.Child.WithDispatcher(Context.Props.Dispatcher).WithMailbox(Context.Props.Mailbox));
                return true;
            case Push push:
                OnPush(push);
                return true;
            case ConversationBegan began:
                (_conversations ??= []).Add(began.Conversation);
                if (_state == ConnectionState.Draining)
                    began.Conversation.Tell(_drain!, Self);
                return true;
            case ConversationEnded ended:
                _conversations?.Remove(ended.Conversation);
                return true;
            case GetConnection:
                Sender.Tell(_connection.Snapshot(), Self);
                return true;
            default:
                return false;
        }
    }

    private void Follow()
    {
        ConnectionState stage = _connection.Stage;
        if (_connection.IsObserved && !_announced && _connection.HasOpened)
        {
            _announced = true;
            lifetimes.Observers.Tell(new ConnectionOpened(Self, _connection.Snapshot()), Self);
        }

        switch (_state, stage)
        {
            case (_, ConnectionState.Closed):
                _state = ConnectionState.Closed;
                Context.Stop(Self);
                break;
            case (ConnectionState.Draining, _):
                // Asked for during the handshake, perhaps: what the client came for is answered first.
                break;
            case (_, ConnectionState.Upgraded or ConnectionState.Routed) when _state != stage && _connection.Carried is not null:
                _state = stage;
                Context.Parent.Tell(new DeadlinesMoved(_connection), Self);
                break;
            default:
                _state = stage;
                break;
        }
    }

    private void LookAtIdentity()
    {
        // It may have been revoked before it was named here.
        if (lifetimes.Revoked.Current.Find(_connection) is { } revoked)
            _connection.Abort(CloseReason.Revoked, revoked.Detail);
        if (_counted is not null || lifetimes.Certificates is not { IsLimited: true } certificates || _connection is not { HasOpened: true, IsPeer: false, Reason: CloseReason.None, ClientCertificate: { } certificate })
            return;
        _counted = certificates.TryEnter(certificate);
        if (_counted is null)
            _connection.Abort(CloseReason.CertificateConnectionLimit, certificate.Subject);
    }

    private void OnDeadline(CloseReason reason)
    {
        _connection.Record(LifecycleEvent.DeadlinePassed, (ushort)reason);
        switch (reason)
        {
            case CloseReason.AgeLimit when _connection.Carried is null:
                OnDrain(new Drain(Reason: CloseReason.AgeLimit));
                break;
            case CloseReason.AgeLimit or CloseReason.IdleTimeout or CloseReason.Drained or CloseReason.LoadShed when !_connection.Upgraded || _connection.Carried is not null:
                // Between requests the HTTP layer can say goodbye in order: GOAWAY, close_notify. Other protocols end in order, too, as far as they can.
                _connection.SetOrderlyReason(reason);
                _connection.RequestClose();
                break;
            default:
                _connection.Abort(reason);
                break;
        }
    }

    private void OnPush(Push push)
    {
        _connection.Carried?.Push(push);
        if (_conversations is null)
            return;
        foreach (IActorRef conversation in _conversations)
            conversation.Tell(push, Self);
    }

    private void OnDrain(Drain drain)
    {
        if (_state == ConnectionState.Closed)
            return;
        long deadline = _connection.Clock.NowMs + (long)(drain.Deadline ?? lifetimes.Current.Drain.Deadline).TotalMilliseconds;
        if (_state == ConnectionState.Draining && deadline >= _connection.DrainDeadlineMs)
            return;
        _state = ConnectionState.Draining;
        _drain = drain;
        _connection.BeginDrain(deadline, drain.Reason);
        foreach (IActorRef conversation in _conversations ?? [])
            conversation.Tell(drain, Self);
        // HTTP/2 tells the client which streams count. HTTP/1.1 cannot, so an idle connection is kept for one more request or a quiet second; and so is one of HTTP/2
        // that nobody has asked anything on: its first request is on its way.
        bool tellsStreams = _connection.ApplicationProtocol == System.Net.Security.SslApplicationProtocol.Http2 && _connection.Requests > 0;
        if (_connection.Carried is { } carried)
            carried.Drain();
        else if (_connection.Stage == ConnectionState.Open && (_connection.RequestsInFlight > 0 || tellsStreams))
            _connection.RequestClose();
        Context.Parent.Tell(new DeadlinesMoved(_connection), Self);
    }
}

/// <summary>What the actors of connections share: the deadlines in force, replaced whole on a reload, and who wants to know of connections.</summary>
internal sealed class ConnectionLifetimes(DeadlineSettings deadlines, DrainSettings drain)
{
    private volatile Generation _current = new(deadlines, drain);

    public Generation Current => _current;

    public ConnectionObservers Observers { get; } = new();

    /// <summary>Who may not stay.</summary>
    public RevokedIdentities Revoked { get; init; } = new();

    /// <summary>Counts connections by client certificate; null: nobody does.</summary>
    public CertificateCounts? Certificates { get; init; }

    public void Apply(DeadlineSettings deadlines, DrainSettings drain) => _current = new Generation(deadlines, drain);

    internal sealed record Generation(DeadlineSettings Deadlines, DrainSettings Drain);
}
