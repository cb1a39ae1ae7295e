using Actors443.Tls.Deciding;
using Akka.Actor;

namespace Actors443.Acme.OnDemand;

/// <summary>Stands for handshakes at another node of the cluster, which is told how they go on.</summary>
internal sealed class DistantHandshake(string name, HandshakeReply reply, OnDemandGate gate, IActorRef asker) : IHandshakeWaiter
{
    public void Decided()
    {
        HandshakeOutcome outcome = reply.Outcome!;
        bool isRefused = outcome.Refusal != Connections.CloseReason.None;
        asker.Tell(new CertificateDecided(name, !isRefused && gate.IsServed(name), isRefused, outcome.Detail), ActorRefs.NoSender);
    }
}
