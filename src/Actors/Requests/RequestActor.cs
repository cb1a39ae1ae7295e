using Akka.Actor;

namespace Actors443.Requests;

/// <summary>
/// An actor for requests: should it throw at one, the client gets its 500 at once and not a 504 when the time is over. Then its supervisor decides, as with every actor.
/// </summary>
public abstract class RequestActor : UntypedActor
{
    /// <inheritdoc/>
    protected override bool AroundReceive(Receive receive, object message) => RequestFailures.Tell(receive, message, base.AroundReceive, Sender, Self);
}

/// <summary><see cref="RequestActor"/> with handlers by type.</summary>
public abstract class ReceiveRequestActor : ReceiveActor
{
    /// <inheritdoc/>
    protected override bool AroundReceive(Receive receive, object message) => RequestFailures.Tell(receive, message, base.AroundReceive, Sender, Self);
}

internal static class RequestFailures
{
    public static bool Tell(Receive receive, object message, Func<Receive, object, bool> around, IActorRef sender, IActorRef self)
    {
        try
        {
            return around(receive, message);
        }
        catch (Exception failure)
        {
            if (sender is RequestExchange)
                sender.Tell(new Status.Failure(failure), self);
            throw;
        }
    }
}
