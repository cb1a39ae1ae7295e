using System.Net;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Listening;

/// <summary>
/// Binds HTTP/3 to the UDP ports of what its sibling has bound for TCP. That it cannot is no failure of the listener, unless the settings ask for it: it says so, and goes on trying
/// if it may help. When it fails it is restarted and goes on with what it has bound, which knows nothing of it: to bind anew would end the open connections.
/// </summary>
internal sealed class QuicAcceptorActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly ListenerParts _parts;
    private readonly ServerEnvironment _environment;
    private readonly QuicMemory _memory;
    private readonly ILogger _log;

    public QuicAcceptorActor(ListenerParts parts, QuicMemory memory)
    {
        _parts = parts;
        _memory = memory;
        _environment = parts.Environment;
        _log = _environment.Loggers.CreateLogger(LogCategories.Listening);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private bool IsDemanded => _environment.Settings.Https.Http3 == Http3Mode.On;

    protected override void PreRestart(Exception reason, object message) => _log.QuicAcceptorFailed(reason, _parts.Plan.Name);

    protected override void PostRestart(Exception reason)
    {
        if (_memory.Bound is null && _memory.EndPoints.Count > 0)
            Timers.StartSingleTimer(nameof(TryBindAgain), TryBindAgain.Instance, Pause);
    }

    protected override void PostStop() => Close();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case BindQuic bind:
                _memory.EndPoints = bind.EndPoints;
                _memory.Starter = Sender;
                Bind();
                break;
            case TryBindAgain when _memory is { IsUnbound: false, Bound: null }:
                BindAsync().PipeTo(Self);
                break;
            case BindCompleted completed:
                OnBound(completed.Listener);
                break;
            case BindFailed failed:
                OnFailed(failed);
                break;
            case Unbind:
                Close();
                Sender.Tell(Unbound.Instance);
                break;
            case Release:
                ReleaseAsync(_memory.Bound).PipeTo(Sender, Self);
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    // The packets of connections that live on in the process before would come here.
    private void Bind()
    {
        if (_environment.Predecessor.Gone.IsCompleted)
        {
            BindAsync().PipeTo(Self);
            return;
        }

        _log.QuicWaits(_parts.Plan.Name);
        Answer(new QuicBound([]));
        _environment.Predecessor.Gone.ContinueWith(_ => TryBindAgain.Instance, TaskScheduler.Default).PipeTo(Self);
    }

    private static async Task<Released> ReleaseAsync(IEngineListener? bound)
    {
        if (bound is not null)
            await bound.DisposeAsync();
        return Released.Instance;
    }

    private async Task<object> BindAsync()
    {
        try
        {
            return new BindCompleted(await _environment.Http3.ListenAsync(_parts.RequestAt(_memory.EndPoints), CancellationToken.None), null);
        }
        catch (Exception cause)
        {
            return new BindFailed(cause);
        }
    }

    private void OnBound(IEngineListener bound)
    {
        _memory.Bound = bound;
        _log.QuicListening(_parts.Plan.Name, string.Join(", ", bound.EndPoints));
        Answer(new QuicBound(bound.EndPoints));
        if (_memory.IsUnbound)
            Close();
        else
            _environment.Http3Offer.Publish(_environment.Settings.Https.PublicPort ?? bound.EndPoints[0].Port);
    }

    private void OnFailed(BindFailed failed)
    {
        if (_memory.Starter is not null && IsDemanded)
        {
            Answer(failed);
            return;
        }

        Answer(new QuicBound([]));
        if (failed.Cause is PlatformNotSupportedException)
        {
            _log.NoQuic(_parts.Plan.Name, failed.Cause.Message);
            return;
        }

        _log.QuicNotBound(_parts.Plan.Name, failed.Cause.Message, Pause);
        Timers.StartSingleTimer(nameof(TryBindAgain), TryBindAgain.Instance, Pause);
    }

    private void Answer(object answer)
    {
        _memory.Starter?.Tell(answer);
        _memory.Starter = null;
    }

    private void Close()
    {
        _memory.IsUnbound = true;
        if (_memory.Bound is not { } bound)
            return;
        _environment.Http3Offer.Withdraw();
        bound.UnbindAsync();
    }
}

/// <summary>What the part of a listener for HTTP/3 must know after a restart. Touched by its actor alone.</summary>
internal sealed class QuicMemory
{
    /// <summary>What is to be bound; empty: nobody has said.</summary>
    public IReadOnlyList<IPEndPoint> EndPoints { get; set; } = [];

    /// <summary>Who waits to hear how the first try went.</summary>
    public IActorRef? Starter { get; set; }

    public IEngineListener? Bound { get; set; }

    /// <summary>It is to accept no more.</summary>
    public bool IsUnbound { get; set; }
}
