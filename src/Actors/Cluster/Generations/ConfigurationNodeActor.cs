using Actors443.Telemetry;
using Akka.Actor;
using Akka.DistributedData;

namespace Actors443.Cluster.Generations;

/// <summary>
/// <c>/user/actors443/cluster/configuration</c>: has this node serve by the configuration of the cluster. It says whether a new one could be put in force here, puts in force what was decided,
/// keeps it on disk, and asks most nodes for it when it joins. Until it serves by what the cluster has, the node is not ready.
/// </summary>
internal sealed class ConfigurationNodeActor : UntypedActor, IWithTimers
{
    public const string Name = "configuration";

    private static readonly TimeSpan AgreeWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TryAgain = TimeSpan.FromSeconds(5);

    private readonly ClusterConfiguration _published;
    private readonly SealedRegister _register;
    private readonly GenerationFile _file;
    private readonly ILogger _log;
    private readonly Akka.Cluster.Cluster _cluster;
    private readonly IActorRef _replicator;
    private readonly IActorRef _authority;
    private readonly List<(IActorRef Asker, long Number)> _waiting = [];
    private ConfigurationGeneration _wanted = ConfigurationGeneration.None;
    private bool _isApplying;
    // What most nodes have is known.
    private bool _isAsked;

    public ConfigurationNodeActor(ClusterConfiguration published, SealedRegister register, string stateDirectory, IActorRef authority, ILoggerFactory loggers)
    {
        _published = published;
        _register = register;
        _file = new GenerationFile(stateDirectory);
        _authority = authority;
        _log = loggers.CreateLogger(LogCategories.Cluster);
        _cluster = Akka.Cluster.Cluster.Get(Context.System);
        _replicator = DistributedData.Get(Context.System).Replicator;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart()
    {
        if (!_published.TakesPart)
            return;
        try
        {
            _wanted = _file.Read() ?? ConfigurationGeneration.None;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            _log.GenerationNotRead(_file.Path, cause.Message);
        }

        _replicator.Tell(Dsl.Subscribe(_register.Key, Self));
        IActorRef self = Self;
        _cluster.RegisterOnMemberUp(() => self.Tell(Look.AtMost, ActorRefs.NoSender));
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case PushConfiguration:
                _authority.Forward(message);
                break;
            case PrepareConfiguration prepare:
                PrepareAsync(prepare).PipeTo(Sender, Self);
                break;
            case AwaitGeneration awaited:
                _waiting.Add((Sender, awaited.Number));
                _replicator.Tell(FlushChanges.Instance);
                Answer();
                break;
            case Changed changed:
                Learn(changed.Get(_register.Key));
                break;
            case Look.AtMost:
                _replicator.Tell(Dsl.Get(_register.Key, new ReadMajority(AgreeWithin)));
                break;
            case GetSuccess found:
                Known(found.Get(_register.Key));
                break;
            case NotFound or DataDeleted:
                Known(SealedRegister.Empty(_cluster.SelfUniqueAddress));
                break;
            case GetFailure:
                Timers.StartSingleTimer(nameof(Look.AtMost), Look.AtMost, AskAgain);
                break;
            case Look.AtWanted:
                Apply();
                break;
            case Applied applied:
                OnApplied(applied);
                break;
            case IUpdateResponse:
                // Gossip tells those that could not be reached.
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private async Task<ConfigurationPrepared> PrepareAsync(PrepareConfiguration prepare)
    {
        if (!_published.TakesPart)
            return new ConfigurationPrepared(["this node is embedded in a host, and has its settings from that"]);
        try
        {
            IConfigurationHost host = await _published.Host;
            ConfigurationGeneration generation = ConfigurationGeneration.Unpack(prepare.Packed);
            IReadOnlyList<string> problems = await host.PrepareAsync(generation, CancellationToken.None);
            if (problems.Count == 0)
                _log.GenerationPossible(generation.By);
            return new ConfigurationPrepared(problems);
        }
        catch (Exception cause)
        {
            // Whatever it is, it is the answer: this node cannot.
            _log.GenerationNotPrepared(cause);
            return new ConfigurationPrepared([cause.Message]);
        }
    }

    private void Known(LWWRegister<string> register)
    {
        _isAsked = true;
        // Of a cluster whose nodes were all down, whoever has kept the latest has it.
        if (_wanted.Number > register.Timestamp)
            _replicator.Tell(Dsl.Update(_register.Key, SealedRegister.Empty(_cluster.SelfUniqueAddress), new WriteMajority(AgreeWithin), _register.Write(_cluster.SelfUniqueAddress, _wanted.Number, _wanted.Pack())));
        Learn(register);
        Apply();
    }

    private void Learn(LWWRegister<string> register)
    {
        if (register.Timestamp < _wanted.Number || register.Timestamp == 0)
            return;
        if (_register.Read(register) is not { } plain)
        {
            _log.CannotOpen(_register.Purpose, register.Timestamp);
            return;
        }

        try
        {
            _wanted = ConfigurationGeneration.Unpack(plain);
        }
        catch (InvalidDataException cause)
        {
            _log.GenerationNotRead($"generation {register.Timestamp}", cause.Message);
            return;
        }

        Apply();
    }

    private void Apply()
    {
        if (_isApplying)
            return;
        if (IsInForce)
        {
            Serve(_published.State.InForce);
            return;
        }

        _isApplying = true;
        PutInForceAsync(_wanted).PipeTo(Self);
    }

    // What most nodes have must be known before clients come.
    private void Serve(ConfigurationGeneration generation) => Publish(_isAsked ? new GenerationState(generation, null, true) : _published.State with { InForce = generation });

    private bool IsInForce => _published.State.InForce is { } now && now.Number == _wanted.Number && now.Fingerprint == _wanted.Fingerprint;

    private async Task<Applied> PutInForceAsync(ConfigurationGeneration generation)
    {
        try
        {
            IConfigurationHost host = await _published.Host;
            return new Applied(generation, await host.PutInForceAsync(generation));
        }
        catch (Exception cause)
        {
            _log.GenerationNotPrepared(cause);
            return new Applied(generation, [cause.Message]);
        }
    }

    private void OnApplied(Applied applied)
    {
        _isApplying = false;
        ConfigurationGeneration generation = applied.Generation;
        if (applied.Problems.Count > 0)
        {
            string problem = string.Join("; ", applied.Problems);
            _log.GenerationNotInForce(generation.Number, problem);
            Publish(_published.State with { Problem = $"generation {generation.Number} cannot be put in force: {problem}" });
            Timers.StartSingleTimer(nameof(Look.AtWanted), Look.AtWanted, TryAgain);
            return;
        }

        Keep(generation);
        _log.GenerationInForce(generation.Number, generation.Fingerprint, generation.By);
        Serve(generation);
        // Another has been decided meanwhile, perhaps.
        Apply();
    }

    private void Keep(ConfigurationGeneration generation)
    {
        try
        {
            _file.Write(generation);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            _log.CannotKeepGeneration(generation.Number, _file.Path, cause.Message);
        }
    }

    private void Publish(GenerationState state)
    {
        _published.State = state;
        Answer();
    }

    private void Answer()
    {
        (ConfigurationGeneration now, string? problem, _) = _published.State;
        foreach ((IActorRef asker, long number) in _waiting.ToArray())
        {
            bool isThere = now.Number >= number;
            // A problem with a former one says nothing of this.
            if (!isThere && (problem is null || _isApplying || _wanted.Number < number))
                continue;
            asker.Tell(new GenerationInForce(now.Number, isThere ? null : problem), Self);
            _waiting.Remove((asker, number));
        }
    }

    private sealed record Applied(ConfigurationGeneration Generation, IReadOnlyList<string> Problems) : INoSerializationVerificationNeeded;

    private enum Look
    {
        AtMost,
        AtWanted,
    }
}
