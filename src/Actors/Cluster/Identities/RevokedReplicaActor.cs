using System.Collections.Immutable;
using Actors443.Identities;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Cluster;
using Akka.DistributedData;

namespace Actors443.Cluster.Identities;

/// <summary>
/// <c>/user/actors443/cluster/revoked</c>: who is revoked, on all nodes. The node that revokes tells the others at once and wants to know what they cut; a set of
/// Akka.DistributedData tells those that could not be reached, or come later.
/// </summary>
internal sealed class RevokedReplicaActor : UntypedActor
{
    private static readonly ORSetKey<string> Key = new("actors443-revoked");

    private readonly RevokedIdentities _published;
    private readonly IActorRef _revoked;
    private readonly ILogger _log;
    private readonly UniqueAddress _node;
    private readonly IActorRef _replicator;
    private readonly HashSet<string> _notRead = new(StringComparer.Ordinal);

    /// <param name="published">What this node knows.</param>
    /// <param name="revoked">The actor that keeps it.</param>
    /// <param name="loggers">Makes the log.</param>
    public RevokedReplicaActor(RevokedIdentities published, IActorRef revoked, ILoggerFactory loggers)
    {
        _published = published;
        _revoked = revoked;
        _log = loggers.CreateLogger(LogCategories.Cluster);
        _node = Akka.Cluster.Cluster.Get(Context.System).SelfUniqueAddress;
        _replicator = DistributedData.Get(Context.System).Replicator;
    }

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(RevocationFactsChanged));
        _replicator.Tell(Dsl.Subscribe(Key, Self));
        Write();
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ApplyFacts:
                _revoked.Forward(message);
                break;
            case RevocationFactsChanged:
                Write();
                break;
            case Changed changed:
                OnFacts(changed.Get(Key).Elements);
                break;
            case IdentitiesCut { Problem: null } or IUpdateResponse:
                // What was told by the set is cut; the actor that keeps it has logged it.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnFacts(IImmutableSet<string> elements)
    {
        foreach (string element in elements)
        {
            if (!RevocationFact.TryDecode(element, out _) && _notRead.Add(element))
                _log.RevocationNotRead(element);
        }

        _revoked.Tell(new ApplyFacts([.. elements]), Self);
    }

    private void Write()
    {
        IReadOnlyList<RevocationFact> facts = _published.Facts;
        if (facts.Count == 0)
            return;
        UniqueAddress node = _node;
        _replicator.Tell(Dsl.Update(Key, ORSet<string>.Empty, WriteLocal.Instance, set => With(set, facts, node)));
    }

    /// <summary>The set with these facts, and without those that they supersede; the same if there is nothing new.</summary>
    internal static ORSet<string> With(ORSet<string> set, IReadOnlyList<RevocationFact> facts, UniqueAddress node)
    {
        var known = new Dictionary<(IdentityKind, string), RevocationFact>();
        foreach (string element in set.Elements)
        {
            if (RevocationFact.TryDecode(element, out RevocationFact? fact) && fact.Supersedes(known.GetValueOrDefault(fact.Key)))
                known[fact.Key] = fact;
        }

        foreach (RevocationFact fact in facts)
        {
            RevocationFact? before = known.GetValueOrDefault(fact.Key);
            if (!fact.Supersedes(before))
                continue;
            if (before is not null)
                set = set.Remove(node, before.Encode());
            set = set.Add(node, fact.Encode());
        }

        return set;
    }
}
