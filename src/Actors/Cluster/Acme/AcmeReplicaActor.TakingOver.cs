using Actors443.Telemetry;
using Akka.Actor;
using Akka.Cluster;
using Akka.DistributedData;

namespace Actors443.Cluster.Acme;

/// <summary>
/// Before this node orders: it takes a term, so that whoever ordered before it cannot have anything agreed on any more, and then makes its disk what most nodes have. In that order,
/// what was agreed on before is seen, and what comes later is refused.
/// </summary>
internal sealed partial class AcmeReplicaActor
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    // A cluster that was down comes back node by node, and the first must not go on with what it alone has.
    private static readonly TimeSpan PatienceWithNodes = TimeSpan.FromMinutes(1);

    private readonly long _started = TimeProvider.System.GetTimestamp();

    private IActorRef _authority = ActorRefs.Nobody;
    private Taking? _taking;

    // 0: none is taken.
    private long _term;
    private long _sequence;

    private void BeginToTakeOver()
    {
        _state = ReplicaState.TakingOver;
        _term = 0;
        _agreements.Clear();
        int nodes = Nodes().Count();
        if (nodes <= _index.Nodes / 2 && TimeProvider.System.GetElapsedTime(_started) < PatienceWithNodes)
        {
            if (_taking is null)
                _log.WaitsForNodes(nodes, _index.Nodes, PatienceWithNodes);
            _taking = new Taking();
            BeginLater();
            return;
        }

        _taking = new Taking();
        _replicator.Tell(Dsl.Get(_indexRegister.Key, new ReadMajority(AnswerWithin), _taking));
    }

    private void OnAsked(Taking taking, IGetResponse answer)
    {
        if (answer.IsFailure)
        {
            NotAgreed(taking);
            return;
        }

        if (taking.Entries is { } open)
        {
            string entry = EntryOf(answer.Key)!;
            if (answer.IsFound)
                OnEntry(entry, answer.Get(_registers[entry].Key));
            open.Remove(entry);
            if (open.Count == 0)
                Order();
            return;
        }

        if (answer.IsFound)
            OnIndex(answer.Get(_indexRegister.Key));
        _term = ReplicatedIndex.TermOf(_indexGeneration) + 1;
        _sequence = 0;
        WriteIndex(_index.Entries.Union(_marks.Keys), taking);
    }

    private void OnTermTaken(Taking taking, IUpdateResponse answer)
    {
        if (!answer.IsSuccessful)
        {
            NotAgreed(taking);
            return;
        }

        taking.Entries = [.. _index.Entries];
        foreach (string entry in _index.Entries)
            _replicator.Tell(Dsl.Get(Register(entry).Key, new ReadMajority(AnswerWithin), taking));
        if (_index.Entries.Count == 0)
            Order();
    }

    private void Order()
    {
        _taking = null;
        _state = ReplicaState.Ordering;
        OnDisk("on-demand", () => _files.TouchNames(DateTimeOffset.UtcNow));
        _log.OrdersForCluster(_term, _index.Entries.Count);
        _authority.Tell(new TookOver(_term));
    }

    private void Supersede()
    {
        _log.OrdersSuperseded();
        _metrics.Agreement("superseded");
        IActorRef authority = _authority;
        Follow();
        authority.Tell(Superseded.Instance);
    }

    private void Follow()
    {
        _state = ReplicaState.Following;
        _term = 0;
        _authority = ActorRefs.Nobody;
        _taking = null;
        _agreements.Clear();
    }

    private void NotAgreed(Taking taking)
    {
        if (!taking.IsSaid)
            _log.NotAgreed(_indexRegister.Purpose, "most nodes do not answer");
        _taking = new Taking { IsSaid = true };
        BeginLater();
    }

    private void BeginLater() => Timers.StartSingleTimer(nameof(BeginAgain), BeginAgain.Instance, TryAgain);

    private void WriteIndex(IEnumerable<string> entries, object request)
    {
        _index = new ReplicatedIndex([.. entries.Order(StringComparer.Ordinal)], Nodes().Count());
        _indexGeneration = NextGeneration();
        OnDisk("index", () => _files.SaveIndex(_index, _indexGeneration));
        Write(_indexRegister, _indexGeneration, _index.Encode(), new WriteMajority(AnswerWithin), request);
    }

    private long NextGeneration() => ReplicatedIndex.FirstOf(_term) + _sequence++;

    private IEnumerable<Member> Nodes() => _cluster.State.Members.Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving && member.Roles.Contains(ClusterHocon.Role));

    /// <summary>One attempt.</summary>
    private sealed class Taking
    {
        /// <summary>That have not been answered; null: the index has not been.</summary>
        public HashSet<string>? Entries { get; set; }

        public bool IsSaid { get; init; }
    }

    private sealed record BeginAgain
    {
        public static BeginAgain Instance { get; } = new();
    }
}
