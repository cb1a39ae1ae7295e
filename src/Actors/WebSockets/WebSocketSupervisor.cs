using Actors443.Requests;
using Akka.Actor;

namespace Actors443.WebSockets;

/// <summary>To the supervisor: make the actor of a socket.</summary>
internal sealed record MakeSocketActor(Props Props, TaskCompletionSource<IActorRef> Made) : INoSerializationVerificationNeeded;

/// <summary>Parent of the actors that have a WebSocket to themselves. One that fails is stopped: its socket's conversation cannot be taken up again.</summary>
internal sealed class WebSocketSupervisor : ActorBase
{
    protected override SupervisorStrategy SupervisorStrategy() => new RequestSupervisorStrategy(_ => Directive.Stop);

    protected override bool Receive(object message)
    {
        if (message is not MakeSocketActor make)
            return false;
        try
        {
            make.Made.TrySetResult(Context.ActorOf(make.Props));
        }
        catch (Exception failed)
        {
            // The request's, not ours: Props may name a dispatcher that is not there.
            make.Made.TrySetException(failed);
        }

        return true;
    }
}
