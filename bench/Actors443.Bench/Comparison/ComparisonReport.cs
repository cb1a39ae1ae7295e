using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Actors443.Bench.Comparison;

/// <summary>Everything that was measured, with the machine it was measured on.</summary>
internal sealed record ComparisonReport
{
    private const string Begin = "<!-- generated: bench compare -->";
    private const string End = "<!-- /generated: bench compare -->";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true };

    public required DateTimeOffset Started { get; init; }

    public required string Commit { get; init; }

    public string Machine { get; init; } = Describe();

    public required int Rounds { get; init; }

    /// <summary>Names with versions, the reference first.</summary>
    public required IReadOnlyList<ReportedServer> Servers { get; init; }

    public required IReadOnlyList<string> Tools { get; init; }

    public required IReadOnlyList<ReportedRow> Rows { get; init; }

    /// <summary>What was left out, and why.</summary>
    public required IReadOnlyList<string> Skipped { get; init; }

    public required double Minutes { get; init; }

    public void WriteJson(string folder)
    {
        Directory.CreateDirectory(folder);
        string file = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{Started:yyyy-MM-dd-HHmm}-{Commit}.json"));
        File.WriteAllText(file, JsonSerializer.Serialize(this, Json) + "\n");
        Console.WriteLine("Written: " + file);
    }

    /// <summary>Puts the table between its marks.</summary>
    public void UpdatePage(string file)
    {
        string page = File.ReadAllText(file);
        int begin = page.IndexOf(Begin, StringComparison.Ordinal);
        int end = page.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
            throw new InvalidOperationException($"{file} has no '{Begin}' with '{End}' behind it.");
        File.WriteAllText(file, page[..(begin + Begin.Length)] + "\n\n" + ToMarkdown() + "\n" + page[end..]);
        Console.WriteLine("Updated: " + file);
    }

    public string ToMarkdown()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Started:yyyy-MM-dd}, commit {Commit}, {Machine}; {Rounds} alternated rounds, {Minutes:0} minutes. {string.Join("; ", Servers.Select(server => server.Version))}. {string.Join("; ", Tools)}.");
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"Each cell: the figure (CPU time of the server and all its workers for one unit of work, where the unit is µs), and in brackets its ratio to {Servers[0].Name} with the least and the most of the rounds. What failed is said.");
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"| | {string.Join(" | ", Servers.Select(server => server.Name))} | driven by |");
        text.AppendLine("|---|" + string.Concat(Enumerable.Repeat("---|", Servers.Count + 1)));
        foreach (ReportedRow row in Rows)
            text.AppendLine(CultureInfo.InvariantCulture, $"| {row.Name} ({row.Unit}) | {string.Join(" | ", Servers.Select(server => Cell(row, server.Name)))} | {row.Tool} |");
        foreach (string skipped in Skipped)
            text.AppendLine().AppendLine("Left out: " + skipped);
        return text.ToString();
    }

    private string Cell(ReportedRow row, string server)
    {
        if (!row.Figures.TryGetValue(server, out ReportedFigure? figure))
            return "–";
        string value = figure.Median.ToString(figure.Median < 100 ? "0.0" : "#,0", CultureInfo.InvariantCulture);
        string ratio = server == Servers[0].Name || figure.Ratio is not { } relative
            ? ""
            : figure.Least is { } least && figure.Most is { } most && figure.Rounds.Count > 1
                ? string.Create(CultureInfo.InvariantCulture, $" (**{relative:0.00}**, {least:0.00}–{most:0.00})")
                : string.Create(CultureInfo.InvariantCulture, $" (**{relative:0.00}**)");
        string failed = figure.Failed > 0 ? string.Create(CultureInfo.InvariantCulture, $", {figure.Failed:N0} failed") : "";
        return value + ratio + failed;
    }

    private static string Describe()
    {
        string model = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";
        return $"{Environment.ProcessorCount} cores of {model}, {RuntimeInformation.OSDescription}";
    }
}

internal sealed record ReportedServer(string Name, string Version);

internal sealed record ReportedRow(string Name, string Unit, string Tool, IReadOnlyDictionary<string, ReportedFigure> Figures);

/// <param name="Median">Of the rounds, in the row's unit.</param>
/// <param name="Rate">Units of work a second, median.</param>
/// <param name="Failed">Over all rounds.</param>
/// <param name="Ratio">Median of the rounds' ratios to the reference.</param>
/// <param name="Least">The least of them.</param>
/// <param name="Most">The most of them.</param>
/// <param name="Rounds">Every figure as it was measured.</param>
internal sealed record ReportedFigure(double Median, double? Rate, long Failed, double? Ratio, double? Least, double? Most, IReadOnlyList<Measured> Rounds);
