using Actors443.Certificates.Canary;
using Actors443.Configuration;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Tls;

/// <summary>To the actor: settings for new handshakes. Answers <see cref="TlsSettingsApplied"/>.</summary>
internal sealed record ApplyTlsSettings(Actors443Settings Settings);

/// <param name="Problem">Why nothing was changed; null: it was.</param>
internal sealed record TlsSettingsApplied(string? Problem);

/// <summary>To the actor: look how the trial of another policy goes. From its timer, and after each handshake that failed under it.</summary>
internal sealed record CheckPolicyTrial
{
    public static CheckPolicyTrial Instance { get; } = new();
}

/// <summary>
/// Applies changes of the TLS policy (<c>https.tls</c>, <c>https.strict-sni</c>): at once, or, with <c>certificates.canary</c>, to a share of the clients first, and takes them back
/// if more of their handshakes fail than of all others. What is in force is in the <see cref="TlsFrontEnd"/> and outlives this actor.
/// </summary>
internal sealed class TlsPolicyActor : UntypedActor, IWithTimers
{
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(10);

    private readonly Func<Actors443Settings> _settings;
    private readonly TlsFrontEnd _frontEnd;
    private readonly ConnectionMetrics _metrics;
    private readonly ILogger _log;
    private readonly TimeProvider _time;
    private Policy _stable;
    private Policy? _refused;
    private TlsPolicyTrial? _trial;
    private long _trials;

    /// <param name="settings">Those in force, asked for at every start.</param>
    /// <param name="frontEnd">Where they go.</param>
    /// <param name="metrics">Counts how trials end.</param>
    /// <param name="loggers">Make the log.</param>
    /// <param name="time">How long a trial lasts.</param>
    public TlsPolicyActor(Func<Actors443Settings> settings, TlsFrontEnd frontEnd, ConnectionMetrics metrics, ILoggerFactory loggers, TimeProvider time)
    {
        _settings = settings;
        _frontEnd = frontEnd;
        _metrics = metrics;
        _log = loggers.CreateLogger(LogCategories.Connections);
        _time = time;
        // After a restart: what was rolled back stays so.
        _stable = Policy.Of(frontEnd.Settings);
        _refused = frontEnd.PolicyCanary is { State: CanaryState.RolledBack } ? Policy.Of(settings().Https) : null;
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override void PreStart() => Timers.StartPeriodicTimer(nameof(CheckPolicyTrial), CheckPolicyTrial.Instance, BetweenLooks);

    // What was on trial when it failed is seen by all: the settings want it, and nobody counts any more.
    protected override void PostRestart(Exception reason)
    {
        base.PostRestart(reason);
        _log.TlsPolicyActorFailed(reason);
        if (_frontEnd.PolicyCanary is { State: CanaryState.Trying })
        {
            _frontEnd.PolicyCanary = null;
            _frontEnd.Apply(_settings().Https, _settings().Certificates.TicketKeys);
            _stable = Policy.Of(_frontEnd.Settings);
        }
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ApplyTlsSettings apply:
                Sender.Tell(new TlsSettingsApplied(TryApply(apply.Settings)));
                break;
            case CheckPolicyTrial:
                Check();
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private string? TryApply(Actors443Settings settings)
    {
        try
        {
            Apply(settings);
            return null;
        }
        catch (ClientCaException problem)
        {
            return problem.Message;
        }
    }

    private void Apply(Actors443Settings settings)
    {
        HttpsSettings https = settings.Https;
        Policy wanted = Policy.Of(https);
        if (wanted == _stable || settings.Certificates.Canary.Share is not { } share)
        {
            _frontEnd.Apply(https, settings.Certificates.TicketKeys);
            _stable = wanted;
            Forget();
            return;
        }

        if (wanted == _refused)
        {
            _frontEnd.Apply(_stable.In(https), settings.Certificates.TicketKeys);
            return;
        }

        IReadOnlyList<string> what = wanted.Beside(_stable);
        bool goesOn = _trial is not null && _trial.What.SequenceEqual(what);
        IActorRef self = Self;
        TlsPolicyTrial trial = goesOn
            ? _trial!
            : new TlsPolicyTrial(what, new CanaryShare(share, ++_trials), _time.GetUtcNow(), () => self.Tell(CheckPolicyTrial.Instance, ActorRefs.NoSender));
        _frontEnd.Try(_stable.In(https), https, settings.Certificates.TicketKeys, trial);
        _trial = trial;
        _refused = null;
        _frontEnd.PolicyCanary = trial.Status(CanaryState.Trying);
        if (!goesOn)
            _log.TlsPolicyTried(string.Join(", ", what), share);
    }

    private void Check()
    {
        if (_trial is not { } trial)
            return;
        Actors443Settings settings = _settings();
        switch (CanaryRule.Judge(trial.Counts, _time.GetUtcNow() - trial.Since, settings.Certificates.Canary))
        {
            case CanaryVerdict.RollBack:
                _frontEnd.Apply(_stable.In(settings.Https), settings.Certificates.TicketKeys);
                _refused = Policy.Of(settings.Https);
                End(trial, CanaryState.RolledBack);
                _log.TlsPolicyRolledBack(string.Join(", ", trial.What), _frontEnd.PolicyCanary!.ToString());
                break;
            case CanaryVerdict.Promote:
                _frontEnd.Apply(settings.Https, settings.Certificates.TicketKeys);
                _stable = Policy.Of(settings.Https);
                End(trial, CanaryState.Promoted);
                _log.TlsPolicyPromoted(string.Join(", ", trial.What), _frontEnd.PolicyCanary!.ToString());
                break;
            default:
                _frontEnd.PolicyCanary = trial.Status(CanaryState.Trying);
                break;
        }
    }

    private void End(TlsPolicyTrial trial, CanaryState state)
    {
        _trial = null;
        _frontEnd.PolicyCanary = trial.Status(state);
        _metrics.PolicyCanaryEnded(state == CanaryState.Promoted);
    }

    private void Forget()
    {
        _trial = null;
        _refused = null;
        if (_frontEnd.PolicyCanary is { State: not CanaryState.Promoted })
            _frontEnd.PolicyCanary = null;
    }

    /// <summary>What decides whom we shake hands with.</summary>
    private sealed record Policy(TlsPolicyName Tls, bool StrictSni)
    {
        public static Policy Of(HttpsSettings https) => new(https.Tls, https.StrictSni);

        public HttpsSettings In(HttpsSettings https) => https with { Tls = Tls, StrictSni = StrictSni };

        /// <summary>What is different, as it is written in the settings.</summary>
        public IReadOnlyList<string> Beside(Policy other) =>
        [
            .. Tls == other.Tls ? [] : new[] { $"https.tls = {Tls.ToString().ToLowerInvariant()}" },
            .. StrictSni == other.StrictSni ? [] : new[] { $"https.strict-sni = {(StrictSni ? "on" : "off")}" },
        ];
    }
}
