using Actors443.Admission.Sharing;
using Actors443.Cluster.Discovery;
using Actors443.Cluster.Dns;
using Actors443.Cluster.Founding;
using Actors443.Cluster.Generations;
using Actors443.Cluster.Identities;
using Actors443.Cluster.Identity;
using Actors443.Cluster.Limits;
using Actors443.Cluster.Nodes;
using Actors443.Cluster.TicketKeys;
using Actors443.Configuration;
using Actors443.Identities;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Cluster;

namespace Actors443.Cluster;

/// <summary>
/// <c>/user/actors443/cluster</c>: what this node does with the others. Each part is a child; one that fails is restarted by itself, and what it had handed on (keys, certificates,
/// limits) serves on meanwhile.
/// </summary>
internal sealed class ClusterSupervisor : UntypedActor
{
    private readonly ILogger _log;
    private readonly ServerLifecycle _lifecycle;
    private readonly Akka.Cluster.Cluster _cluster;
    private readonly KnownNodes _known;

    public ClusterSupervisor(ServerEnvironment environment, IActorRef certificates, IActorRef directory, IActorRef revoked)
    {
        _log = environment.Loggers.CreateLogger(LogCategories.Cluster);
        _lifecycle = environment.Lifecycle;
        _cluster = Akka.Cluster.Cluster.Get(Context.System);
        var seal = new ClusterSeal(ClusterKeys.Read(environment.Settings.Cluster));

        _known = new KnownNodes(environment.Settings.StateDirectory);

        Context.ActorOf(Props.Create<NodeActor>(environment, directory), NodeActor.Name);
        // A host's node joins as its host says.
        if (!_cluster.Settings.SeedNodes.Contains(_cluster.SelfAddress) && _known.HearsOthersFirst(environment.Settings.Cluster))
            Context.ActorOf(Props.Create<FoundingActor>(_known, environment.Loggers), "founding");
        if (environment.Settings.Cluster.Discovery is { IsOn: true } discovery)
            Context.ActorOf(Props.Create<DiscoveryActor>(discovery, environment.Time, environment.Loggers), "discovery");
        Context.ActorOf(Props.Create<RevokedReplicaActor>(environment.Revoked, revoked, environment.Loggers), Revocations.NodeActor);
        Context.ActorOf(Props.Create<DnsNodeActor>(environment.Dns), DnsNodeActor.Name);
        ClusterLimitSettings limits = environment.Settings.Cluster.Limits;
        IReadOnlyList<ISharedCounts> counts = [environment.Gate, environment.TunnelAccounts, environment.CertificateCounts];
        if (limits.Enabled)
            Context.ActorOf(Props.Create<SharedLimitsActor>(environment.SharedLimits, counts, limits, environment.ClusterLimitMetrics), SharedLimitsActor.Name);
        var configuration = new SealedRegister(ConfigurationNodeActor.Name, seal);
        ClusterSingleton.Start(Context, Props.Create<ConfigurationAuthorityActor>(configuration, environment.ClusterConfigurationMetrics, environment.Time, environment.Loggers), ConfigurationAuthorityActor.Name);
        IActorRef authority = ClusterSingleton.StartProxy(Context, ConfigurationAuthorityActor.Name);
        Context.ActorOf(
            Props.Create<ConfigurationNodeActor>(environment.ClusterConfiguration, configuration, environment.Settings.StateDirectory, authority, environment.Loggers), ConfigurationNodeActor.Name);
        var ticketKeys = new SealedRegister("ticket-keys", seal);
        Func<TicketKeySettings> ticketKeySettings = () => environment.Settings.Certificates.TicketKeys;
        Context.ActorOf(Props.Create<TicketKeyReplicaActor>(ticketKeys, certificates, TicketKeyReplicaActor.Patience, environment.Loggers), "ticket-keys");
        ClusterSingleton.Start(Context, Props.Create<TicketKeyAuthorityActor>(ticketKeySettings, ticketKeys, environment.Time, environment.Loggers), "ticket-key-authority");
    }

    /// <summary>Why this actor system cannot be a node; null: it can.</summary>
    public static string? ProblemOf(ActorSystem system)
    {
        if (!system.Settings.HasCluster)
            return "actors443.cluster.enabled: this actor system is in no cluster; set akka.actor.provider = cluster (Akka.Cluster.Hosting: WithClustering), or cluster.enabled = off.";
        return Akka.Cluster.Cluster.Get(system).SelfRoles.Contains(ClusterHocon.Role)
            ? null
            : $"actors443.cluster.enabled: this node has not the role {ClusterHocon.Role}; add it to akka.cluster.roles (Akka.Cluster.Hosting: ClusterOptions.Roles), by which the nodes that serve are known.";
    }

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        // Told here even when the actors are stopping already.
        _cluster.RegisterOnMemberRemoved(OnRemoved);
    }

    protected override void PostStop() => _cluster.Unsubscribe(Self);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.IMemberEvent change:
                if (change is ClusterEvent.MemberUp && change.Member.UniqueAddress.Equals(_cluster.SelfUniqueAddress))
                    _lifecycle.Membership = ClusterMembership.Up;
                if (change is ClusterEvent.MemberUp or ClusterEvent.MemberRemoved)
                    KeepNodes();
                _log.NodeIs(NameOf(change.Member), change.Member.Status.ToString().ToLowerInvariant());
                break;
            // It has left, and its end was seen before the others had taken it off: nothing was lost.
            case ClusterEvent.UnreachableMember { Member.Status: MemberStatus.Exiting or MemberStatus.Down }:
                break;
            case ClusterEvent.UnreachableMember unreachable:
                _log.NodeUnreachable(NameOf(unreachable.Member));
                break;
            case ClusterEvent.ReachableMember reachable:
                _log.NodeReachable(NameOf(reachable.Member));
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    // Of those that it leaves behind this one knows nothing any more.
    private void KeepNodes()
    {
        if (_cluster.SelfMember.Status != MemberStatus.Up)
            return;
        try
        {
            _known.Write(_cluster.State.Members.Where(member => member.HasRole(ClusterHocon.Role)).Select(NameOf));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            _log.CannotKeepNodes(_known.Path, cause.Message);
        }
    }

    private void OnRemoved()
    {
        // A server that stops leaves of its own accord.
        if (_lifecycle.Phase >= ServerPhase.Draining)
            return;
        _lifecycle.Membership = ClusterMembership.Removed;
        _log.Removed();
    }

    private static string NameOf(Member member) => ClusterNodes.NameOf(member.Address);
}
