using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Tunnels;

/// <summary>
/// Owns one tunnel, as a child of its connection's actor: what ends the connection ends the tunnel, and if this fails, its tunnel is cut and nothing else.
/// <code>
/// Connecting → Open → Closed
/// </code>
/// </summary>
internal sealed class TunnelActor(Tunnel tunnel, ILogger log) : ActorBase
{
    private State _state = State.Connecting;

    private enum State
    {
        Connecting,
        Open,
        Closed,
    }

    public static Props Props(Tunnel tunnel, ILogger log) => Akka.Actor.Props.CreateBy(new Producer(tunnel, log)).WithDeploy(Deploy.Local);

    protected override void PreStart() => tunnel.AttachOwner(Self);

    protected override void PostStop() => tunnel.End(TunnelEndReason.ActorStopped);

    protected override bool Receive(object message)
    {
        switch (_state, message)
        {
            case (State.Connecting, TunnelConnected):
                _state = State.Open;
                log.TunnelOpened(tunnel.Id, tunnel.Account.Name, tunnel.Client, tunnel.Target, tunnel.Address, tunnel.Connection);
                return true;
            case (_, TunnelOver):
                OnOver();
                return true;
            case (not State.Closed, EndTunnel end):
                // The relay notices, and says that it is over.
                tunnel.End(end.Reason);
                return true;
            default:
                return false;
        }
    }

    private void OnOver()
    {
        if (_state == State.Open)
            log.TunnelClosed(tunnel.Id, tunnel.Account.Name, tunnel.Target, tunnel.Reason, tunnel.BytesUp, tunnel.BytesDown);
        _state = State.Closed;
        Context.Stop(Self);
    }

    private sealed class Producer(Tunnel tunnel, ILogger log) : IIndirectActorProducer
    {
        public Type ActorType => typeof(TunnelActor);

        public ActorBase Produce() => new TunnelActor(tunnel, log);

        public void Release(ActorBase actor)
        {
        }
    }
}
