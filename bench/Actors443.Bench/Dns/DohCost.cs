using System.Globalization;
using System.Text.RegularExpressions;
using Actors443.Bench.Servers;

namespace Actors443.Bench.Dns;

/// <summary>CPU of the server for one query that is answered from its cache, beside unbound's own DNS over HTTPS, and whether any query is lost.</summary>
internal static partial class DohCost
{
    private const int Names = 1_000;
    private const int Outstanding = 200;

    /// <summary>Of 3 seconds each. Code is compiled for good after some ten seconds of use.</summary>
    private const int WarmUps = 4;

    /// <summary>A cached query may cost so much of unbound's.</summary>
    private const double Bar = 0.5;

    public static async Task<int> RunAsync(int rounds)
    {
        if (Programs.Find("dnsperf") is null)
        {
            Console.WriteLine("dnsperf is missing: apt install dnsperf");
            return 1;
        }

        using var site = new BenchSite();
        using var upstream = new BenchUpstream();
        ComparedServer[] servers = [new ProductResolver(site, upstream.Port, "event-loop"), new ProductResolver(site, upstream.Port, "portable"), new UnboundResolver(site, upstream.Port)];
        if (servers[^1].Missing is { } missing)
        {
            Console.WriteLine($"{servers[^1].Name} is missing: {missing}");
            return 1;
        }

        string queries = site.Write("queries", string.Join('\n', Enumerable.Range(0, Names).Select(number => $"n{number}.bench.test A")) + "\n");
        try
        {
            foreach (ComparedServer server in servers)
            {
                await server.StartAsync();
                Console.WriteLine(server.Version);
            }

            return await CompareAsync(servers, queries, rounds);
        }
        finally
        {
            foreach (ComparedServer server in servers)
                server.Dispose();
        }
    }

    private static async Task<int> CompareAsync(ComparedServer[] servers, string queries, int rounds)
    {
        Console.WriteLine($"us of server CPU a query, median of {rounds} rounds in turn, {Outstanding} outstanding over 4 connections; in brackets the least and the most of the rounds' ratios to {servers[^1].Name}");
        string[] methods = ["GET", "POST"];
        // Both before either is measured: what one method makes the compiler do is no cost of the other.
        for (int warmUp = 0; warmUp < WarmUps; warmUp++)
        {
            foreach (string method in methods)
            {
                foreach (ComparedServer server in servers)
                    await MeasureAsync(server, queries, method, seconds: 3);
            }
        }

        bool holds = true;
        foreach (string method in methods)
        {
            Measured[][] measured = [.. Enumerable.Range(0, rounds).Select(_ => new Measured[servers.Length])];
            for (int round = 0; round < rounds; round++)
            {
                for (int turn = 0; turn < servers.Length; turn++)
                {
                    int which = (round + turn) % servers.Length;
                    measured[round][which] = await MeasureAsync(servers[which], queries, method, seconds: 2);
                }
            }

            for (int which = 0; which < servers.Length; which++)
            {
                double[] ratios = [.. measured.Select(one => one[which].Cost / one[^1].Cost).Order()];
                long lost = measured.Sum(one => one[which].Lost);
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{method,-5}{servers[which].Name,-24}{Tools.Median(measured.Select(one => one[which].Cost)),8:0.00}   {Tools.Median(ratios):0.00} ({ratios[0]:0.00} to {ratios[^1]:0.00})   {Tools.Median(measured.Select(one => one[which].Rate)),8:0} queries a second, {measured.Sum(one => one[which].Completed):N0} in all, {lost} lost"));
                if (lost > 0 || (which == 0 && Tools.Median(ratios) > Bar))
                {
                    holds = false;
                    Console.WriteLine(lost > 0 ? "NOT AS IT SHOULD BE: queries were lost" : string.Create(CultureInfo.InvariantCulture, $"NOT AS IT SHOULD BE: a cached query costs more than {Bar:0.0} of {servers[^1].Name}'s"));
                }
            }
        }

        return holds ? 0 : 1;
    }

    private static async Task<Measured> MeasureAsync(ComparedServer server, string queries, string method, int seconds)
    {
        TimeSpan before = server.Usage().Cpu;
        string output = await Programs.RunAsync(
            Programs.Find("dnsperf")!, "-m", "doh", "-s", "127.0.0.1", "-p", server.Port.ToString(CultureInfo.InvariantCulture), "-d", queries, "-q", Outstanding.ToString(CultureInfo.InvariantCulture),
            "-c", "4", "-l", seconds.ToString(CultureInfo.InvariantCulture), "-O", "doh-uri=https://localhost/dns-query", "-O", "doh-method=" + method);
        TimeSpan cpu = server.Usage().Cpu - before;
        Match completed = Completed().Match(output);
        if (!completed.Success)
            throw new InvalidOperationException("dnsperf said nothing of queries:\n" + output);
        long count = long.Parse(completed.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        return new Measured(
            cpu.TotalMicroseconds / Math.Max(1, count), long.Parse(Lost().Match(output).Groups[1].ValueSpan, CultureInfo.InvariantCulture), count,
            double.Parse(Rate().Match(output).Groups[1].ValueSpan, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"Queries completed:\s+(\d+)")]
    private static partial Regex Completed();

    [GeneratedRegex(@"Queries lost:\s+(\d+)")]
    private static partial Regex Lost();

    [GeneratedRegex(@"Queries per second:\s+([\d.]+)")]
    private static partial Regex Rate();

    private sealed record Measured(double Cost, long Lost, long Completed, double Rate);
}
