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
    private readonly RunningExchanges _exchanges;
    private readonly Action<IActorRef> _forget;

    public RequestWatchActor(RunningExchanges exchanges, Action<IActorRef> forget)
    {
        _exchanges = exchanges;
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
            case DeadLetter:
                return true;
            case WatchTarget watch:
                Context.Watch(watch.Target);
                return true;
            case Terminated terminated:
                _forget(terminated.ActorRef);
                // After the dead letters among them, which are on their way to here already.
                Self.Tell(new FailHeld(_exchanges.HeldBy(terminated.ActorRef)), Self);
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
