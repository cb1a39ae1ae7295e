using Actors443.WebSockets;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Requests;

/// <summary>To the watch: requests that this actor holds when it stops will not be answered.</summary>
internal sealed record WatchTarget(IActorRef Target) : INoSerializationVerificationNeeded;

/// <summary>From the watch to itself.</summary>
internal sealed record FailHeld(IReadOnlyList<RequestExchange> Exchanges) : INoSerializationVerificationNeeded;

/// <summary>Sees requests that nobody will answer: those that have become dead letters, and those whose actor has stopped.</summary>
internal sealed class RequestWatchActor : ActorBase
{
    private readonly ActorRequests _requests;
    private readonly Action<IActorRef> _forget;

    public RequestWatchActor(ActorRequests requests, Action<IActorRef> forget)
    {
        _requests = requests;
        _forget = forget;
    }

    protected override bool Receive(object message)
    {
        switch (message)
        {
            // By whom it is from, whatever envelope it is in.
            case DeadLetter { Sender: RequestExchange exchange }:
                exchange.Fail(ExchangeFailure.For(ExchangeEnd.DeadLetter));
                return true;
            case DeadLetter { Sender: WebSocketExchange socket }:
                socket.Abandoned("dead_letter", "nobody is there");
                return true;
            case DeadLetter:
                return true;
            case WatchTarget watch:
                Context.Watch(watch.Target);
                return true;
            case Terminated terminated:
                _forget(terminated.ActorRef);
                foreach (WebSocketExchange socket in _requests.Sockets.Keys)
                {
                    if (socket.Peer.Equals(terminated.ActorRef))
                        socket.Abandoned("stopped", "its actor has stopped");
                }

                // After the dead letters among them, which are on their way to here already.
                Self.Tell(new FailHeld(_requests.Exchanges.HeldBy(terminated.ActorRef)), Self);
                return true;
            case FailHeld failed:
                foreach (RequestExchange exchange in failed.Exchanges)
                    exchange.Fail(ExchangeFailure.For(ExchangeEnd.Stopped));
                return true;
            default:
                return false;
        }
    }
}
