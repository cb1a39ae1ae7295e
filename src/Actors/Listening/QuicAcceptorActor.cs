using System.Net;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Supervision;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Listening;

/// <summary>
/// Binds HTTP/3 to the UDP ports of what its sibling has bound for TCP. That it cannot is no failure of the listener, unless the settings ask for it: it says so, and goes on trying
/// if it may help.
/// </summary>
internal sealed class QuicAcceptorActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(30);

    private readonly ListenerParts _parts;
    private readonly ServerEnvironment _environment;
    private readonly ILogger _log;
    private IReadOnlyList<IPEndPoint> _endPoints = [];
    private IActorRef? _starter;
    private IEngineListener? _bound;
    private bool _unbound;

    public QuicAcceptorActor(ListenerParts parts)
    {
        _parts = parts;
        _environment = parts.Environment;
        _log = _environment.Loggers.CreateLogger(LogCategories.Listening);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    private bool IsDemanded => _environment.Settings.Https.Http3 == Http3Mode.On;

    protected override void PostStop() => Close();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case BindQuic bind:
                _endPoints = bind.EndPoints;
                _starter = Sender;
                BindAsync().PipeTo(Self);
                break;
            case TryBindAgain when !_unbound:
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
                ReleaseAsync(_bound).PipeTo(Sender, Self);
                break;
            default:
                Unhandled(message);
                break;
        }
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
            return new BindCompleted(await _environment.Http3.ListenAsync(_parts.RequestAt(_endPoints), CancellationToken.None), null);
        }
        catch (Exception cause)
        {
            return new BindFailed(cause);
        }
    }

    private void OnBound(IEngineListener bound)
    {
        _bound = bound;
        _log.QuicListening(_parts.Plan.Name, string.Join(", ", bound.EndPoints));
        Answer(new QuicBound(bound.EndPoints));
        if (_unbound)
            Close();
        else
            _environment.Http3Offer.Publish(_environment.Settings.Https.PublicPort ?? bound.EndPoints[0].Port);
    }

    private void OnFailed(BindFailed failed)
    {
        if (_starter is not null && IsDemanded)
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
        _starter?.Tell(answer);
        _starter = null;
    }

    private void Close()
    {
        _unbound = true;
        if (_bound is null)
            return;
        _environment.Http3Offer.Withdraw();
        _bound.UnbindAsync();
    }
}
