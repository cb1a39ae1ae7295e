using Actors443.Acme.State;
using Akka.Actor;

namespace Actors443.Cluster.Acme;

/// <summary>What the actors of ACME on the node that orders see of the cluster: the replica beside them. Thread-safe.</summary>
internal sealed class ClusterReplication(IActorRef replica) : IAcmeReplication
{
    public void Changed(string entry) => replica.Tell(new EntryChanged(entry), ActorRefs.NoSender);

    public Task AgreedAsync(string entry, CancellationToken stop) => replica.Ask<EntryAgreed>(new AwaitAgreement(entry), Timeout.InfiniteTimeSpan, stop);
}
