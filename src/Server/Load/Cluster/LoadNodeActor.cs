using Actors443.Configuration.Hocon;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Settings;
using Akka.Actor;
using Akka.Cluster;
using LoadSettings = Actors443.Server.Load.Settings.LoadSettings;

namespace Actors443.Server.Load.Cluster;

/// <summary>What a load node is told by the one who started it.</summary>
/// <param name="OwnTarget">Abuse may leave loopback from this node: said here, for this machine, and by nobody else.</param>
/// <param name="CreateRun">Drives the clients.</param>
/// <param name="Tell">A line for the person at this node.</param>
internal sealed record LoadNodePlan(bool OwnTarget, Func<string, ILoadRun> CreateRun, Action<string> Tell)
{
    /// <summary>It has done its share, or its coordinator has gone.</summary>
    public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>A load node: reports to its coordinator, and does its share of one run.</summary>
internal sealed class LoadNodeActor : UntypedActor, IDisposable
{
    private readonly LoadNodePlan _plan;
    private readonly string _name;
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly CancellationTokenSource _stop = new();
    private IActorRef? _coordinator;
    private LoadSettings? _share;
    private bool _running;

    public LoadNodeActor(LoadNodePlan plan)
    {
        _plan = plan;
        _name = LoadCluster.NameOf(Context.System);
    }

    /// <summary>By Akka, when it has ended.</summary>
    public void Dispose() => _stop.Dispose();

    protected override void PreStart() => _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent));

    protected override void PostStop()
    {
        _cluster.Unsubscribe(Self);
        _stop.Cancel();
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.MemberUp up when up.Member.HasRole(LoadCluster.CoordinatorRole):
                _plan.Tell($"joined {up.Member.Address.Host}:{up.Member.Address.Port}; waiting for the run to begin");
                Context.ActorSelection(new RootActorPath(up.Member.Address) / "user" / LoadCluster.CoordinatorName).Tell(new NodeReady(_name), Self);
                break;
            case ClusterEvent.MemberRemoved removed when removed.Member.HasRole(LoadCluster.CoordinatorRole):
                Leave("the coordinator has gone");
                break;
            case PrepareShare prepare:
                _coordinator = Sender;
                Context.Watch(Sender);
                Prepare(prepare);
                break;
            case StartShare when _share is not null && !_running:
                Start(_share);
                break;
            case StopShare:
                _stop.Cancel();
                break;
            case Counted counted:
                _coordinator!.Tell(new ShareCounted(counted.Sample));
                break;
            case Finished finished:
                _coordinator!.Tell(new ShareEnded(finished.Problem));
                Leave(finished.Problem ?? "done");
                break;
            case Terminated:
                Leave("the coordinator has gone");
                break;
        }
    }

    private void Prepare(PrepareShare prepare)
    {
        LoadedScenario loaded = LoadSettingsLoader.Load([.. prepare.Texts.Select((text, index) => new HoconText(index == 0 ? "scenario" : "option", text, HasLines: false))]);
        if (loaded.Settings is not { } settings)
        {
            Sender.Tell(new SharePrepared(string.Join("; ", loaded.Problems)));
            return;
        }

        LoadSettings share = LoadShare.Of(settings with { OwnTarget = _plan.OwnTarget, ServerProcess = null }, prepare.Index, prepare.Nodes);
        IActorRef coordinator = Sender;
        ClientTarget.ResolveAsync(share, CancellationToken.None).ContinueWith(
            resolved => new SharePrepared(resolved.Exception?.GetBaseException().Message),
            TaskScheduler.Default).PipeTo(coordinator, Self);
        _share = share;
    }

    private void Start(LoadSettings share)
    {
        _running = true;
        foreach (LoadGroup group in share.Groups)
            _plan.Tell($"{group.Name}: {Output.LoadText.Describe(group)}");
        IActorRef self = Self;
        _ = RunAsync(share, self, _stop.Token).PipeTo(self);
    }

    private async Task<Finished> RunAsync(LoadSettings share, IActorRef self, CancellationToken stop)
    {
        try
        {
            if (share.Groups.Count > 0)
                await _plan.CreateRun(_name).RunAsync(share, sample => self.Tell(new Counted(sample)), stop);
            return new Finished(null);
        }
        catch (Exception cause)
        {
            return new Finished(cause.Message);
        }
    }

    private void Leave(string why)
    {
        _stop.Cancel();
        if (_plan.Ended.TrySetResult())
            _plan.Tell(why);
    }

    private sealed record Counted(Results.IntervalSample Sample) : INoSerializationVerificationNeeded;

    private sealed record Finished(string? Problem) : INoSerializationVerificationNeeded;
}
