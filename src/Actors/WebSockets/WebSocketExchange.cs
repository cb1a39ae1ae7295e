using System.Net.WebSockets;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Requests;
using Akka.Actor;

namespace Actors443.WebSockets;

/// <summary>A WebSocket, as an actor reference: what is told to it waits here for its turn to be sent.</summary>
internal sealed class WebSocketExchange(IActorRefProvider provider, IActorRef peer, int sendBuffer, RouteVisit visit) : LightActorRef(provider)
{
    private readonly ConnectionMailbox.MessageQueue _inbox = new();
    private long _waiting;
    private int _acks;
    private bool _tooSlow;

    public IActorRef Peer => peer;

    /// <summary>More waits to be sent than may.</summary>
    public bool IsTooSlow => Volatile.Read(ref _tooSlow);

    /// <summary>Called once when <see cref="IsTooSlow"/> has become true.</summary>
    public Action? OnTooSlow { get; set; }

    /// <summary>Set when there may be something to send.</summary>
    public AsyncSignal Told { get; } = new();

    /// <summary>Set when the actor has dealt with a message.</summary>
    public AsyncSignal Acked { get; } = new();

    /// <summary>Called when the supervision of its route closes connections for a failure of the actor.</summary>
    public Action? OnConnectionFailed { get; set; }

    public bool TryTake(out Envelope told)
    {
        if (!_inbox.TryDequeue(out told))
            return false;
        if (told.Message is WebSocketSend send)
            Interlocked.Add(ref _waiting, -send.Data.Length);
        return true;
    }

    /// <summary>How many messages were dealt with since it was last asked.</summary>
    public int TakeAcks() => Interlocked.Exchange(ref _acks, 0);

    public void Close(WebSocketCloseStatus status, string description) => Enqueue(new CloseWebSocket(status, description), ActorRefs.NoSender);

    /// <summary>The actor has gone, or was never there.</summary>
    public void Abandoned(string reason, string description)
    {
        visit.Failed(reason, null);
        Close(WebSocketCloseStatus.InternalServerError, description);
    }

    protected override void TellInternal(object message, IActorRef sender)
    {
        if (HasEnded)
            return;
        if (message is Status.Failure failure)
        {
            OnFailed(failure.Cause);
            return;
        }

        visit.Heard();
        switch (message)
        {
            case WebSocketAck:
                Interlocked.Increment(ref _acks);
                Acked.Set();
                break;
            case Push push:
                TellInternal(new WebSocketSend(push.Data, push.IsText), sender);
                break;
            case Drain:
                Close(WebSocketCloseStatus.EndpointUnavailable, "the server stops");
                break;
            case WebSocketSend send when Interlocked.Add(ref _waiting, send.Data.Length) > sendBuffer && send.Data.Length < Volatile.Read(ref _waiting):
                // Not kept: memory is for those that read.
                Interlocked.Add(ref _waiting, -send.Data.Length);
                if (Interlocked.Exchange(ref _tooSlow, true))
                    break;
                Told.Set();
                OnTooSlow?.Invoke();
                break;
            case WebSocketSend or CloseWebSocket:
                Enqueue(message, sender);
                break;
        }
    }

    private void OnFailed(Exception cause)
    {
        switch (visit.Failed("failed", cause))
        {
            case RouteFailure.Resume or RouteFailure.Quarantine:
                // Nobody else will say that the message has been dealt with.
                Interlocked.Increment(ref _acks);
                Acked.Set();
                break;
            case RouteFailure.StopStream:
                Close(WebSocketCloseStatus.InternalServerError, "its actor failed");
                break;
            case RouteFailure.CloseConnection:
                Close(WebSocketCloseStatus.InternalServerError, "its actor failed");
                OnConnectionFailed?.Invoke();
                break;
        }
    }

    private void Enqueue(object message, IActorRef? sender)
    {
        _inbox.Enqueue(this, new Envelope(message, sender));
        Told.Set();
    }
}
