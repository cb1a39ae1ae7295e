using System.Diagnostics;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;

namespace Actors443.Bench.Attacks;

/// <summary>Each attack on a server of its own, with a good client before, during and after; a table; and what was beyond its bound.</summary>
internal static class AttackRun
{
    private const int Tries = 3;
    private const int RecoveredOf = 20;
    private const int QuietAtLeast = 100;

    private static readonly TimeSpan Before = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(20);

    /// <summary>All of them, in the order in which they are run.</summary>
    public static IReadOnlyList<Attack> All =>
    [
        .. FrameFlood.All, .. HeaderBomb.All, new StalledStreams(), new KeyUpdates(), new Renegotiation(), new CutHellos(), new HalfOpen(), .. SlowHttp.All, .. SlowHttp2.All,
        .. SmugglingMatrix.All, new Traversal(), new OpenProxy(), new OpenResolver(), new AdminProbes(), new LogInjection(), .. Scanners.All,
    ];

    public static async Task<int> RunAsync(IReadOnlyList<string> names, IReadOnlyList<string> engines, bool details)
    {
        Attack[] chosen = [.. All.Where(attack => names.Count == 0 || names.Any(name => attack.Name.StartsWith(name, StringComparison.OrdinalIgnoreCase)))];
        if (chosen.Length == 0)
        {
            Console.Error.WriteLine($"There is no such attack. There are: {string.Join(", ", All.Select(attack => attack.Name))}");
            return 2;
        }

        Console.WriteLine($"{chosen.Length} attacks, {string.Join(" and ", engines)}, load of this machine {await LoadAsync()}");
        Console.WriteLine("| Attack | Engine | What was done | How it ended | Good client's p99, ms | × | Served, failed | Memory, MiB | Cores | Recovery, s | |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|");
        var broken = new List<string>();
        foreach (Attack attack in chosen)
        {
            if (attack.Missing is { } missing)
            {
                Console.WriteLine($"| {attack.Name} | | not run: {missing} | | | | | | | | |");
                continue;
            }

            foreach (string engine in engines)
            {
                AttackOutcome outcome = await AgainAsync(attack.Name, engine);
                Console.WriteLine(outcome.ToRow());
                foreach (string detail in details ? outcome.Result.Details : [])
                    Console.WriteLine("    " + detail);
                broken.AddRange(outcome.Faults.Select(fault => $"{attack.Name} ({engine}): {fault}"));
            }
        }

        Console.WriteLine($"load of this machine at the end: {await LoadAsync()}");
        foreach (string fault in broken)
            Console.WriteLine("BROKEN: " + fault);
        Console.WriteLine(broken.Count == 0 ? "all within their bounds" : $"{broken.Count} bounds broken");
        return broken.Count == 0 ? 0 : 1;
    }

    /// <summary>Other work on the machine makes clients wait, too: only what is too slow three times in a row is.</summary>
    private static async Task<AttackOutcome> AgainAsync(string name, string engine)
    {
        AttackOutcome outcome = await OnceAsync(New(name), engine);
        for (int tried = 1; outcome.IsMerelySlow && tried < Tries; tried++)
            outcome = await OnceAsync(New(name), engine);
        return outcome;

        // Each counts for itself.
        static Attack New(string name) => All.First(attack => attack.Name == name);
    }

    private static async Task<AttackOutcome> OnceAsync(Attack attack, string engine)
    {
        using var site = new BenchSite();
        using var scene = new AttackScene(site);
        scene.Server = scene.Hold(await WatchedServer.StartAsync(site, site.UpstreamPort, $"engine = {engine}\n{AttackScene.CommonSettings}\n{attack.SettingsFor(scene)}"));
        using var client = new GoodClient(scene.Port, BenchSite.Hello);
        // What is done for the first time takes longer.
        await Task.Delay(Before);
        long before = Stopwatch.GetTimestamp();
        await Task.Delay(Before);
        double[] quiet = client.Since(before);
        // On a busy machine few are served in that time, and a p99 of few says nothing.
        for (int waited = 0; quiet.Length < QuietAtLeast && waited < 10; waited++, quiet = client.Since(before))
            await Task.Delay(Before);
        Dictionary<string, long> endsBefore = await scene.Server.EndsAsync();
        long start = Stopwatch.GetTimestamp();
        AttackResult result;
        double cores;
        long first;
        long peak;
        using (var vitals = new Vitals(scene.Server.Id))
        {
            using var stop = new CancellationTokenSource(attack.Duration);
            result = await attack.RunAsync(scene, stop.Token);
            (cores, first, peak) = (vitals.Cores, vitals.First, vitals.Peak);
        }

        double[] during = client.Since(start);
        TimeSpan recovery = await RecoverAsync(scene.Server, client, GoodClient.P99(quiet));
        Dictionary<string, long> ends = await scene.Server.EndsAsync();
        foreach ((string reason, long count) in endsBefore)
            ends[reason] = ends.GetValueOrDefault(reason) - count;
        return new AttackOutcome(attack, engine, result, ends, GoodClient.P99(quiet), GoodClient.P99(during), during.Length, client.Failures, first, peak, cores, recovery, scene.Server.IsAlive);
    }

    /// <summary>Until nobody's connection is left but the good client's, and that is served as before.</summary>
    private static async Task<TimeSpan> RecoverAsync(WatchedServer server, GoodClient client, double quiet)
    {
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < Settle)
        {
            long asked = Stopwatch.GetTimestamp();
            // The good client's, and one that it is just making.
            if (await server.OpenAsync() <= 2 && client.Last(RecoveredOf) is var last && last.Length > 0 && last[last.Length / 2] <= 2 * quiet)
                return asked - start < Stopwatch.Frequency / 100 ? TimeSpan.Zero : Stopwatch.GetElapsedTime(start, asked);
            await Task.Delay(50);
        }

        return Settle;
    }

    private static async Task<string> LoadAsync() => (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
}
