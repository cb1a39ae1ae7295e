using Akka.Actor;

namespace Actors443.Sessions;

/// <summary>The home of the sessions of a route on this node: makes each when its first connection comes. A session that fails ends; nothing else does.</summary>
internal sealed class SessionSupervisor(Func<string, Props> session) : ActorBase
{
    private readonly Dictionary<string, IActorRef> _sessions = [];
    private readonly Dictionary<IActorRef, string> _ids = [];

    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    protected override bool Receive(object message)
    {
        switch (message)
        {
            case SessionEnvelope { Message: FindSession } envelope when !_sessions.ContainsKey(envelope.Session):
                Sender.Tell(new SessionFound(false), Self);
                return true;
            case SessionEnvelope envelope:
                if (!_sessions.TryGetValue(envelope.Session, out IActorRef? actor))
                {
                    if (envelope.Message is not (AttachSession or PostToSession))
                        return true;
                    actor = Context.Watch(Context.ActorOf(session(envelope.Session)));
                    _sessions.Add(envelope.Session, actor);
                    _ids.Add(actor, envelope.Session);
                }

                actor.Forward(envelope.Message);
                return true;
            case Terminated gone:
                if (_ids.Remove(gone.ActorRef, out string? ended))
                    _sessions.Remove(ended);
                return true;
            default:
                return false;
        }
    }
}
