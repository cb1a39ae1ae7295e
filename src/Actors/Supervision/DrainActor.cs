using Actors443.Cluster.Nodes;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.Draining;
using Actors443.Listening;
using Actors443.Telemetry;
using Akka;
using Akka.Actor;

namespace Actors443.Supervision;

/// <summary>To the drain actor: show "not ready", wait for balancers to see it. Answers <see cref="Done"/>.</summary>
internal sealed record ShowNotReady
{
    public static ShowNotReady Instance { get; } = new();
}

/// <summary>To the drain actor: no connection is accepted any more. Answers <see cref="Done"/>.</summary>
internal sealed record StopAccepting
{
    public static StopAccepting Instance { get; } = new();
}

/// <summary>To the drain actor: finish what is in flight, then close. Answers <see cref="Done"/>.</summary>
internal sealed record FinishConnections
{
    public static FinishConnections Instance { get; } = new();
}

/// <summary>To the drain actor: free sockets and servers. Answers <see cref="Done"/>.</summary>
internal sealed record ReleaseListeners
{
    public static ReleaseListeners Instance { get; } = new();
}

/// <summary>Stops the server in order. Each step is a task of a phase of Akka's CoordinatedShutdown, whatever has set that off: SIGTERM, the host, <c>Terminate</c>.</summary>
internal sealed class DrainActor : ReceiveActor
{
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(10);

    private readonly ServerEnvironment _environment;
    private readonly IActorRef _listeners;
    private readonly ILogger _log;
    private readonly ClusterNodes? _nodes;

    public DrainActor(ServerEnvironment environment, IActorRef listeners, bool isNode)
    {
        _environment = environment;
        _listeners = listeners;
        _log = environment.Loggers.CreateLogger(LogCategories.Connections);
        _nodes = isNode ? new ClusterNodes(Context.System) : null;
        Receive<ShowNotReady>(_ => ShowNotReadyAsync().PipeTo(Sender, Self));
        Receive<StopAccepting>(_ => StopAcceptingAsync().PipeTo(Sender, Self));
        Receive<FinishConnections>(_ => FinishConnectionsAsync().PipeTo(Sender, Self));
        Receive<ReleaseListeners>(_ => ReleaseAsync().PipeTo(Sender, Self));
    }

    protected override void PreStart()
    {
        CoordinatedShutdown shutdown = CoordinatedShutdown.Get(Context.System);
        AddStep(shutdown, CoordinatedShutdown.PhaseBeforeServiceUnbind, ShowNotReady.Instance);
        AddStep(shutdown, CoordinatedShutdown.PhaseServiceUnbind, StopAccepting.Instance);
        AddStep(shutdown, CoordinatedShutdown.PhaseServiceRequestsDone, FinishConnections.Instance);
        // What the node says to the others while it leaves the cluster goes over connections of the listeners.
        AddStep(shutdown, _environment.Nodes.Systems.IsEmpty ? CoordinatedShutdown.PhaseServiceStop : CoordinatedShutdown.PhaseBeforeActorSystemTerminate, ReleaseListeners.Instance);
    }

    // The steps of the life before ask the same actor.
    protected override void PostRestart(Exception reason)
    {
    }

    private void AddStep(CoordinatedShutdown shutdown, string phase, object step)
    {
        IActorRef self = Self;
        TimeSpan within = _environment.Settings.Drain.Deadline + _environment.Settings.Drain.ReadinessDelay + Margin + Margin;
        shutdown.AddTask(phase, $"{ActorNames.Root}-{step.GetType().Name}", () => self.Ask<Done>(step, within));
    }

    private async Task<Done> ShowNotReadyAsync()
    {
        _environment.Lifecycle.Enter(ServerPhase.Draining);
        TimeSpan delay = _environment.Lifecycle.IsReplaced ? TimeSpan.Zero : _environment.Settings.Drain.ReadinessDelay;
        if (delay > TimeSpan.Zero)
            await Task.Delay(delay, _environment.Time);
        return Done.Instance;
    }

    private async Task<Done> StopAcceptingAsync()
    {
        await _listeners.Ask<Unbound>(Unbind.Instance, Margin);
        return Done.Instance;
    }

    private async Task<Done> FinishConnectionsAsync()
    {
        DrainSettings settings = _environment.Settings.Drain;
        bool isPaced = settings.Rate is not null || await CreditAsync() is not null;
        _log.Draining(_environment.Gate.Connections, settings.Deadline);
        Task<AllDrained> ended = _listeners.Ask<AllDrained>(new DrainListeners(settings.Deadline, isPaced), settings.Deadline + Margin + Margin);
        if (isPaced)
            await new PacedDrain(_environment, _listeners, CreditAsync).LetAllGoAsync();
        AllDrained drained = await ended;
        if (drained.Aborted > 0)
            _log.DrainCutShort(drained.Aborted);
        else
            _log.Drained();
        return Done.Instance;
    }

    // Null: there is nobody else to whom clients could go.
    private Task<long?> CreditAsync() => _nodes is null ? Task.FromResult<long?>(null) : ClusterCredit.AskAsync(_nodes);

    private async Task<Done> ReleaseAsync()
    {
        await _environment.Nodes.EndAllAsync("the node stops");
        await _listeners.Ask<Released>(Release.Instance, Margin);
        _environment.Lifecycle.Enter(ServerPhase.Stopped);
        return Done.Instance;
    }
}
