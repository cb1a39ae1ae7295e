using System.Diagnostics;
using Actors443.Routing.Conversations;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Requests;

/// <summary>
/// An actor for requests: should it throw at one, the client gets its 500 at once and not a 504 when the time is over. Then its supervisor decides, as with every actor. What it
/// does about a message that is traced (<see cref="MessageTrace"/>), whatever node that comes from, is a span.
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

/// <summary>Tells those of a failure who wait for the message that an actor has thrown at.</summary>
internal static class RequestFailures
{
    public static bool Tell(Receive receive, object message, Func<Receive, object, bool> around, IActorRef sender, IActorRef self)
    {
        using Activity? span = MessageTrace.Received(message, self);
        try
        {
            return around(receive, message);
        }
        catch (Exception failure)
        {
            span.Failed(failure);
            Tell(message, sender, failure, self);
            throw;
        }
    }

    public static void Tell(object message, IActorRef? sender, Exception failure, IActorRef self)
    {
        if (sender is LightActorRef exchange)
            exchange.Tell(new Status.Failure(failure), self);
        else
            ConversationOf(message)?.OwnerFailed(failure);
    }

    private static ProtocolConnection? ConversationOf(object message) => message switch
    {
        BytesReceived received => received.Connection,
        ProtocolOpened opened => opened.Connection,
        InputEnded ended => ended.Connection,
        BytesWritten written => written.Connection,
        ProtocolDraining draining => draining.Connection,
        _ => null,
    };
}
