using Actors443.Cluster.Nodes;
using Actors443.Configuration;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Cluster;

namespace Actors443.Cluster.Discovery;

/// <summary>
/// <c>/user/actors443/cluster/discovery</c>, until this node is let in: looks up the contacts again and again, asks whoever is found whether it is in a cluster, over Akka.Remote as nodes ask each
/// other everything, and joins or founds as <see cref="FoundNodes"/> says.
/// </summary>
internal sealed class DiscoveryActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookupWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SayAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(30);

    // Akka asks a node that it is to join again and again by itself.
    private static readonly TimeSpan JoinWithin = TimeSpan.FromSeconds(15);

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly ContactLookup _lookup;
    private readonly FoundNodes _found;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private bool _isLooking;
    private IReadOnlyCollection<string> _problems = [];
    private (string Node, long At)? _joining;

    public DiscoveryActor(ClusterDiscoverySettings settings, TimeProvider time, ILoggerFactory loggers)
    {
        _lookup = new ContactLookup(settings.Contacts);
        _found = new FoundNodes(ClusterNodes.NameOf(_cluster.SelfAddress), settings.Required, settings.StableFor, time);
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Cluster);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        Timers.StartPeriodicTimer(nameof(Tick.Look), Tick.Look, TimeSpan.Zero, LookEvery);
        Timers.StartPeriodicTimer(nameof(Tick.Say), Tick.Say, SayAfter, SayEvery);
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case Tick when _cluster.SelfMember.Status is not MemberStatus.Removed:
                Context.Stop(Self);
                break;
            case Tick.Look when !_isLooking:
                _isLooking = true;
                LookAsync().PipeTo(Self);
                break;
            case Tick.Look:
                break;
            case Looked looked:
                OnLooked(looked);
                break;
            case NodeStatus status:
                _found.Answered(ClusterNodes.NameOf(Sender.Path.Address), status.IsMember);
                break;
            case Tick.Say:
                Say();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private async Task<Looked> LookAsync()
    {
        using var patience = new CancellationTokenSource(LookupWithin, _time);
        try
        {
            (IReadOnlyCollection<string> nodes, IReadOnlyCollection<string> problems) = await _lookup.FindAsync(patience.Token);
            return new Looked(nodes, problems);
        }
        catch (OperationCanceledException)
        {
            return new Looked([], [$"no answer within {LookupWithin.TotalSeconds:0} s"]);
        }
    }

    private void OnLooked(Looked looked)
    {
        _isLooking = false;
        _problems = looked.Problems;
        // Of a name that cannot be looked up just now the nodes may be what they were.
        _found.Found(looked.Problems.Count == 0 ? looked.Nodes : [.. _found.All.Union(looked.Nodes)]);
        foreach (string node in _found.Others)
            Context.ActorSelection(ClusterNodes.PathOn(_cluster.SelfAddress, node, NodeActor.Name)).Tell(AskNodeStatus.Instance, Self);
        DiscoveryStep step = _found.Next();
        if (step.Join is { } member)
            Join(member);
        else if (step.Founds && looked.Problems.Count == 0)
            Found();
    }

    private void Join(string member)
    {
        if (_joining is { } joining && _time.GetElapsedTime(joining.At) < JoinWithin)
            return;
        _joining = (member, _time.GetTimestamp());
        _log.JoinsFound(member);
        _cluster.JoinSeedNodes([ClusterNodes.AddressOf(_cluster.SelfAddress, member)]);
    }

    private void Found()
    {
        _log.FoundsWithFound(string.Join(", ", _found.Others));
        _cluster.Join(_cluster.SelfAddress);
        Context.Stop(Self);
    }

    private void Say()
    {
        if (_problems.Count > 0)
            _log.ContactsNotFound(string.Join("; ", _problems));
        else if (_found.Next() is { Join: null, Founds: false } step)
            _log.WaitsForFound(step.WaitsFor);
    }

    private sealed record Looked(IReadOnlyCollection<string> Nodes, IReadOnlyCollection<string> Problems) : INoSerializationVerificationNeeded;

    private enum Tick
    {
        Look,
        Say,
    }
}
