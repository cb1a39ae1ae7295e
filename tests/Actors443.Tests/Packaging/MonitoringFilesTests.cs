using System.Text.Json;
using System.Text.RegularExpressions;
using Actors443.Testing;

namespace Actors443.Tests.Packaging;

/// <summary>What watches the server asks for metrics that there are.</summary>
public sealed partial class MonitoringFilesTests
{
    // What Prometheus adds to the names of instruments: kind, unit, parts of histograms.
    private static readonly string[] Added = ["", "_total", "_seconds", "_bytes", "_bytes_total", "_seconds_total", "_seconds_bucket", "_seconds_count", "_seconds_sum"];

    [Theory]
    [InlineData("packaging/grafana/actors443.json")]
    [InlineData("packaging/prometheus/alerts.yml")]
    [InlineData("packaging/prometheus/alerts.test.yml")]
    public async Task Each_metric_is_one_of_the_server(string file)
    {
        string[] asked = [.. Metric().Matches(await ReadAsync(file)).Select(match => match.Value).Distinct()];
        HashSet<string> known = await InstrumentsAsync();

        Assert.NotEmpty(asked);
        Assert.All(asked, name => Assert.True(Added.Any(added => name.EndsWith(added, StringComparison.Ordinal) && known.Contains(name[..^added.Length])), $"{file} asks for {name}"));
    }

    [Fact]
    public async Task The_panels_of_the_dashboard_ask_something_each_and_do_not_overlap()
    {
        using JsonDocument dashboard = JsonDocument.Parse(await ReadAsync("packaging/grafana/actors443.json"));
        JsonElement[] panels = [.. dashboard.RootElement.GetProperty("panels").EnumerateArray()];

        Assert.All(panels.Where(panel => panel.GetProperty("type").GetString() != "row"), panel => Assert.NotEmpty(panel.GetProperty("targets").EnumerateArray()));
        var cells = panels.Select(panel => panel.GetProperty("gridPos")).SelectMany(at =>
            from x in Enumerable.Range(at.GetProperty("x").GetInt32(), at.GetProperty("w").GetInt32())
            from y in Enumerable.Range(at.GetProperty("y").GetInt32(), at.GetProperty("h").GetInt32())
            select (x, y)).ToArray();
        Assert.Equal(cells.Length, cells.Distinct().Count());
        Assert.DoesNotContain(cells, cell => cell.x >= 24);
    }

    // The instruments' names as the code has them.
    private static async Task<HashSet<string>> InstrumentsAsync()
    {
        var names = new HashSet<string>();
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository.Folder, "src"), "*.cs", SearchOption.AllDirectories))
        {
            foreach (Match match in Instrument().Matches(await File.ReadAllTextAsync(file)))
                names.Add(match.Groups[1].Value.Replace('.', '_'));
        }

        return names;
    }

    private static Task<string> ReadAsync(string file) => File.ReadAllTextAsync(Path.Combine(Repository.Folder, file));

    [GeneratedRegex("actors443_[a-z0-9_]+")]
    private static partial Regex Metric();

    [GeneratedRegex("\"(actors443\\.[a-z0-9_.]+)\"")]
    private static partial Regex Instrument();
}
