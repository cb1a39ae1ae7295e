using Actors443.Cluster.Nodes;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Cluster;
using Akka.DistributedData;

namespace Actors443.Cluster.Generations;

/// <summary>
/// Decides on configurations of the cluster. There is one, on the oldest node. A push is put to every node first; only if each says that it could put it in force, the next generation is written
/// to most nodes, and that is the decision: whoever has not heard of it then gets it from them. Nothing is held meanwhile, so that whoever dies before has changed nothing.
/// </summary>
internal sealed class ConfigurationAuthorityActor : UntypedActor
{
    public const string Name = "configuration-authority";

    private static readonly TimeSpan AgreeWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PrepareWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan InForceWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookAtNodes = TimeSpan.FromMilliseconds(500);

    private readonly SealedRegister _register;
    private readonly ClusterNodes _nodes;
    private readonly TimeProvider _time;
    private readonly ClusterConfigurationMetrics _metrics;
    private readonly ILogger _log;
    private readonly UniqueAddress _node;
    private readonly IActorRef _replicator;
    private bool _isBusy;

    public ConfigurationAuthorityActor(SealedRegister register, ClusterConfigurationMetrics metrics, TimeProvider time, ILoggerFactory loggers)
    {
        _register = register;
        _metrics = metrics;
        _nodes = new ClusterNodes(Context.System);
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Cluster);
        _node = Akka.Cluster.Cluster.Get(Context.System).SelfUniqueAddress;
        _replicator = DistributedData.Get(Context.System).Replicator;
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case PushConfiguration when _isBusy:
                Sender.Tell(new ConfigurationPushed { Outcome = PushOutcome.Busy, Problems = [new(_nodes.Self, "another configuration is being put to the nodes; try again when that is done")] });
                break;
            case PushConfiguration push:
                _isBusy = true;
                IActorRef asker = Sender;
                PushAsync(push).PipeTo(Self, success: pushed => new Done(asker, pushed), failure: cause => new Done(asker, Failed(cause)));
                break;
            case Done done:
                _isBusy = false;
                _metrics.Pushed(done.Pushed.Outcome);
                done.Asker.Tell(done.Pushed);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private ConfigurationPushed Failed(Exception cause)
    {
        _log.GenerationNotPrepared(cause);
        return Refused(ConfigurationGeneration.None, [new(_nodes.Self, cause.Message)]);
    }

    private async Task<ConfigurationPushed> PushAsync(PushConfiguration push)
    {
        if (await ReadAsync() is not { } now)
            return Refused(ConfigurationGeneration.None, [new(_nodes.Self, "most nodes do not say which generation they have; look at 'actors443 cluster' and try again")]);
        ConfigurationGeneration wanted = ConfigurationGeneration.Unpack(push.Packed);
        if (push.Replaces is { } replaces && replaces != now.Number)
            return Answer(PushOutcome.Superseded, now) with { Problems = [new(_nodes.Self, $"generation {now.Number} of {now.By} is the cluster's, and not {replaces}; look whether the change is still right")] };
        // Nodes that lag, or could not put it in force, are told of none the less.
        if (now.Number > 0 && wanted.Fingerprint == now.Fingerprint)
            return await InForceAsync(Answer(PushOutcome.Unchanged, now));
        IReadOnlyList<NodeProblem> problems = await PrepareAsync(push.Packed);
        if (problems.Count > 0)
        {
            foreach (NodeProblem problem in problems)
                _log.GenerationRefused(wanted.By, problem.Node, problem.Text);
            return Refused(now, problems);
        }

        ConfigurationGeneration next = wanted with { Number = now.Number + 1, At = _time.GetUtcNow() };
        if (await WriteAsync(next) is { } notWritten)
            return Refused(now, [new(_nodes.Self, notWritten)]);
        _log.GenerationDecided(next.Number, next.Fingerprint, next.By);
        ConfigurationPushed applied = await InForceAsync(Answer(PushOutcome.Applied, next));
        return applied.Problems.Any(each => each.HasFailed) ? await TakeBackAsync(now, next, applied) : applied;
    }

    // A node has said that it could, and then could not: a disk that is full, a file that has gone since.
    private async Task<ConfigurationPushed> TakeBackAsync(ConfigurationGeneration former, ConfigurationGeneration failed, ConfigurationPushed applied)
    {
        NodeProblem[] problems = [.. applied.Problems.Where(problem => problem.HasFailed)];
        foreach (NodeProblem problem in problems)
            _log.GenerationTakenBack(failed.Number, problem.Node, problem.Text);
        ConfigurationGeneration back = former with { Number = failed.Number + 1, At = _time.GetUtcNow(), By = former.Number == 0 ? "each node's own files" : former.By };
        if (await WriteAsync(back) is { } notWritten)
            return applied with { Problems = [.. problems, new(_nodes.Self, notWritten)] };
        ConfigurationPushed taken = await InForceAsync(Refused(back, problems));
        return taken with { Problems = [.. problems, .. taken.Problems] };
    }

    // Everybody has to say yes: whoever cannot be asked cannot.
    private async Task<IReadOnlyList<NodeProblem>> PrepareAsync(byte[] packed)
    {
        // Whoever leaves has no say, and is not waited for.
        Member[] members = [.. _nodes.Staying];
        NodeProblem[] unreachable = [.. members.Where(member => !_nodes.IsReachable(member)).Select(member => new NodeProblem(ClusterNodes.NameOf(member.Address), "cannot be reached; try again when it is back, or removed"))];
        if (unreachable.Length > 0)
            return unreachable;
        HashSet<string> names = [.. members.Select(member => ClusterNodes.NameOf(member.Address))];
        using var lost = new CancellationTokenSource();
        Task<IReadOnlyList<NodeAnswer<ConfigurationPrepared>>> asked = _nodes.AskAllAsync<ConfigurationPrepared>(ConfigurationNodeActor.Name, new PrepareConfiguration(packed), PrepareWithin, names.Contains, lost.Token);
        while (await Task.WhenAny(asked, Task.Delay(LookAtNodes, _time)) != asked && LostOf(names).Count == 0)
        {
            // They read their files.
        }

        if (LostOf(names) is { Count: > 0 } gone)
        {
            await lost.CancelAsync();
            return gone;
        }

        IReadOnlyList<NodeAnswer<ConfigurationPrepared>> answers = await asked;
        NodeProblem[] problems =
        [
            .. answers.SelectMany(answer => answer.Answer is { } prepared
                ? prepared.Problems.Select(problem => new NodeProblem(answer.Node, problem))
                : [new(answer.Node, $"has not said within {PrepareWithin.TotalSeconds:0} s whether it could; it may have died, or be of a version that does not know")]),
        ];
        // Who has joined meanwhile asks for it before it is ready.
        return problems;
    }

    // Whoever cannot be reached any more may not hear of a decision in time, whatever it has said.
    private List<NodeProblem> LostOf(IEnumerable<string> names) =>
        [.. names.Except(_nodes.Members.Where(_nodes.IsReachable).Select(member => ClusterNodes.NameOf(member.Address))).Select(name => new NodeProblem(name, "cannot be reached any more; try again when it is back, or removed"))];

    private async Task<ConfigurationPushed> InForceAsync(ConfigurationPushed pushed)
    {
        HashSet<string> names = [.. _nodes.Staying.Select(member => ClusterNodes.NameOf(member.Address))];
        IReadOnlyList<NodeAnswer<GenerationInForce>> answers = await _nodes.AskAllAsync<GenerationInForce>(ConfigurationNodeActor.Name, new AwaitGeneration(pushed.Generation), InForceWithin, names.Contains);
        return pushed with
        {
            Nodes = [.. answers.Where(answer => answer.Answer is { Problem: null }).Select(answer => answer.Node)],
            Problems = [.. answers.Where(answer => answer.Answer is not { Problem: null }).Select(answer => answer.Answer?.Problem is { } failure
                ? new NodeProblem(answer.Node, failure, true)
                : new NodeProblem(answer.Node, "has not put it in force yet; it does when it can be reached"))],
        };
    }

    private async Task<ConfigurationGeneration?> ReadAsync() =>
        await _replicator.Ask<object>(Dsl.Get(_register.Key, new ReadMajority(AgreeWithin)), AgreeWithin + AgreeWithin) switch
        {
            GetSuccess found when _register.Read(found.Get(_register.Key)) is { } plain => ConfigurationGeneration.Unpack(plain),
            NotFound => ConfigurationGeneration.None,
            _ => null,
        };

    // Null: written. It may have come to some nodes though most have not said so; then it is the cluster's as soon as they hear of it, and must not be taken back.
    private async Task<string?> WriteAsync(ConfigurationGeneration next)
    {
        byte[] packed = next.Pack();
        if (packed.Length > ConfigurationGeneration.LargestPacked)
            return $"the files have {packed.Length / 1024} KiB, compressed; {ConfigurationGeneration.LargestPacked / 1024} KiB are the most that nodes send each other";
        object answer = await _replicator.Ask<object>(Dsl.Update(_register.Key, SealedRegister.Empty(_node), new WriteMajority(AgreeWithin), _register.Write(_node, next.Number, packed)), AgreeWithin + AgreeWithin);
        switch (answer)
        {
            case ModifyFailure failure:
                return failure.Cause.Message;
            case UpdateTimeout:
                _log.NotAgreed(_register.Purpose, "most nodes do not answer; they hear of it when they can be reached");
                return null;
            default:
                return null;
        }
    }

    private static ConfigurationPushed Refused(ConfigurationGeneration now, IReadOnlyList<NodeProblem> problems) => Answer(PushOutcome.Refused, now) with { Problems = problems };

    private static ConfigurationPushed Answer(PushOutcome outcome, ConfigurationGeneration generation) => new() { Outcome = outcome, Generation = generation.Number, By = generation.By };

    private sealed record Done(IActorRef Asker, ConfigurationPushed Pushed) : INoSerializationVerificationNeeded;
}
