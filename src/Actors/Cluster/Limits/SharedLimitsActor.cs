using System.Diagnostics;
using Actors443.Admission.Sharing;
using Actors443.Configuration;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;

namespace Actors443.Cluster.Limits;

/// <summary>
/// <c>/user/actors443/cluster/limits</c>: tells the other nodes what clients, accounts and certificates have here, once that matters, and hands on what they tell. If it fails, what was
/// known of others stays, and the next instance asks them.
/// </summary>
internal sealed class SharedLimitsActor : UntypedActor, IWithTimers
{
    public const string Name = "limits";

    private static readonly TimeSpan HeadEvery = TimeSpan.FromSeconds(5);
    private static readonly string Path = $"/user/{ActorNames.Root}/{ActorNames.Cluster}/{Name}";

    private readonly SharedLimits _limits;
    private readonly LimitReplica<UniqueAddress> _replica;
    private readonly ClusterLimitSettings _settings;
    private readonly ClusterLimitMetrics _metrics;
    private readonly Akka.Cluster.Cluster _cluster;
    private readonly Dictionary<UniqueAddress, ActorSelection> _others = [];
    private bool _isTelling;

    /// <param name="limits">Where counts say that they have changed.</param>
    /// <param name="kinds">The counts.</param>
    /// <param name="settings">How often to tell.</param>
    /// <param name="metrics">Count messages.</param>
    public SharedLimitsActor(SharedLimits limits, IReadOnlyList<ISharedCounts> kinds, ClusterLimitSettings settings, ClusterLimitMetrics metrics)
    {
        _limits = limits;
        _replica = new LimitReplica<UniqueAddress>(limits, kinds, Stopwatch.GetTimestamp());
        _settings = settings;
        _metrics = metrics;
        _cluster = Akka.Cluster.Cluster.Get(Context.System);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        IActorRef self = Self;
        _limits.Attach(() => self.Tell(CountsChanged.Instance, ActorRefs.NoSender));
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.ReachableMember));
        Timers.StartPeriodicTimer(SendHead.Instance, SendHead.Instance, HeadEvery);
    }

    protected override void PostStop()
    {
        _limits.Attach(null);
        _cluster.Unsubscribe(Self);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case CountsChanged when !_isTelling:
                _isTelling = true;
                TellAndGather(_replica.Collect());
                break;
            case CountsChanged:
                break;
            case TellCounts when _replica.Collect() is { Count: > 0 } told:
                TellAndGather(told);
                break;
            case TellCounts:
                _isTelling = false;
                break;
            case SendHead:
                Tell(_replica.CollectAll());
                // Whoever has missed the last of it notices.
                Tell([_replica.Head()]);
                break;
            case LimitCounts counts:
                OnCounts(counts);
                break;
            case AskLimitCounts:
                TellWhole(Sender);
                break;
            case ClusterEvent.IMemberEvent change:
                OnMember(change);
                break;
            case ClusterEvent.ReachableMember reachable when _others.TryGetValue(reachable.Member.UniqueAddress, out ActorSelection? other):
                other.Tell(AskLimitCounts.Instance, Self);
                break;
            case ClusterEvent.ReachableMember:
                break;
            default:
                Unhandled(message);
                break;
        }

        _metrics.Keys(_replica.Told, _replica.Known);
    }

    private void OnMember(ClusterEvent.IMemberEvent change)
    {
        Member member = change.Member;
        if (!member.HasRole(ClusterHocon.Role))
            return;
        UniqueAddress node = member.UniqueAddress;
        switch (change)
        {
            case ClusterEvent.MemberRemoved:
                _others.Remove(node);
                _replica.Forget(node);
                break;
            case ClusterEvent.MemberUp or ClusterEvent.MemberWeaklyUp or ClusterEvent.MemberLeft or ClusterEvent.MemberExited when !node.Equals(_cluster.SelfUniqueAddress) && !_others.ContainsKey(node):
                ActorSelection other = Context.ActorSelection(new RootActorPath(member.Address) + Path);
                _others[node] = other;
                other.Tell(AskLimitCounts.Instance, Self);
                break;
            default:
                return;
        }

        _limits.Nodes = _others.Count + 1;
        Tell(_replica.CollectAll());
    }

    private void OnCounts(LimitCounts counts)
    {
        var node = new UniqueAddress(Sender.Path.Address, counts.Incarnation);
        // Of a node that is not, or no longer, one of us; all of it is asked for when it is.
        if (!_others.ContainsKey(node))
            return;
        if (!_replica.Learn(node, counts))
            Sender.Tell(AskLimitCounts.Instance, Self);
    }

    private void TellWhole(IActorRef asker)
    {
        foreach (LimitCounts part in _replica.Whole())
        {
            asker.Tell(part with { Incarnation = _cluster.SelfUniqueAddress.Uid }, Self);
            _metrics.Sent(1, part.Counts.Count);
        }
    }

    // The first at once; what changes from then on is gathered.
    private void TellAndGather(IReadOnlyList<LimitCounts> told)
    {
        Tell(told);
        Timers.StartSingleTimer(TellCounts.Instance, TellCounts.Instance, _settings.Interval);
    }

    private void Tell(IReadOnlyList<LimitCounts> told)
    {
        foreach (LimitCounts part in told)
        {
            LimitCounts mine = part with { Incarnation = _cluster.SelfUniqueAddress.Uid };
            foreach (ActorSelection other in _others.Values)
                other.Tell(mine, Self);
            _metrics.Sent(_others.Count, part.Counts.Count);
        }
    }

    /// <summary>From whoever counts: there is something to tell.</summary>
    private sealed class CountsChanged : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static CountsChanged Instance { get; } = new();
    }

    private sealed class TellCounts : INoSerializationVerificationNeeded
    {
        public static TellCounts Instance { get; } = new();
    }

    private sealed class SendHead : INoSerializationVerificationNeeded
    {
        public static SendHead Instance { get; } = new();
    }
}
