using System.Net;
using System.Net.Sockets;
using Actors443.Engine;
using Actors443.ProxyProtocol;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Listening;

/// <summary>
/// Binds the addresses of one listener. When accepting fails the actor fails and is restarted; it then binds again with growing pauses. When it fails
/// otherwise, what it has bound goes on accepting, and knows nothing of it. The connections belong to its siblings, so they do not notice either.
/// </summary>
internal sealed class AcceptorActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    private readonly ListenerParts _parts;
    private readonly ServerEnvironment _environment;
    private readonly ListenerPlan _plan;
    private readonly ListenerMemory _memory;
    private readonly ILogger _log;

    public AcceptorActor(ListenerParts parts, ListenerMemory memory)
    {
        _parts = parts;
        _environment = parts.Environment;
        _plan = parts.Plan;
        _memory = memory;
        _log = _environment.Loggers.CreateLogger(LogCategories.Listening);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreRestart(Exception reason, object message)
    {
        if (reason is not AcceptingEndedException)
        {
            _log.AcceptorFailed(reason, _plan.Name);
            return;
        }

        if (_memory.Bound is not null)
            _memory.Retired.Add(_memory.Bound);
        _memory.Bound?.UnbindAsync();
        _memory.Bound = null;
        _memory.Failures++;
        _environment.Lifecycle.ListenerChanged(_plan.Name, up: false);
        _log.ListenerFailed(reason, _plan.Name, Pause());
    }

    protected override void PostRestart(Exception reason)
    {
        // The timer of the life before has gone with it.
        if (reason is AcceptingEndedException || (_memory is { Bound: null, Starter: null, Failures: > 0 }))
            Timers.StartSingleTimer(nameof(TryBindAgain), TryBindAgain.Instance, Pause());
    }

    protected override void PostStop() => _memory.Bound?.UnbindAsync();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case BindListeners:
                _memory.Starter = Sender;
                BindAsync().PipeTo(Self);
                break;
            case TryBindAgain when _memory is { IsUnbound: false, Bound: null }:
                BindAsync().PipeTo(Self);
                break;
            case BindCompleted completed:
                OnBound(completed);
                break;
            case BindFailed failed when _memory.Bound is null:
                OnBindFailed(failed.Cause);
                break;
            case AcceptingFailed failed when !_memory.IsUnbound:
                throw new AcceptingEndedException($"{_plan.Name} no longer accepts: {failed.Cause.Message}", failed.Cause);
            case Unbind:
                _memory.IsUnbound = true;
                _memory.Bound?.UnbindAsync();
                _log.Unbound(_plan.Name);
                Sender.Tell(Unbound.Instance);
                break;
            case Release:
                ReleaseAsync().PipeTo(Sender, Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private async Task<object> BindAsync()
    {
        IActorRef self = Self;
        IReadOnlyList<IPEndPoint> wanted = _memory.EndPoints ?? _plan.EndPoints;
        ListenRequest request = _parts.RequestAt(wanted) with { OnFault = cause => self.Tell(new AcceptingFailed(cause), ActorRefs.NoSender) };
        if (request.Tls is { } tls)
            request = request with { Tls = tls with { Proxies = TrustedProxies.Of(_environment.Settings.Https.ProxyProtocol.Trust), Router = _environment.Router } };
        try
        {
            return new BindCompleted(await _environment.Engine.ListenAsync(request, CancellationToken.None), null);
        }
        catch (BindException problem) when (problem.Error == SocketError.AccessDenied && _plan.Fallback.Count > 0 && _memory.EndPoints is null)
        {
            try
            {
                return new BindCompleted(await _environment.Engine.ListenAsync(request with { EndPoints = _plan.Fallback }, CancellationToken.None), problem.Message);
            }
            catch (Exception cause)
            {
                return new BindFailed(cause);
            }
        }
        catch (Exception cause)
        {
            return new BindFailed(cause);
        }
    }

    private void OnBound(BindCompleted completed)
    {
        _memory.Bound = completed.Listener;
        _memory.EndPoints = completed.Listener.EndPoints;
        _memory.Failures = 0;
        _environment.Lifecycle.ListenerChanged(_plan.Name, up: true);
        string endPoints = string.Join(", ", completed.Listener.EndPoints);
        if (completed.FallbackProblem is null)
            _log.Listening(_plan.Name, endPoints);
        else
            _log.FellBack(_plan.Name, endPoints, completed.FallbackProblem);
        if (_memory.IsUnbound)
            _memory.Bound.UnbindAsync();
        _memory.Starter?.Tell(new BoundListenerInfo(_plan.Name, _plan.Tls, completed.Listener.EndPoints, completed.FallbackProblem));
        _memory.Starter = null;
    }

    // At start the one who starts decides; later it is tried for as long as it takes.
    private void OnBindFailed(Exception cause)
    {
        if (_memory.Starter is not null)
        {
            _memory.Starter.Tell(new ListenersFailed(cause.Message, cause));
            _memory.Starter = null;
            return;
        }

        _memory.Failures++;
        TimeSpan pause = Pause();
        _log.RebindFailed(_plan.Name, cause.Message, pause);
        Timers.StartSingleTimer(nameof(TryBindAgain), TryBindAgain.Instance, pause);
    }

    private TimeSpan Pause()
    {
        double factor = Math.Pow(2, Math.Clamp(_memory.Failures - 1, 0, 10)) * (0.8 + 0.4 * Random.Shared.NextDouble());
        TimeSpan pause = FirstPause * factor;
        return pause < LongestPause ? pause : LongestPause;
    }

    private async Task<Released> ReleaseAsync()
    {
        foreach (IEngineListener listener in _memory.Retired)
            await listener.DisposeAsync();
        if (_memory.Bound is not null)
            await _memory.Bound.DisposeAsync();
        return Released.Instance;
    }
}

/// <summary>The sockets of a listener are of no use any more.</summary>
internal sealed class AcceptingEndedException(string message, Exception cause) : Exception(message, cause);

/// <summary>What a listener must know after a restart. Touched by the listener actor alone.</summary>
internal sealed class ListenerMemory
{
    /// <summary>Listeners of earlier lives: unbound, with connections perhaps still open.</summary>
    public List<IEngineListener> Retired { get; } = [];

    /// <summary>What was bound: an "any free port" must stay the same port.</summary>
    public IReadOnlyList<IPEndPoint>? EndPoints { get; set; }

    /// <summary>What accepts now.</summary>
    public IEngineListener? Bound { get; set; }

    /// <summary>Who waits to hear how the first bind went.</summary>
    public IActorRef? Starter { get; set; }

    /// <summary>It is to accept no more.</summary>
    public bool IsUnbound { get; set; }

    /// <summary>In a row.</summary>
    public int Failures { get; set; }
}
