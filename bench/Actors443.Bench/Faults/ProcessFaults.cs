using System.Diagnostics;
using System.Globalization;
using Actors443.Bench.Attacks;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;

namespace Actors443.Bench.Faults;

/// <summary>The process stands still for five seconds (SIGSTOP), as in a virtual machine that is moved.</summary>
internal sealed class StoppedProcess : Fault
{
    private const int SigStop = 19;
    private const int SigContinue = 18;

    public override string Name => "stopped-process";

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        using WatchedServer server = await WatchedServer.StartAsync(site, site.UpstreamPort, $"engine = {engine}, log.level = error");
        using var client = new GoodClient(server.Port, BenchSite.Hello);
        await Task.Delay(2_000);
        double before = GoodClient.P99(client.Since(0));
        Signal(server.Id, SigStop);
        await Task.Delay(5_000);
        Signal(server.Id, SigContinue);
        await Task.Delay(2_000);
        long after = Stopwatch.GetTimestamp();
        await Task.Delay(2_000);
        double[] times = client.Since(after);
        var broken = new List<string>();
        if (client.Failures.Count > 0)
            broken.Add($"{client.Failures.Count} requests failed: {client.Failures[0]}");
        if (times.Length == 0 || GoodClient.P99(times) > Math.Max(100, 5 * before))
            broken.Add("two seconds later it is not as fast as before");
        return new FaultResult(string.Create(CultureInfo.InvariantCulture, $"5 s stopped: {client.Since(0).Length} requests served, none failed, the slowest {client.Since(0)[^1]:0} ms; two seconds later p99 {GoodClient.P99(times):0.0} ms ({before:0.0} before)"), broken);
    }
}

/// <summary>The process is killed, and started again at once with what it has left.</summary>
internal sealed class KilledServer : Fault
{
    private const int SigKill = 9;
    private const int Rounds = 3;

    public override string Name => "killed-server";

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        var broken = new List<string>();
        var seconds = new List<double>();
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            using WatchedServer server = await WatchedServer.StartAsync(site, site.UpstreamPort, $"engine = {engine}, log.level = error");
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            using (var client = new GoodClient(server.Port, BenchSite.Hello))
            {
                await Task.Delay(1_000);
                if (client.Failures.Count > 0)
                    broken.Add($"{client.Failures.Count} requests failed: {client.Failures[0]}");
            }

            Signal(server.Id, SigKill);
        }

        return new FaultResult(string.Create(CultureInfo.InvariantCulture, $"killed {Rounds} times, ready again after {string.Join(", ", seconds.Select(one => one.ToString("0.0", CultureInfo.InvariantCulture)))} s"), broken);
    }
}
