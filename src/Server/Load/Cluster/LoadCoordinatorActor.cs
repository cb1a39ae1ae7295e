using Actors443.Server.Load.Results;
using Akka.Actor;

namespace Actors443.Server.Load.Cluster;

/// <summary>To the coordinator: end the run now, in order.</summary>
internal sealed record StopAll : INoSerializationVerificationNeeded;

/// <summary>To the coordinator: this node's own share has ended.</summary>
internal sealed record OwnShareEnded : INoSerializationVerificationNeeded;

/// <summary>What the coordinator tells of and asks for.</summary>
/// <param name="Texts">The scenario and its options.</param>
/// <param name="Nodes">How many take part, this one included.</param>
/// <param name="Sample">Called for every sample of another node.</param>
/// <param name="Waiting">Called while nodes are missing, with how many.</param>
internal sealed record CoordinatedRun(IReadOnlyList<string> Texts, int Nodes, Action<IntervalSample> Sample, Action<int> Waiting)
{
    /// <summary>All nodes are there and can; faulted if one cannot.</summary>
    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>All nodes have ended.</summary>
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>Gathers load nodes, has each do its share at the same time, and passes on what they count. A node that is lost is told of; the others go on.</summary>
internal sealed class LoadCoordinatorActor(CoordinatedRun run) : UntypedActor
{
    private readonly Dictionary<IActorRef, string> _nodes = [];
    private readonly HashSet<IActorRef> _prepared = [];
    private State _state = State.Gathering;
    private bool _ownEnded;

    private enum State
    {
        Gathering,
        Preparing,
        Running,
        Ended,
    }

    protected override void PreStart() => run.Waiting(run.Nodes - 1);

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case NodeReady ready when _state == State.Gathering && _nodes.TryAdd(Sender, ready.Name):
                Context.Watch(Sender);
                if (_nodes.Count == run.Nodes - 1)
                    Prepare();
                else
                    run.Waiting(run.Nodes - 1 - _nodes.Count);
                break;
            case SharePrepared { Problem: { } problem } when _state == State.Preparing:
                _state = State.Ended;
                run.Started.TrySetException(new LoadException($"The load node {_nodes[Sender]} cannot take part: {problem}"));
                break;
            case SharePrepared when _state == State.Preparing:
                _prepared.Add(Sender);
                if (_prepared.Count == _nodes.Count)
                    Start();
                break;
            case ShareCounted counted when _state == State.Running:
                run.Sample(counted.Sample);
                break;
            case ShareEnded ended when _nodes.Remove(Sender, out string? name):
                Context.Unwatch(Sender);
                if (ended.Problem is { } failure)
                    run.Ended.TrySetException(new LoadException($"The load node {name} failed: {failure}"));
                EndIfAllHave();
                break;
            case OwnShareEnded:
                _ownEnded = true;
                EndIfAllHave();
                break;
            case StopAll:
                Stop();
                break;
            case Terminated terminated when _nodes.Remove(terminated.ActorRef, out string? lost):
                Lose(lost);
                break;
        }
    }

    private void Prepare()
    {
        _state = State.Preparing;
        int index = 1;
        foreach (IActorRef node in _nodes.Keys)
            node.Tell(new PrepareShare(run.Texts, index++, run.Nodes));
    }

    private void Start()
    {
        _state = State.Running;
        TellAll(new StartShare());
        run.Started.TrySetResult();
    }

    private void Stop()
    {
        if (_state == State.Running)
        {
            TellAll(new StopShare());
            return;
        }

        _state = State.Ended;
        run.Started.TrySetCanceled();
    }

    private void Lose(string name)
    {
        switch (_state)
        {
            case State.Gathering:
                run.Waiting(run.Nodes - 1 - _nodes.Count);
                break;
            case State.Preparing:
                _state = State.Ended;
                run.Started.TrySetException(new LoadException($"The load node {name} was lost before the run began."));
                break;
            default:
                // Without its clients the figures are others: whoever reads them must know.
                run.Ended.TrySetException(new LoadException($"The load node {name} was lost during the run; its part is missing from then on."));
                EndIfAllHave();
                break;
        }
    }

    private void EndIfAllHave()
    {
        if (!_ownEnded || _nodes.Count > 0)
            return;
        _state = State.Ended;
        run.Ended.TrySetResult();
    }

    private void TellAll(ILoadNodeMessage message)
    {
        foreach (IActorRef node in _nodes.Keys)
            node.Tell(message);
    }
}
