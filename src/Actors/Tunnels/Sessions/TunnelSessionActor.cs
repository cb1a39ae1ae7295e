using Actors443.Telemetry;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Tunnels.Sessions;

/// <summary>To a session's actor: a connection carries it now.</summary>
internal sealed class SessionAttached : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    public static SessionAttached Instance { get; } = new();
}

/// <summary>To a session's actor: no connection carries it any more.</summary>
internal sealed class SessionDetached : INoSerializationVerificationNeeded, IDeadLetterSuppression
{
    public static SessionDetached Instance { get; } = new();
}

/// <summary>To the supervisor: make the actor of this session.</summary>
internal sealed record OpenSession(TunnelSession Session) : INoSerializationVerificationNeeded;

/// <summary>
/// Owns the connection to a target whose client may lose its own and come back. A child of the supervisor, not of a connection. If it fails, its session is
/// ended and nothing else.
/// <code>
/// Detached ↔ Attached → Closed
/// </code>
/// </summary>
internal sealed class TunnelSessionActor(TunnelSession session, SessionTable sessions, TunnelTable tunnels, ILogger log) : ActorBase
{
    private State _state = State.Detached;

    private enum State
    {
        Detached,
        Attached,
        Closed,
    }

    protected override void PreStart()
    {
        session.Tunnel.AttachOwner(Self);
        session.RunAsync().PipeTo(Self, success: () => TunnelOver.Instance);
    }

    protected override void PostStop()
    {
        session.Tunnel.End(TunnelEndReason.ActorStopped);
        sessions.Remove(session);
        tunnels.Remove(session.Tunnel);
        session.Tunnel.Account.Leave(session.Tunnel);
    }

    protected override bool Receive(object message)
    {
        switch (_state, message)
        {
            case (State.Detached, SessionAttached):
                _state = State.Attached;
                log.SessionAttached(session.Tunnel.Id, session.Tunnel.Account.Name, session.Tunnel.Client, session.Tunnel.Target, session.Tunnel.Connection);
                return true;
            case (State.Attached, SessionDetached):
                _state = State.Detached;
                log.SessionDetached(session.Tunnel.Id, session.Tunnel.Account.Name, session.Tunnel.Target);
                return true;
            case (not State.Closed, EndTunnel end):
                session.Tunnel.End(end.Reason);
                return true;
            case (_, TunnelOver):
                log.TunnelClosed(session.Tunnel.Id, session.Tunnel.Account.Name, session.Tunnel.Target, session.Tunnel.Reason, session.Tunnel.BytesUp, session.Tunnel.BytesDown);
                _state = State.Closed;
                Context.Stop(Self);
                return true;
            default:
                // Connections come and go faster than they are told of.
                return message is SessionAttached or SessionDetached or EndTunnel;
        }
    }
}
