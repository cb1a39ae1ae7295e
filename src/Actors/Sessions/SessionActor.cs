using System.Net.WebSockets;
using Actors443.Requests;
using Actors443.Telemetry;
using Actors443.WebSockets;
using Akka.Actor;

namespace Actors443.Sessions;

/// <summary>
/// A session: parent of the application's actor, which outlives the client's connections and speaks with the client through this one as with a WebSocket. What it tells is kept until
/// the client confirms it, and sent again on the next connection. The child of <c>MapActorSession</c>'s own home, or an entity of a shard region (<see cref="Props"/>).
/// <code>
/// Unbegun → Attached ⇄ Detached → (idle for too long) ended
/// </code>
/// </summary>
public sealed class SessionActor : ActorBase
{
    private readonly string _id;
    private readonly Props _application;
    // More requests than this do not wait.
    private const int MostWaiting = 100;

    private readonly SessionRouteOptions _options;
    // Whose messages the application has and has not acknowledged, in their order.
    private readonly Queue<IActorRef> _waiting = new();
    private readonly ReplayQueue _replay;
    private readonly SessionMetrics _metrics;
    private IActorRef _child = ActorRefs.Nobody;
    private IActorRef _socket = ActorRefs.Nobody;
    private string? _principal;

    /// <summary>By <see cref="Props"/>.</summary>
    public SessionActor(string id, Props application, SessionRouteOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _id = id;
        _application = application;
        _options = options;
        _replay = new ReplayQueue(options.Buffer);
        _metrics = ActorRequests.Of(Context.System).Sessions;
    }

    private bool HasBegun => !_child.IsNobody();

    /// <summary>For an entity of a shard region that is a session.</summary>
    /// <param name="id">The entity's.</param>
    /// <param name="application">The application's actor: gets <see cref="SessionAttached"/>, <see cref="WebSocketReceived"/>, <see cref="SessionDetached"/>; tells its parent <see cref="WebSocketSend"/>.</param>
    /// <param name="options">As of the route; the same for all sessions of a node, for it counts them.</param>
    public static Props Props(string id, Props application, SessionRouteOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Akka.Actor.Props.Create<SessionActor>(id, application, options);
    }

    /// <summary>What the application has begun with a client cannot be taken up by a new actor that knows nothing of it.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    /// <inheritdoc/>
    protected override void PreStart() => Context.SetReceiveTimeout(_options.Idle);

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _socket.Tell(new SessionRefused((int)WebSocketCloseStatus.InternalServerError, "the session has ended"), ActorRefs.NoSender);
        if (!HasBegun)
            return;
        _metrics.Ended();
        _options.Places.Leave();
    }

    /// <inheritdoc/>
    protected override bool Receive(object message)
    {
        switch (message)
        {
            case FindSession find:
                Sender.Tell(new SessionFound(HasBegun && find.Principal == _principal), Self);
                // One that only somebody has guessed at is not to stay.
                if (!HasBegun)
                    Context.Stop(Self);
                return true;
            case AttachSession attach:
                OnAttach(attach);
                return true;
            case PostToSession post:
                OnPost(post);
                return true;
            case SessionSaid said when Sender.Equals(_socket):
                _waiting.Enqueue(Sender);
                TellTraced(new WebSocketReceived(said.Data, said.IsText), said.Trace);
                return true;
            case SessionConfirmed confirmed when Sender.Equals(_socket):
                if (!_replay.Confirm(confirmed.Count))
                    Refuse(Sender, WebSocketCloseStatus.PolicyViolation, "more confirmed than sent");
                return true;
            case SessionSaid or SessionConfirmed:
                // Of a connection before this one.
                return true;
            case WebSocketSend send:
                var push = new SessionPush(_replay.End, send.Data, send.IsText);
                _replay.Add(push);
                _socket.Tell(push, Self);
                if (send.Ack is { } ack)
                    Sender.Tell(ack, Self);
                return true;
            case WebSocketAck:
                if (_waiting.TryDequeue(out IActorRef? waiting))
                    waiting.Tell(SessionTaken.Instance, Self);
                return true;
            case CloseWebSocket close:
                // In order, and for good.
                Refuse(_socket, close.Status, close.Description ?? "");
                Context.Stop(Self);
                return true;
            case Terminated gone when gone.ActorRef.Equals(_socket):
                OnDetached();
                return true;
            case Terminated gone when gone.ActorRef.Equals(_child):
                Context.Stop(Self);
                return true;
            case Terminated:
                return true;
            case ReceiveTimeout:
                Context.Stop(Self);
                return true;
            default:
                return false;
        }
    }

    private void OnAttach(AttachSession attach)
    {
        if (!IsFor(attach.Connection, attach.MayBegin, attach.Received))
            return;
        if (!_socket.IsNobody())
        {
            Context.Unwatch(_socket);
            Refuse(_socket, WebSocketCloseStatus.PolicyViolation, "the session goes on on another connection");
            _child.Tell(new SessionDetached(_id), Self);
        }

        Context.SetReceiveTimeout(null);
        _socket = Context.Watch(Sender);
        _socket.Tell(new SessionPosition(_replay.Begin), Self);
        TellTraced(new SessionAttached(_id, attach.Connection, Math.Max(0, _replay.Begin - attach.Received)), attach.Trace);
        long replayed = 0;
        foreach (SessionPush message in _replay.Messages)
        {
            _socket.Tell(message, Self);
            replayed++;
        }

        _metrics.Replayed(replayed);
    }

    private void OnPost(PostToSession post)
    {
        if (!IsFor(post.Connection, post.MayBegin, post.Received))
            return;
        if (_waiting.Count >= MostWaiting)
        {
            Refuse(Sender, SessionSocketActor.TryAgainLater, "too many messages wait");
            return;
        }

        _waiting.Enqueue(Sender);
        TellTraced(new WebSocketReceived(post.Data, post.IsText), post.Trace);
    }

    /// <summary>Begins it if there is none, and takes note of what the client has got. False: the sender is refused.</summary>
    private bool IsFor(SessionConnection connection, bool mayBegin, long? received)
    {
        if (HasBegun ? connection.Principal != _principal : !mayBegin)
        {
            // It ended between the question and this.
            Refuse(Sender, WebSocketCloseStatus.PolicyViolation, "no such session");
            return false;
        }

        if (HasBegun)
        {
            if (received is not { } count || _replay.Confirm(count))
                return true;
            Refuse(Sender, WebSocketCloseStatus.PolicyViolation, "more confirmed than sent");
            return false;
        }

        if (!_options.Places.TryTake(_options.MaximumSessions))
        {
            Refuse(Sender, SessionSocketActor.TryAgainLater, "too many sessions");
            Context.Stop(Self);
            return false;
        }

        _principal = connection.Principal;
        _child = Context.Watch(Context.ActorOf(_application, "application"));
        _metrics.Began();
        return true;
    }

    private void OnDetached()
    {
        _socket = ActorRefs.Nobody;
        Context.SetReceiveTimeout(_options.Idle);
        _child.Tell(new SessionDetached(_id), Self);
    }

    private void TellTraced(object message, WireTrace? trace)
    {
        trace?.AttachTo(message);
        _child.Tell(message, Self);
    }

    private void Refuse(IActorRef socket, WebSocketCloseStatus status, string description) => socket.Tell(new SessionRefused((int)status, description), Self);
}
