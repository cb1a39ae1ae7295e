using System.Diagnostics;
using System.Globalization;
using Actors443.Bench.Servers;

namespace Actors443.Bench.Faults;

/// <summary>Each fault on a server of its own.</summary>
internal static class FaultRun
{
    public static IReadOnlyList<Fault> All { get; } =
    [
        new FullDisk(), new ReadOnlyState(), new NoDescriptors(), new NoMemory(byKernel: false), new NoMemory(byKernel: true), new ClockJump(), new StarvedThreadPool(), new KilledUpstream(), new BadNetwork(), new StoppedProcess(), new KilledServer(),
    ];

    public static async Task<int> RunAsync(IReadOnlyList<string> names, IReadOnlyList<string> engines)
    {
        Fault[] chosen = [.. All.Where(fault => names.Count == 0 || names.Any(name => fault.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase)))];
        if (chosen.Length == 0)
        {
            Console.Error.WriteLine($"There is no such fault. There are: {string.Join(", ", All.Select(fault => fault.Name))}");
            return 2;
        }

        int broken = 0;
        Console.WriteLine("| Fault | Engine | What happened | Seconds | |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (Fault fault in chosen)
        {
            if (fault.Missing is { Length: > 0 } missing)
            {
                Console.WriteLine($"| {fault.Name} | | not run: {missing} | | |");
                continue;
            }

            foreach (string engine in engines)
            {
                long start = Stopwatch.GetTimestamp();
                using var site = new BenchSite();
                FaultResult result = await RunAsync(fault, site, engine);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {fault.Name} | {engine} | {result.What} | {Stopwatch.GetElapsedTime(start).TotalSeconds:0} | {(result.Broken.Count == 0 ? "ok" : "BROKEN: " + string.Join("; ", result.Broken))} |"));
                broken += result.Broken.Count;
            }
        }

        Console.WriteLine(broken == 0 ? "all as it should be" : $"{broken} not as it should be");
        return broken == 0 ? 0 : 1;
    }

    // The others are run all the same.
    private static async Task<FaultResult> RunAsync(Fault fault, BenchSite site, string engine)
    {
        try
        {
            return await fault.RunAsync(site, engine);
        }
        catch (Exception cause)
        {
            return new FaultResult("it did not come to its end", [cause.Message.ReplaceLineEndings(" ")]);
        }
    }
}
