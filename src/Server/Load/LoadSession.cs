using Actors443.Server.Load.Output;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Server;
using Actors443.Server.Load.Settings;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Load;

/// <summary>One run from beginning to report.</summary>
/// <param name="run">Drives the clients.</param>
/// <param name="settings">What it does.</param>
/// <param name="scenario">The settings as they were given, for the report.</param>
/// <param name="probe">Null: nobody said which process the server is.</param>
internal sealed class LoadSession(ILoadRun run, LoadSettings settings, string scenario, IServerProbe? probe)
{
    private readonly Dictionary<string, LoadTotals> _totals = settings.Groups.ToDictionary(group => group.Name, _ => new LoadTotals());
    private readonly SortedSet<string> _nodes = [];
    private TimeSpan _ownCpu;

    /// <param name="progress">Told of every sample.</param>
    /// <param name="stop">Ends the run early; the report then says what there is.</param>
    /// <exception cref="LoadException">It cannot run here.</exception>
    public async Task<LoadReport> RunAsync(LoadProgress progress, CancellationToken stop)
    {
        DateTimeOffset started = DateTimeOffset.UtcNow;
        using var over = new CancellationTokenSource();
        ServerSampler? sampler = probe is null ? null : new ServerSampler(probe, settings.WarmUp);
        Task sampling = sampler?.RunAsync(over.Token) ?? Task.CompletedTask;
        try
        {
            await run.RunAsync(settings, sample => Add(sample, progress), stop);
        }
        finally
        {
            await over.CancelAsync();
            await sampling;
        }

        return ToReport(started, sampler);
    }

    private void Add(IntervalSample sample, LoadProgress progress)
    {
        if (sample.Start >= TimeSpan.FromSeconds(-0.5) && _ownCpu == default)
            _ownCpu = Environment.CpuUsage.TotalTime;
        LoadTotals totals = _totals[sample.Group];
        totals.Add(sample);
        _nodes.Add(sample.Node);
        progress.Add(sample, totals.Errors, _nodes.Count);
    }

    private LoadReport ToReport(DateTimeOffset started, ServerSampler? sampler)
    {
        GroupReport[] groups = [.. settings.Groups.Select(group => _totals[group.Name].ToReport(group.Name, group.Mode, LoadText.IsOpenModel(group)))];
        long answers = groups.Sum(group => group.Totals.Succeeded);
        double duration = _totals.Values.Max(totals => totals.Counted);
        double? own = answers > 0 && _ownCpu != default ? (Environment.CpuUsage.TotalTime - _ownCpu).TotalMicroseconds / answers : null;
        return new LoadReport
        {
            Tool = "actors443 load " + ServerVersion.Product,
            Started = started,
            Target = settings.Target.ToString(),
            Nodes = [.. _nodes],
            DurationSeconds = Math.Round(duration, 2),
            Settings = new ReportedSettings(scenario, [.. settings.Groups.Select(group => new ReportedGroup(group.Name, group.Mode, LoadText.Describe(group)))]),
            Groups = groups,
            Server = sampler?.ToReport(SessionsBySecond(groups), answers),
            Load = new LoadCost(own),
        };
    }

    private static Dictionary<int, int> SessionsBySecond(GroupReport[] groups)
    {
        var sessions = new Dictionary<int, int>();
        foreach (SeriesPoint point in groups.SelectMany(group => group.Series))
        {
            int second = (int)Math.Round(point.T + point.LengthSeconds);
            sessions[second] = sessions.GetValueOrDefault(second) + point.Open;
        }

        return sessions;
    }
}
