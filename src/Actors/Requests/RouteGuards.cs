using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Actors443.Configuration;
using Actors443.Configuration.Reading;
using Actors443.Engine;
using Actors443.Telemetry;

namespace Actors443.Requests;

/// <summary>The guards of all routes to actors, and the settings that are in force for them. Thread-safe.</summary>
internal sealed class RouteGuards
{
    private readonly MonotonicClock _clock;
    private readonly ILogger _log;
    private readonly Counter<long> _failures;
    private readonly ConcurrentBag<RouteGuard> _all = [];
    private volatile RequestSettings _settings;
    private volatile IReadOnlyList<string>? _known;

    public RouteGuards(RequestSettings settings, MonotonicClock clock, IMeterFactory meters, ILoggerFactory loggers)
    {
        _settings = settings;
        _clock = clock;
        _log = loggers.CreateLogger(LogCategories.Requests);
        Meter meter = Actors443Meter.Create(meters);
        _failures = meter.CreateCounter<long>("actors443.actor_routes.failures", "{failure}", "Failures at routes to actors, by route and reason.");
        meter.CreateObservableGauge("actors443.actor_routes.quarantined", () => _all.Select(guard => new Measurement<int>(guard.IsQuarantined ? 1 : 0, new KeyValuePair<string, object?>("http.route", guard.Route))), "{route}", "1: the route to an actor is in quarantine.");
    }

    public RequestSettings Settings => _settings;

    public void Apply(RequestSettings settings)
    {
        _settings = settings;
        if (_known is { } known)
            SayWhichAreForNone(known);
    }

    /// <summary>The application has started, and these are the patterns of its routes to actors: settings for others are said to be for none, now and when they change.</summary>
    public void Know(IEnumerable<string> patterns)
    {
        string[] known = [.. patterns.Concat(_all.Select(guard => guard.Route)).Distinct(StringComparer.Ordinal)];
        _known = known;
        SayWhichAreForNone(known);
    }

    /// <summary>Of one route.</summary>
    /// <param name="route">Its pattern, or the name of its protocol.</param>
    /// <param name="inCode">What the application says; null: the settings do.</param>
    public RouteGuard Create(string route, RouteSupervisionSettings? inCode)
    {
        var guard = new RouteGuard(route, this, inCode, _clock, _log);
        _all.Add(guard);
        return guard;
    }

    private void SayWhichAreForNone(IReadOnlyList<string> known)
    {
        foreach (string pattern in _settings.Routes.Keys.Where(pattern => !known.Contains(pattern)))
        {
            string advice = KeySuggestion.Nearest(pattern, known) is { } near ? $"did you mean '{near}'?" : known.Count == 0 ? "there are none" : $"there are {string.Join(", ", known)}";
            _log.SettingsForNoRoute(pattern, advice);
        }
    }

    public void CountFailure(string route, string reason) => _failures.Add(1, new("http.route", route), new("reason", reason));
}
