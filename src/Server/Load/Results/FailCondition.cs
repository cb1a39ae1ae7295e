using System.Globalization;
using System.Text.RegularExpressions;

namespace Actors443.Server.Load.Results;

/// <summary>A figure that must not be: <c>p99&gt;50ms</c>, <c>errors of browse &gt; 0</c>, <c>rate &lt; 1000</c>.</summary>
internal sealed partial class FailCondition
{
    private const string Grammar = "write a figure, < or >, and a value, such as 'p99>50ms', 'error-rate>1%' or 'rate of browse<1000'";

    private static readonly (string Name, Unit Unit, Func<GroupReport, LoadReport, double?> Read)[] Figures =
    [
        ("p50", Unit.Time, (group, _) => group.Totals.Latency?.P50),
        ("p90", Unit.Time, (group, _) => group.Totals.Latency?.P90),
        ("p99", Unit.Time, (group, _) => group.Totals.Latency?.P99),
        ("p99.9", Unit.Time, (group, _) => group.Totals.Latency?.P999),
        ("max", Unit.Time, (group, _) => group.Totals.Latency?.Max),
        ("mean", Unit.Time, (group, _) => group.Totals.Latency?.Mean),
        ("handshake-p50", Unit.Time, (group, _) => group.Totals.Handshake?.P50),
        ("handshake-p99", Unit.Time, (group, _) => group.Totals.Handshake?.P99),
        ("rate", Unit.Number, (group, _) => group.Totals.Rate),
        ("succeeded", Unit.Number, (group, _) => group.Totals.Succeeded),
        ("errors", Unit.Number, (group, _) => group.Totals.Errors),
        ("error-rate", Unit.Share, (group, _) => group.Totals.ErrorRate),
        ("open", Unit.Number, (group, _) => group.Totals.PeakOpen),
        ("storm", Unit.Seconds, (group, _) => group.Marks.Max(mark => mark.Seconds)),
        ("memory-per-session", Unit.Size, (_, report) => report.Server?.MemoryPerSessionBytes),
        ("server-cpu", Unit.Time, (_, report) => report.Server?.CpuPerRequest),
    ];

    private readonly string _text;
    private readonly Func<GroupReport, LoadReport, double?> _read;
    private readonly string? _group;
    private readonly bool _above;
    private readonly double _value;

    private FailCondition(string text, Func<GroupReport, LoadReport, double?> read, string? group, bool above, double value)
    {
        _text = text;
        _read = read;
        _group = group;
        _above = above;
        _value = value;
    }

    private enum Unit
    {
        Number,

        /// <summary>Microseconds.</summary>
        Time,

        /// <summary>Times that are seconds in the report.</summary>
        Seconds,
        Share,
        Size,
    }

    /// <param name="problem">What is wrong, and what to write instead.</param>
    public static FailCondition? Parse(string text, out string problem)
    {
        Match match = Shape().Match(text);
        if (!match.Success)
        {
            problem = Grammar;
            return null;
        }

        (string name, Unit unit, Func<GroupReport, LoadReport, double?> read) = Array.Find(Figures, figure => figure.Name == match.Groups["figure"].Value);
        if (name is null)
        {
            problem = $"'{match.Groups["figure"].Value}' is no figure; write one of {string.Join(", ", Figures.Select(figure => figure.Name))}";
            return null;
        }

        if (Value(match.Groups["number"].Value, match.Groups["unit"].Value, unit) is not { } value)
        {
            problem = $"'{match.Groups["number"].Value}{match.Groups["unit"].Value}' is no value of {name}; write {Example(unit)}";
            return null;
        }

        problem = "";
        return new FailCondition(text, read, match.Groups["group"] is { Success: true } group ? group.Value : null, match.Groups["operator"].Value == ">", value);
    }

    /// <summary>Where it holds, in words; empty: nowhere, all is well.</summary>
    /// <param name="report">Of the run.</param>
    /// <exception cref="LoadException">It is about a group that there is not, or a figure that nobody measured.</exception>
    public IEnumerable<string> Check(LoadReport report)
    {
        GroupReport[] groups = [.. report.Groups.Where(group => _group is null || group.Name == _group)];
        if (groups.Length == 0)
            throw new LoadException($"--fail-if '{_text}': there is no group '{_group}'; there are {string.Join(", ", report.Groups.Select(group => group.Name))}.");
        // A figure that is not there proves nothing: not all groups have all, but one must.
        if (!groups.Any(group => _read(group, report) is not null))
            return [$"{_text}: nothing of the kind was measured"];
        return groups.Where(group => _read(group, report) is { } figure && (_above ? figure > _value : figure < _value)).Select(group => $"{_text} ({group.Name})");
    }

    private static double? Value(string number, string unit, Unit kind)
    {
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value))
            return null;
        return (kind, unit.ToLowerInvariant()) switch
        {
            (Unit.Number, "" or "/s") => value,
            (Unit.Time, "us") => value,
            (Unit.Time, "ms") => value * 1_000,
            (Unit.Time, "s") => value * 1_000_000,
            (Unit.Seconds, "ms") => value / 1_000,
            (Unit.Seconds, "s") => value,
            (Unit.Share, "%") => value / 100,
            (Unit.Share, "") => value,
            (Unit.Size, "" or "b") => value,
            (Unit.Size, "kib" or "k") => value * 1_024,
            (Unit.Size, "mib" or "m") => value * 1_024 * 1_024,
            _ => null,
        };
    }

    private static string Example(Unit unit) => unit switch
    {
        Unit.Time or Unit.Seconds => "a time with its unit, such as 800us, 50ms or 2s",
        Unit.Share => "a share, such as 0.5% or 0.005",
        Unit.Size => "a size, such as 20KiB",
        _ => "a number",
    };

    [GeneratedRegex(@"^\s*(?<figure>[a-z0-9.-]+?)(?:\s+of\s+(?<group>[^<>]+?))?\s*(?<operator>[<>])\s*(?<number>[0-9.]+)\s*(?<unit>[a-zA-Z%/]*)\s*$")]
    private static partial Regex Shape();
}
