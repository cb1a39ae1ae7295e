using System.Collections.Immutable;
using Actors443.Cluster;
using Akka.Actor;
using Akka.Cluster.Sharding;

namespace Actors443.Sessions;

/// <summary>The shard region whose entities are the sessions of a route. A session stays where it began: it has what its client has not confirmed, and would lose that on a move.</summary>
internal static class SessionRegion
{
    private const int Shards = 200;

    /// <exception cref="InvalidOperationException">The actor system is in no cluster.</exception>
    public static IActorRef Start(ActorSystem system, string name, Func<string, Props> session)
    {
        if (!system.Settings.HasCluster)
            throw new InvalidOperationException($"The sessions are to be in the shard region '{name}', and this actor system is in no cluster; make it a node (Akka.Cluster.Hosting: WithClustering), or leave {nameof(SessionRouteOptions.Region)} null.");
        string? role = Akka.Cluster.Cluster.Get(system).SelfRoles.Contains(ClusterHocon.Role) ? ClusterHocon.Role : null;
        ClusterShardingSettings settings = ClusterShardingSettings.Create(system)
            .WithRole(role)
            .WithRememberEntities(false)
            .WithStateStoreMode(StateStoreMode.DData)
            // They end by themselves; and what comes from their sockets does not come by the region.
            .WithPassivateIdleAfter(TimeSpan.Zero);
        return ClusterSharding.Get(system).Start(
            name,
            session,
            settings,
            HashCodeMessageExtractor.Create(Shards, message => (message as SessionEnvelope)?.Session!, message => ((SessionEnvelope)message).Message),
            new StayingAllocation(),
            PoisonPill.Instance);
    }

    /// <summary>A shard goes to the node that has the fewest, and stays there for as long as the node.</summary>
    private sealed class StayingAllocation : IShardAllocationStrategy
    {
        public Task<IActorRef> AllocateShard(IActorRef requester, string shardId, IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations) =>
            Task.FromResult(currentShardAllocations.MinBy(region => region.Value.Count).Key);

        public Task<IImmutableSet<string>> Rebalance(IImmutableDictionary<IActorRef, IImmutableList<string>> currentShardAllocations, IImmutableSet<string> rebalanceInProgress) =>
            Task.FromResult<IImmutableSet<string>>(ImmutableHashSet<string>.Empty);
    }
}
