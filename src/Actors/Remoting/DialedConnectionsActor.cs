using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Engine;
using Actors443.Supervision;
using Akka.Actor;

namespace Actors443.Remoting;

/// <summary>
/// The connections that this node has made to others, as a listener has those that were accepted: each has a <see cref="ConnectionActor"/>, with a supervisor where its engine has its actors. A child
/// of the system's guardian, and not of ours: what the actors of applications say as they stop still goes by these.
/// </summary>
internal sealed class DialedConnectionsActor : UntypedActor
{
    /// <summary>Of its path, below <c>/system</c>.</summary>
    public const string ActorName = "actors443-outbound";

    // The other node answers a goodbye, or has had its time for it by then.
    private static readonly TimeSpan GoodbyeWithin = TimeSpan.FromSeconds(10);

    private readonly ConnectionSupervisors _supervisors;

    public DialedConnectionsActor(ServerEnvironment environment)
    {
        // No flood of unfinished handshakes makes room for itself here.
        _supervisors = ConnectionSupervisors.Create(Context, environment, eachPlace: 1, handshakes: null);
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart, loggingEnabled: false);

    protected override void PreStart() => _supervisors.StartTicks(Context.System.Scheduler, Self);

    protected override void PostStop() => _supervisors.StopTicks();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ConnectionAccepted accepted:
                _supervisors.Ring.Accepted(accepted.Connection);
                break;
            case TellConnections { Message: Close close } tell:
                _supervisors.Pass(tell with { Message = InOrder(close) }, Sender, Self);
                break;
            case TellConnection { Message: Close close } tell:
                _supervisors.Pass(tell with { Message = InOrder(close) }, Sender, Self);
                break;
            case CutRevoked:
                // By lists that are for clients.
                break;
            default:
                if (!_supervisors.Pass(message, Sender, Self))
                    Unhandled(message);
                break;
        }
    }

    // Akka hears a goodbye, and the other node no break.
    private static Drain InOrder(Close close) => new(GoodbyeWithin, close.Reason);
}

/// <summary>Gives connections that this node makes to <see cref="DialedConnectionsActor"/>. Thread-safe.</summary>
internal sealed class DialedOwners(IActorRef dialed) : IConnectionOwners
{
    public void Accepted(EngineConnection connection) => dialed.Tell(new ConnectionAccepted(connection), ActorRefs.NoSender);
}
