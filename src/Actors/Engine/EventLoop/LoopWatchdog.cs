using System.Diagnostics;
using System.Diagnostics.Metrics;
using Actors443.Telemetry;
using Microsoft.AspNetCore.Http;

namespace Actors443.Engine.EventLoop;

/// <summary>Looks from outside whether the loops go round, and says what keeps one that does not.</summary>
internal sealed class LoopWatchdog : IAsyncDisposable
{
    private readonly IReadOnlyList<ConnectionLoop> _loops;
    private readonly TimeSpan _blockedAfter;
    private readonly long[] _reported;
    private readonly Counter<long> _blocked;
    private readonly ILogger _log;
    private readonly ITimer _timer;

    public LoopWatchdog(IReadOnlyList<ConnectionLoop> loops, TimeSpan blockedAfter, IMeterFactory meters, ILoggerFactory loggers, TimeProvider time)
    {
        _loops = loops;
        _blockedAfter = blockedAfter;
        _reported = new long[loops.Count];
        _log = loggers.CreateLogger(LogCategories.Connections);
        Meter meter = Actors443Meter.Create(meters);
        _blocked = meter.CreateCounter<long>("actors443.loop.blocked", "{event}", "Times that a loop was kept from its sockets for longer than event-loop.blocked-after.");
        meter.CreateObservableUpDownCounter(
            "actors443.loop.connections",
            () => loops.Select(loop => new Measurement<int>(loop.Connections, new KeyValuePair<string, object?>("loop", loop.Index))),
            "{connection}",
            "Connections of each loop.");
        TimeSpan look = TimeSpan.FromMilliseconds(Math.Max(5, blockedAfter.TotalMilliseconds / 2));
        _timer = time.CreateTimer(static watchdog => ((LoopWatchdog)watchdog!).Look(), this, look, look);
    }

    public ValueTask DisposeAsync() => _timer.DisposeAsync();

    private void Look()
    {
        foreach (ConnectionLoop loop in _loops)
        {
            long since = loop.Loop.BusySince;
            if (since == 0 || since == _reported[loop.Index] || Stopwatch.GetElapsedTime(since) < _blockedAfter)
                continue;
            _reported[loop.Index] = since;
            _blocked.Add(1, new KeyValuePair<string, object?>("loop", loop.Index));
            _log.LoopBlocked(loop.Loop.Name, Stopwatch.GetElapsedTime(since), Describe(loop.Loop.Running));
        }
    }

    // Read while it runs, for people: at worst it names the request after.
    private static string Describe(object? running) => running is HttpContext context
        ? $"{context.Request.Method} {context.Request.Host}{context.Request.Path}"
        : "no request of the application";
}
