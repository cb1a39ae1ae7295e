using Akka.Actor;

namespace Actors443.Requests;

/// <summary>
/// One for one, and besides: should a child throw at a request of <see cref="ActorRouting"/>, whatever actor it is, the client gets its 500 at once and not a 504 when the time is over.
/// The children of <c>/user</c> have it by <c>WithActors443</c>, unless <c>akka.actor.guardian-supervisor-strategy</c> names another. A parent gives it to its children by overriding
/// <c>SupervisorStrategy()</c>.
/// </summary>
public sealed class RequestSupervisorStrategy : OneForOneStrategy
{
    /// <summary>What becomes of a child that throws is as with Akka's default: it is restarted.</summary>
    public RequestSupervisorStrategy()
        : base(DefaultDecider.Decide)
    {
    }

    /// <summary>What becomes of a child that throws is for a function to say.</summary>
    /// <param name="decide">Told what was thrown.</param>
    public RequestSupervisorStrategy(Func<Exception, Directive> decide)
        : base(decide)
    {
    }

    /// <inheritdoc/>
    protected override Directive Handle(IActorRef child, Exception exception)
    {
        // It is suspended over the message that it threw at, until it is decided what becomes of it.
        if (child is ActorRefWithCell { Underlying: ActorCell { CurrentMessage: { } message } cell })
            RequestFailures.Tell(message, cell.Sender, exception, child);
        return base.Handle(child, exception);
    }
}

/// <summary>Named in HOCON as <c>akka.actor.guardian-supervisor-strategy</c>; made by Akka by reflection.</summary>
public sealed class RequestSupervisorConfigurator : SupervisorStrategyConfigurator
{
    /// <inheritdoc/>
    public override SupervisorStrategy Create() => new RequestSupervisorStrategy();
}
