using Actors443.Cluster.Nodes;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Cluster;

namespace Actors443.Cluster.Founding;

/// <summary>
/// <c>/user/actors443/cluster/founding</c>, on the first of the seed nodes when it was in a cluster before: has it found the cluster again only when most of the nodes that there were,
/// itself among them, say that they are in none. Meanwhile Akka asks the other seed nodes for entry.
/// </summary>
internal sealed class FoundingActor(KnownNodes known, ILoggerFactory loggers) : UntypedActor, IWithTimers
{
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(30);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly ILogger _log = loggers.CreateLogger(LogCategories.Cluster);
    private readonly HashSet<string> _outside = new(StringComparer.Ordinal);
    private IReadOnlyList<string> _nodes = [];

    public ITimerScheduler Timers { get; set; } = null!;

    private string SelfName => ClusterNodes.NameOf(_cluster.SelfAddress);

    /// <summary>Whether so many nodes, none of which is in a cluster, may found one when there were that many.</summary>
    public static bool AreMost(int outside, int nodes) => outside > nodes / 2;

    protected override void PreStart()
    {
        _nodes = known.Read();
        Timers.StartPeriodicTimer(nameof(Ask), Ask.Instance, TimeSpan.Zero, AskEvery);
        Timers.StartPeriodicTimer(nameof(Say), Say.Instance, TimeSpan.FromSeconds(5), SayEvery);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Ask or Say when _cluster.SelfMember.Status is not MemberStatus.Removed:
                // It is let in, or has founded one.
                Context.Stop(Self);
                break;
            case Ask:
                foreach (string node in _nodes.Where(node => node != SelfName))
                    Context.ActorSelection(ClusterNodes.PathOn(_cluster.SelfAddress, node, NodeActor.Name)).Tell(AskNodeStatus.Instance, Self);
                break;
            case NodeStatus status:
                OnStatus(ClusterNodes.NameOf(Sender.Path.Address), status.IsMember);
                break;
            case Say:
                _log.HearsOthersFirst(_nodes.Count, _outside.Count + 1, known.Path);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void OnStatus(string node, bool isMember)
    {
        // Whoever is in one lets this one in when it is asked.
        if (isMember)
            _outside.Remove(node);
        else
            _outside.Add(node);
        if (!AreMost(_outside.Count + 1, _nodes.Count))
            return;
        _log.FoundsAgain(_outside.Count + 1, _nodes.Count);
        _cluster.Join(_cluster.SelfAddress);
        Context.Stop(Self);
    }

    private sealed class Ask
    {
        public static Ask Instance { get; } = new();
    }

    private sealed class Say
    {
        public static Say Instance { get; } = new();
    }
}
