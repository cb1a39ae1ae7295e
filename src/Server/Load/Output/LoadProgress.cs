using Actors443.Server.Cli;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;
using Spectre.Console;

namespace Actors443.Server.Load.Output;

/// <summary>A run while it goes on: a table that changes in place on a terminal, a line a second and group elsewhere. One call at a time.</summary>
internal sealed class LoadProgress(CommandConsole console, IReadOnlyList<string> groups, TimeSpan length)
{
    private readonly Dictionary<string, (SeriesPoint Point, long Errors)> _latest = [];
    private readonly Dictionary<string, Dictionary<string, IntervalSample>> _counted = [];
    private LiveDisplayContext? _live;
    private double _at;

    /// <summary>Shows what <paramref name="run"/> does until it ends.</summary>
    public async Task ShowAsync(Func<Task> run)
    {
        if (!console.IsTerminal)
        {
            await run();
            return;
        }

        await console.Rich.Live(Table()).AutoClear(true).StartAsync(async live =>
        {
            _live = live;
            await run();
        });
        _live = null;
    }

    /// <summary>A sample has come. Those of several nodes are shown together, once each has counted the interval.</summary>
    /// <param name="errors">Of the group, so far.</param>
    /// <param name="nodes">How many nodes have been heard of.</param>
    public void Add(IntervalSample sample, long errors, int nodes)
    {
        if (sample.Length < TimeSpan.FromSeconds(0.5))
            return;
        if (!_counted.TryGetValue(sample.Group, out Dictionary<string, IntervalSample>? counted))
            _counted.Add(sample.Group, counted = []);
        if (counted.ContainsKey(sample.Node))
            Show(Together(counted), errors);
        counted[sample.Node] = sample;
        if (counted.Count >= nodes)
            Show(Together(counted), errors);
    }

    private static IntervalSample Together(Dictionary<string, IntervalSample> counted)
    {
        IntervalSample[] samples = [.. counted.Values];
        counted.Clear();
        if (samples.Length == 1)
            return samples[0];
        var together = new IntervalSample
        {
            Node = "",
            Group = samples[0].Group,
            Start = samples.Min(sample => sample.Start),
            Length = samples.Max(sample => sample.Length),
            Succeeded = samples.Sum(sample => sample.Succeeded),
            FullHandshakes = samples.Sum(sample => sample.FullHandshakes),
            ResumedHandshakes = samples.Sum(sample => sample.ResumedHandshakes),
            BytesReceived = samples.Sum(sample => sample.BytesReceived),
            BytesSent = samples.Sum(sample => sample.BytesSent),
            OpenSessions = samples.Sum(sample => sample.OpenSessions),
            OpeningSessions = samples.Sum(sample => sample.OpeningSessions),
        };
        foreach (IntervalSample sample in samples.Where(sample => sample.Latency is not null))
        {
            together.Latency ??= LoopRecorder.CreateHistogram();
            together.Latency.Add(sample.Latency);
        }

        together.Marks.AddRange(samples.SelectMany(sample => sample.Marks));
        return together;
    }

    private void Show(IntervalSample sample, long errors)
    {
        SeriesPoint point = ToPoint(sample);
        _latest[sample.Group] = (point, errors);
        _at = sample.Start.TotalSeconds + sample.Length.TotalSeconds;
        if (console.IsTerminal)
            _live?.UpdateTarget(Table());
        else
            WriteLine(sample, point, errors);
        foreach (LoadMark mark in sample.Marks.Where(_ => !console.IsTerminal))
            console.Output.WriteLine($"{mark.At.TotalSeconds,7:0.0} s  {mark.Text}");
    }

    private static SeriesPoint ToPoint(IntervalSample sample) => new()
    {
        T = sample.Start.TotalSeconds,
        LengthSeconds = sample.Length.TotalSeconds,
        Succeeded = sample.Succeeded,
        Errors = sample.Errors.Values.Sum(),
        Open = sample.OpenSessions,
        Opening = sample.OpeningSessions,
        FullHandshakes = sample.FullHandshakes,
        ResumedHandshakes = sample.ResumedHandshakes,
        BytesReceived = sample.BytesReceived,
        BytesSent = sample.BytesSent,
        P50 = sample.Latency?.GetValueAtPercentile(50),
        P99 = sample.Latency?.GetValueAtPercentile(99),
        P999 = sample.Latency?.GetValueAtPercentile(99.9),
        ErrorsByKind = new Dictionary<string, long>(),
    };

    private static string Rate(SeriesPoint point) => LoadText.Rate(point.Succeeded / point.LengthSeconds);

    private void WriteLine(IntervalSample sample, SeriesPoint point, long errors) => console.Output.WriteLine(
        $"{_at,7:0.0} s  {(sample.Start < TimeSpan.Zero ? "warm-up " : "")}{sample.Group}: {Rate(point)}  p50 {LoadText.Latency(point.P50)}  p99 {LoadText.Latency(point.P99)}  " +
        $"p99.9 {LoadText.Latency(point.P999)}  open {LoadText.Count(point.Open)}{(point.Opening > 0 ? $" (+{LoadText.Count(point.Opening)})" : "")}  errors {LoadText.Count(errors)}");

    private Table Table()
    {
        string time = _at < 0 ? $"warm-up, {-_at:0} s to go" : $"{_at:0} of {length.TotalSeconds:0} s";
        Table table = new Table().Border(TableBorder.Rounded).Caption($"[grey]{time} · Ctrl+C ends the run and reports[/]");
        table.AddColumn("group");
        foreach (string heading in (string[])["rate", "p50", "p99", "p99.9", "open", "handshakes", "received", "errors"])
            table.AddColumn(new TableColumn(heading).RightAligned());
        foreach (string group in groups)
        {
            if (!_latest.TryGetValue(group, out (SeriesPoint Point, long Errors) latest))
            {
                table.AddRow(Markup.Escape(group), "[grey]waits[/]");
                continue;
            }

            SeriesPoint point = latest.Point;
            table.AddRow(
                Markup.Escape(group), Rate(point), LoadText.Latency(point.P50), LoadText.Latency(point.P99), LoadText.Latency(point.P999),
                LoadText.Count(point.Open) + (point.Opening > 0 ? $" [grey]+{LoadText.Count(point.Opening)}[/]" : ""),
                LoadText.Rate((point.FullHandshakes + point.ResumedHandshakes) / point.LengthSeconds), HumanText.Bytes((long)(point.BytesReceived / point.LengthSeconds)) + "/s",
                latest.Errors > 0 ? $"[red]{LoadText.Count(latest.Errors)}[/]" : "0");
        }

        return table;
    }
}
