using Actors443.Configuration;
using Actors443.Dns.Cache;
using Actors443.Dns.Local;
using Actors443.Dns.Upstreams;
using Actors443.Engine;
using Actors443.Telemetry;
using Akka.Actor;
using Akka.Event;

namespace Actors443.Dns;

/// <summary>
/// Makes what the settings ask for (cache, upstreams, an actor for each part of the names), publishes it to the resolver, and looks after upstreams that are down. Other
/// settings make all of it anew; the same ones nothing.
/// </summary>
internal sealed class DnsSupervisor : UntypedActor, IWithTimers
{
    private static readonly int Parts = Math.Clamp(Environment.ProcessorCount, 1, 16);

    private readonly DnsResolver _resolver;
    private readonly DnsMetrics _metrics;
    private readonly MonotonicClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private DnsRuntime _runtime;
    private int _generation;
    private bool _isProbing;
    private bool _isReading;
    private string _stamp = "";

    public DnsSupervisor(Func<DnsSettings> settings, DnsResolver resolver, DnsMetrics metrics, MonotonicClock clock, TimeProvider time, ILoggerFactory loggers)
    {
        _resolver = resolver;
        _metrics = metrics;
        _clock = clock;
        _time = time;
        _log = loggers.CreateLogger(LogCategories.Dns);
        _runtime = Make(settings());
        resolver.Publish(_runtime);
    }

    public ITimerScheduler Timers { get; set; } = null!;

    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Restart);

    protected override void PreStart() => StartTimer();

    protected override void PostStop() => _runtime.Upstreams.Dispose();

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ApplyDnsSettings apply when !apply.Settings.Equals(_runtime.Settings):
                Replace(apply.Settings);
                break;
            case ApplyDnsSettings:
                break;
            case LookAfter:
                LookAfterUpstreams();
                break;
            case FilesRead read:
                OnFilesRead(read);
                break;
            case Probed:
                _isProbing = false;
                break;
            default:
                Unhandled(message);
                break;
        }
    }

    private void Replace(DnsSettings settings)
    {
        DnsRuntime former = _runtime;
        IActorRef[] lookups = [.. Context.GetChildren()];
        _runtime = Make(settings);
        _resolver.Publish(_runtime);
        // Those who wait for them ask again, of the new ones.
        foreach (IActorRef lookup in lookups)
            Context.Stop(lookup);
        former.Upstreams.Dispose();
        StartTimer();
        _log.ResolverReady(string.Join(", ", _runtime.Upstreams.Upstreams.Select(upstream => upstream.Name)), string.Join(", ", settings.Allow));
    }

    private DnsRuntime Make(DnsSettings settings)
    {
        _generation++;
        _stamp = DnsLocalFiles.StampOf(settings);
        // At once: a name that is to be blocked is not to be found meanwhile.
        FilesRead files = ReadFiles(settings);
        DnsLocalData local = Use(files) ?? DnsLocalData.None;
        UpstreamGroup upstreams = UpstreamFactory.Make(settings, _metrics, _log, _time);
        var cache = new DnsCache(settings.Cache.Size, Parts);
        DnsCacheSettings kept = settings.Cache;
        var limits = new DnsLookupLimits(
            Math.Max(1, settings.MaximumInFlight / Parts),
            new DnsTimesToLive(Seconds(kept.MinimumTtl), Seconds(kept.MaximumTtl), Seconds(kept.MaximumNegativeTtl)),
            Seconds(kept.FailureTtl),
            (long)(kept.Stale?.TotalMilliseconds ?? -1),
            kept.StaleAfter,
            kept.SharedWithin);
        IActorRef[] lookups =
        [
            .. cache.Parts.Select((part, number) => Context.ActorOf(
                Props.Create<DnsLookupActor>(cache, part, upstreams, limits, _resolver, _clock, _time, _log), $"lookup-{_generation}-{number}")),
        ];
        return new DnsRuntime(settings, cache, lookups, upstreams, new DnsClients(settings), local);
    }

    private void StartTimer() => Timers.StartPeriodicTimer(nameof(LookAfter), LookAfter.Instance, _runtime.Settings.ProbeInterval);

    private void LookAfterUpstreams()
    {
        _runtime.Upstreams.CloseIdle();
        _runtime.Clients.Trim(_clock.NowMs);
        string stamp = DnsLocalFiles.StampOf(_runtime.Settings);
        if (stamp != _stamp && !_isReading)
        {
            _isReading = true;
            _stamp = stamp;
            DnsSettings settings = _runtime.Settings;
            Task.Run(() => ReadFiles(settings)).PipeTo(Self);
        }

        if (_isProbing || !_runtime.Upstreams.Upstreams.Any(upstream => upstream.IsDown))
            return;
        _isProbing = true;
        ProbeAsync(_runtime.Upstreams).PipeTo(Self);
    }

    private static FilesRead ReadFiles(DnsSettings settings)
    {
        var problems = new List<string>();
        try
        {
            return new FilesRead(settings, DnsLocalFiles.Read(settings, problems), problems, null);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return new FilesRead(settings, null, problems, cause.Message);
        }
    }

    private void OnFilesRead(FilesRead read)
    {
        _isReading = false;
        if (ReferenceEquals(read.Settings, _runtime.Settings) && Use(read) is { } local)
            _runtime.Local = local;
    }

    private DnsLocalData? Use(FilesRead read)
    {
        foreach (string problem in read.Problems)
            _log.DnsFileProblem(problem);
        if (read.Failure is { } failure)
            _log.DnsFilesFailed(failure);
        else if (!read.Local!.IsEmpty)
            _log.DnsFilesRead(read.Local.Names, read.Local.Blocked);
        return read.Local;
    }

    private static async Task<Probed> ProbeAsync(UpstreamGroup upstreams)
    {
        await upstreams.ProbeAsync(CancellationToken.None);
        return new Probed();
    }

    private static uint Seconds(TimeSpan span) => (uint)Math.Min(span.TotalSeconds, int.MaxValue);

    private sealed record LookAfter : INoSerializationVerificationNeeded, IDeadLetterSuppression
    {
        public static LookAfter Instance { get; } = new();
    }

    private sealed record FilesRead(DnsSettings Settings, DnsLocalData? Local, IReadOnlyList<string> Problems, string? Failure) : INoSerializationVerificationNeeded, IDeadLetterSuppression;

    private sealed record Probed : INoSerializationVerificationNeeded, IDeadLetterSuppression;
}
