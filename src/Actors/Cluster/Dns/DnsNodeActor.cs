using Actors443.Cluster.Nodes;
using Actors443.Dns;
using Akka.Actor;
using Akka.Cluster;

namespace Actors443.Cluster.Dns;

/// <summary><c>/user/actors443/cluster/dns</c>: knows which nodes share the names, and answers the questions of others for those that are this node's.</summary>
internal sealed class DnsNodeActor : UntypedActor
{
    public const string Name = "dns";

    private readonly DnsResolver _resolver;
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly ClusterDns _shared;
    private readonly HashSet<Member> _up = [];
    private readonly HashSet<UniqueAddress> _unreachable = [];

    public DnsNodeActor(DnsResolver resolver)
    {
        _resolver = resolver;
        _shared = new ClusterDns(new ClusterNodes(Context.System), _cluster.SelfAddress);
    }

    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        _resolver.Neighbors = _shared;
    }

    protected override void PostStop()
    {
        _resolver.Neighbors = null;
        _cluster.Unsubscribe(Self);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case AskDnsOfNode ask:
                AnswerAsync(ask).PipeTo(Sender, Self);
                break;
            case ClusterEvent.MemberUp up:
                if (up.Member.HasRole(ClusterHocon.Role))
                    _up.Add(up.Member);
                Publish();
                break;
            case ClusterEvent.MemberLeft or ClusterEvent.MemberExited or ClusterEvent.MemberDowned or ClusterEvent.MemberRemoved:
                UniqueAddress gone = ((ClusterEvent.IMemberEvent)message).Member.UniqueAddress;
                _up.RemoveWhere(member => member.UniqueAddress.Equals(gone));
                if (message is ClusterEvent.MemberRemoved)
                    _unreachable.Remove(gone);
                Publish();
                break;
            case ClusterEvent.UnreachableMember lost:
                _unreachable.Add(lost.Member.UniqueAddress);
                Publish();
                break;
            case ClusterEvent.ReachableMember found:
                _unreachable.Remove(found.Member.UniqueAddress);
                Publish();
                break;
            case ClusterEvent.IMemberEvent:
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Publish() => _shared.Publish(_up.Where(member => !_unreachable.Contains(member.UniqueAddress)).Select(member => member.Address));

    private async Task<DnsFromNode> AnswerAsync(AskDnsOfNode ask) => new(await _resolver.AnswerNeighborAsync(ask.Key, ask.IsRefresh));
}
