using System.Globalization;
using System.Text.RegularExpressions;
using Actors443.Bench.Servers;
using Actors443.Server.Load.Server;

namespace Actors443.Bench.Comparison;

/// <summary>CPU of the server for one request, driven by wrk or h2load, which are not ours.</summary>
/// <param name="path">What is asked for.</param>
/// <param name="mebibytes">Of an answer, to give the cost of a MiB rather than of a request; null: of a request.</param>
internal sealed partial class RequestRow(string name, string tool, string path, IReadOnlyList<string> arguments, double? mebibytes = null)
    : ComparisonRow(name, mebibytes is null ? "µs" : "µs/MiB", tool)
{
    public override TimeSpan Length => TimeSpan.FromSeconds(2);

    public override string? MissingTool => Programs.Find(Tool) is null ? Tool == "wrk" ? "apt install wrk" : "apt install nghttp2-client" : null;

    public override bool AppliesTo(ComparedServer server) => mebibytes is null || server.ServesFiles;

    public override async Task<Measured> MeasureAsync(ComparedServer server)
    {
        ServerUsage before = server.Usage();
        string output = await Programs.RunAsync(Programs.Find(Tool)!, [.. arguments, string.Create(CultureInfo.InvariantCulture, $"https://localhost:{server.Port}{path}")]);
        TimeSpan cpu = server.Usage().Cpu - before.Cpu;
        (long answered, long failed, double rate) = Tool == "wrk" ? ReadWrk(output) : ReadH2Load(output);
        return new Measured(cpu.TotalMicroseconds / (answered * (mebibytes ?? 1)), rate, failed);
    }

    /// <summary>What a tool says of its run.</summary>
    public static (long Answered, double Rate) Read(string tool, string output)
    {
        (long answered, _, double rate) = tool == "wrk" ? ReadWrk(output) : ReadH2Load(output);
        return (answered, rate);
    }

    private static (long Answered, long Failed, double Rate) ReadWrk(string output)
    {
        Match requests = WrkRequests().Match(output);
        Match errors = WrkErrors().Match(output);
        Match statuses = WrkStatuses().Match(output);
        if (!requests.Success)
            throw new InvalidOperationException("wrk said nothing of requests:\n" + output);
        long failed = errors.Success ? errors.Groups.Values.Skip(1).Sum(group => long.Parse(group.ValueSpan, CultureInfo.InvariantCulture)) : 0;
        failed += statuses.Success ? long.Parse(statuses.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : 0;
        return (long.Parse(requests.Groups[1].ValueSpan, CultureInfo.InvariantCulture), failed, double.Parse(WrkRate().Match(output).Groups[1].ValueSpan, CultureInfo.InvariantCulture));
    }

    private static (long Answered, long Failed, double Rate) ReadH2Load(string output)
    {
        Match requests = H2LoadRequests().Match(output);
        if (!requests.Success)
            throw new InvalidOperationException("h2load said nothing of requests:\n" + output);
        long[] counts = [.. requests.Groups.Values.Skip(1).Select(group => long.Parse(group.ValueSpan, CultureInfo.InvariantCulture))];
        return (counts[0], counts[1] + counts[2] + counts[3], double.Parse(H2LoadRate().Match(output).Groups[1].ValueSpan, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex WrkRequests();

    [GeneratedRegex(@"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")]
    private static partial Regex WrkErrors();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex WrkStatuses();

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex WrkRate();

    [GeneratedRegex(@"(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout")]
    private static partial Regex H2LoadRequests();

    [GeneratedRegex(@"finished in [\d.]+\w+, ([\d.]+) req/s")]
    private static partial Regex H2LoadRate();
}
