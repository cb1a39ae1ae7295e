using System.Diagnostics;
using Actors443.Server.Load.Results;

namespace Actors443.Server.Load.Server;

/// <summary>Asks a probe each second while a run goes on. One run.</summary>
internal sealed class ServerSampler(IServerProbe probe, TimeSpan warmUp)
{
    private const int FewestSessions = 100;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly List<ServerPoint> _points = [];
    private readonly long _began = Stopwatch.GetTimestamp();
    private ServerUsage? _before;
    private ServerUsage? _counted;
    private ServerUsage _last;
    private long _lastAt;

    /// <summary>Memory before the first session.</summary>
    private long _baseline;

    /// <summary>Until the token is cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
                await AskAsync(stop);
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The run is over.
        }
    }

    /// <param name="sessions">Sessions open, by second.</param>
    /// <param name="requests">Answered after the warm-up.</param>
    public ServerReport? ToReport(IReadOnlyDictionary<int, int> sessions, long requests)
    {
        if (_points.Count == 0)
            return null;
        int most = sessions.Values.DefaultIfEmpty(0).Max();
        // What a few sessions take is lost in what else a server does.
        if (most < FewestSessions)
            most = 0;
        // With all its sessions, at the end of the time that it held them: what grew late counts.
        ServerPoint? full = most == 0 ? null : _points.LastOrDefault(point => sessions.GetValueOrDefault((int)Math.Round(point.T)) >= most * 0.98);
        double? cpu = _counted is { } counted && requests > 0 ? (_last.Cpu - counted.Cpu).TotalMicroseconds / requests : null;
        return new ServerReport
        {
            Name = probe.Name,
            Series = _points,
            MemoryPerSessionBytes = full is null ? null : Math.Max(0, full.MemoryBytes - _baseline) / (double)most,
            CpuPerRequest = cpu,
        };
    }

    private async Task AskAsync(CancellationToken stop)
    {
        if (await probe.AskAsync(stop) is not { } usage)
            return;
        long now = Stopwatch.GetTimestamp();
        double at = Stopwatch.GetElapsedTime(_began, now).TotalSeconds - warmUp.TotalSeconds;
        if (_before is { } before)
        {
            double cores = (usage.Cpu - before.Cpu) / Stopwatch.GetElapsedTime(_lastAt, now);
            if (at >= 0)
                _points.Add(new ServerPoint(Math.Round(at, 2), usage.MemoryBytes, Math.Round(Math.Max(0, cores), 3)));
        }
        else
        {
            _baseline = usage.MemoryBytes;
        }

        if (at >= -0.1)
            _counted ??= usage;
        _before = _last = usage;
        _lastAt = now;
    }
}
