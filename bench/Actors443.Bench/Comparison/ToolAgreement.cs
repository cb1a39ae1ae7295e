using System.Globalization;
using Actors443.Bench.Servers;
using Actors443.Server.Load.Results;

namespace Actors443.Bench.Comparison;

/// <summary>
/// The load tester beside tools that are not ours, against one nginx worker, so that the server and not the tool is what is waited for: requests a second
/// must agree, and what the tool itself costs is said.
/// </summary>
internal static class ToolAgreement
{
    private const double Tolerance = 0.10;
    private const double MostCost = 1.5;
    private const int TicksPerSecond = 100;

    private static readonly (string Name, string Tool, string[] Foreign, string[] Ours)[] Cases =
    [
        ("h1, 64 connections", "wrk", ["-t1", "-c64", "-d4s"], ["-c", "64", "-d", "4s"]),
        ("h1, 64 connections", "h2load", ["--h1", "-t1", "-c64", "-n300000"], ["-c", "64", "-d", "4s"]),
        ("h2, 16 × 32 streams", "h2load", ["-t1", "-c16", "-m32", "-n450000"], ["-c", "16", "-p", "h2", "-m", "32", "-d", "4s"]),
    ];

    public static async Task<int> RunAsync(int rounds)
    {
        using var site = new BenchSite();
        using var nginx = new NginxServer(site, workers: 1);
        string? missing = nginx.Missing ?? (Programs.Find("wrk") is null ? "apt install wrk" : Programs.Find("h2load") is null ? "apt install nghttp2-client" : null);
        if (missing is not null)
        {
            Console.WriteLine(missing);
            return 1;
        }

        await nginx.StartAsync();
        string url = string.Create(CultureInfo.InvariantCulture, $"https://localhost:{nginx.Port}/hello");
        bool agree = true;
        Console.WriteLine($"{"",-22}{"tool",8}{"its requests/s",16}{"ours",10}{"ratio",8}{"its us of CPU",15}{"ours",8}{"ratio",8}   medians of {rounds} alternated rounds, one nginx worker");
        foreach ((string name, string tool, string[] foreign, string[] ours) in Cases)
        {
            var rates = new List<(double Theirs, double Ours)>();
            var costs = new List<(double Theirs, double Ours)>();
            for (int round = 0; round < rounds; round++)
            {
                (double theirRate, double theirCost) = await ForeignAsync(tool, [.. foreign, url]);
                (double ourRate, double ourCost) = await OursAsync(site, [url, .. ours]);
                rates.Add((theirRate, ourRate));
                costs.Add((theirCost, ourCost));
            }

            double rate = Tools.Median(rates.Select(pair => pair.Ours / pair.Theirs));
            double cost = Tools.Median(costs.Select(pair => pair.Ours / pair.Theirs));
            // h2load is at its own limit with HTTP/1.1: what it costs is compared, what it reaches is not the server's.
            bool compared = (name, tool) is not ("h1, 64 connections", "h2load");
            agree &= (!compared || Math.Abs(rate - 1) <= Tolerance) && cost <= MostCost;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-22}{tool,8}{Tools.Median(rates.Select(pair => pair.Theirs)),16:#,0}{Tools.Median(rates.Select(pair => pair.Ours)),10:#,0}{rate,8:0.00}{Tools.Median(costs.Select(pair => pair.Theirs)),15:0.0}{Tools.Median(costs.Select(pair => pair.Ours)),8:0.0}{cost,8:0.00}"));
        }

        return agree ? 0 : 1;
    }

    private static async Task<(double Rate, double Cost)> ForeignAsync(string tool, string[] arguments)
    {
        double before = ChildrenCpu();
        string output = await Programs.RunAsync(Programs.Find(tool)!, arguments);
        double cpu = ChildrenCpu() - before;
        (long answered, double rate) = RequestRow.Read(tool, output);
        return (rate, cpu * 1_000_000 / answered);
    }

    private static async Task<(double Rate, double Cost)> OursAsync(BenchSite site, string[] arguments)
    {
        string json = Path.Combine(site.Folder, "load.json");
        // Compiled code settles in the warm-up.
        string output = await Programs.RunAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, "Actors443.Server.dll"), "load", .. arguments, "--warm-up", "2s", "--json", json]);
        if (!File.Exists(json))
            throw new InvalidOperationException("actors443 load made no report:\n" + output);
        LoadReport report = LoadReport.Read(json);
        return (report.Groups[0].Totals.Rate, report.Load.CpuPerRequest ?? 0);
    }

    /// <summary>Seconds of user and system time of all children that have ended.</summary>
    private static double ChildrenCpu()
    {
        string stat = File.ReadAllText("/proc/self/stat");
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture)) / (double)TicksPerSecond;
    }
}
