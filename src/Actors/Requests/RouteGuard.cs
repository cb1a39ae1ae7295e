using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Telemetry;

namespace Actors443.Requests;

/// <summary>Why a route takes nobody now.</summary>
internal enum RouteRefusal
{
    None,
    Quarantined,
    TooMany,
    OverRouteMemory,
}

/// <summary>What has entered a route, to be given back by <see cref="RouteGuard.Leave"/>.</summary>
internal readonly record struct RouteEntry(bool IsCanary, bool IsCounted, long Bytes);

/// <summary>
/// Stands before one route: counts its failures, and keeps everybody out when there were too many, but for canaries, one at a time. Thread-safe; without a lock while the route is
/// open and nothing fails.
/// <code>
/// Open → Quarantined → (after the back-off) a canary → Open
///             ↑____________fails, twice the back-off_|
/// </code>
/// </summary>
internal sealed class RouteGuard(string route, RouteGuards guards, RouteSupervisionSettings? inCode, MonotonicClock clock, ILogger log)
{
    private readonly Lock _change = new();
    private readonly Queue<long> _failures = new();
    private volatile Resolved? _resolved;
    private volatile bool _isQuarantined;
    private bool _canaryIsOut;
    private int _canariesPassed;
    private TimeSpan _backOff;
    private long _retryAtMs;
    private int _atOnce;
    private long _bytes;

    public string Route => route;

    public bool IsQuarantined => _isQuarantined;

    /// <summary>In force now.</summary>
    public RouteSupervisionSettings Settings
    {
        get
        {
            if (inCode is not null)
                return inCode;
            RequestSettings now = guards.Settings;
            if (_resolved is { } known && ReferenceEquals(known.From, now))
                return known.Settings;
            var resolved = new Resolved(now, now.Routes.GetValueOrDefault(route) ?? now.Supervision);
            _resolved = resolved;
            return resolved.Settings;
        }
    }

    /// <summary>For the header of a refusal: whole seconds.</summary>
    public int RetryAfter => _isQuarantined ? (int)Math.Clamp((Volatile.Read(ref _retryAtMs) - clock.NowMs + 999) / 1000, 1, int.MaxValue) : 1;

    /// <param name="bytes">Of the body, as far as is known.</param>
    /// <param name="entry">To leave with, if it is not refused.</param>
    public RouteRefusal TryEnter(long bytes, out RouteEntry entry)
    {
        RouteSupervisionSettings settings = Settings;
        entry = default;
        bool counted = settings.AtOnce is not null || settings.RouteMemory is not null;
        if (counted)
        {
            RouteRefusal refusal = Interlocked.Increment(ref _atOnce) > settings.AtOnce ? RouteRefusal.TooMany : RouteRefusal.None;
            if (Interlocked.Add(ref _bytes, bytes) > settings.RouteMemory && refusal == RouteRefusal.None)
                refusal = RouteRefusal.OverRouteMemory;
            if (refusal != RouteRefusal.None)
            {
                Uncount(bytes);
                return refusal;
            }
        }

        bool isCanary = false;
        if (_isQuarantined && !MayPass(settings, out isCanary))
        {
            if (counted)
                Uncount(bytes);
            return RouteRefusal.Quarantined;
        }

        entry = new RouteEntry(isCanary, counted, bytes);
        return RouteRefusal.None;
    }

    /// <summary>More of its body is held; false: more than the route may hold.</summary>
    public bool TryGrow(ref RouteEntry entry, long bytes)
    {
        if (!entry.IsCounted)
            return true;
        entry = entry with { Bytes = entry.Bytes + bytes };
        return !(Interlocked.Add(ref _bytes, bytes) > Settings.RouteMemory);
    }

    /// <param name="entry">As it came.</param>
    /// <param name="outcome">As in metrics.</param>
    public void Leave(in RouteEntry entry, string outcome)
    {
        if (entry.IsCounted)
            Uncount(entry.Bytes);
        bool failed = IsFailure(outcome);
        if (failed)
            guards.CountFailure(route, outcome);
        if (entry.IsCanary)
            OnCanary(outcome, failed);
        else if (failed)
            Count(outcome);
    }

    private static bool IsFailure(string outcome) => outcome is "failed" or "timeout" or "stopped" or "dead_letter" or "over_time" or "over_memory";

    private void Uncount(long bytes)
    {
        Interlocked.Decrement(ref _atOnce);
        Interlocked.Add(ref _bytes, -bytes);
    }

    private bool MayPass(RouteSupervisionSettings settings, out bool isCanary)
    {
        isCanary = false;
        lock (_change)
        {
            if (!_isQuarantined)
                return true;
            if (settings.OnFailure != RouteFailure.Quarantine)
            {
                // The settings have changed.
                Reopen();
                return true;
            }

            if (_canaryIsOut || clock.NowMs < _retryAtMs)
                return false;
            return _canaryIsOut = isCanary = true;
        }
    }

    private void OnCanary(string outcome, bool failed)
    {
        RouteSupervisionSettings settings = Settings;
        lock (_change)
        {
            _canaryIsOut = false;
            if (failed)
            {
                _canariesPassed = 0;
                _backOff = _backOff * 2 < settings.LongestBackOff ? _backOff * 2 : settings.LongestBackOff;
                Volatile.Write(ref _retryAtMs, clock.NowMs + (long)_backOff.TotalMilliseconds);
                log.CanaryFailed(route, outcome, _backOff);
            }
            else if (outcome == "answered" && ++_canariesPassed >= settings.Canaries)
                Reopen();
        }
    }

    private void Count(string reason)
    {
        RouteSupervisionSettings settings = Settings;
        if (settings.OnFailure != RouteFailure.Quarantine)
            return;
        lock (_change)
        {
            // One that entered before.
            if (_isQuarantined)
                return;
            long now = clock.NowMs;
            _failures.Enqueue(now);
            while (_failures.TryPeek(out long oldest) && now - oldest > (long)settings.Within.TotalMilliseconds)
                _failures.Dequeue();
            if (_failures.Count < settings.Failures)
                return;
            _failures.Clear();
            _canariesPassed = 0;
            _backOff = settings.BackOff;
            Volatile.Write(ref _retryAtMs, now + (long)_backOff.TotalMilliseconds);
            _isQuarantined = true;
            log.RouteQuarantined(route, settings.Failures, settings.Within, reason, _backOff);
        }
    }

    private void Reopen()
    {
        _isQuarantined = false;
        _failures.Clear();
        log.RouteReopened(route);
    }

    private sealed record Resolved(RequestSettings From, RouteSupervisionSettings Settings);
}
