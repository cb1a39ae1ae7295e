using System.Diagnostics;
using System.Globalization;
using Actors443.Bench.Servers;

namespace Actors443.Bench.Remoting;

/// <summary>Messages between two processes over our transport and over DotNetty with TLS, in turn: how many for a second of CPU of both, and how long each takes.</summary>
internal static class RemotingCost
{
    private const double Bar = 1.3;
    private const int Seconds = 3;

    private static readonly string[] Transports = [RemotingNode.Own, "dot-netty"];

    // What, and how many are on their way at once.
    private static readonly (string Name, int Bytes, int AtOnce)[] Works =
    [
        ("ping-pong of 100 bytes, one at once", 100, 1),
        ("ping-pong of 100 bytes, 64 at once", 100, 64),
        ("10 KiB one way, 64 at once", 10 * 1024, 64),
    ];

    public static async Task<int> RunAsync(int rounds)
    {
        Console.WriteLine($"Messages for a second of CPU of both processes, and their 99th percentile; median of {rounds} rounds of {Seconds} s in turn.");
        Console.WriteLine($"{"",-38}{"actors443",12}{"dot-netty",12}   {"ratio",-22}{"p99 us",10}{"p99 us",10}");
        using Pair own = await Pair.StartAsync(Transports[0]);
        using Pair other = await Pair.StartAsync(Transports[1]);
        bool holds = true;
        foreach ((string name, int bytes, int atOnce) in Works)
        {
            foreach (Pair pair in (Pair[])[own, other])
                await pair.MeasureAsync(bytes, atOnce, Seconds);
            var all = new List<(Cost Own, Cost Other)>();
            for (int round = 0; round < rounds; round++)
            {
                bool first = round % 2 == 0;
                Cost one = await (first ? own : other).MeasureAsync(bytes, atOnce, Seconds);
                Cost two = await (first ? other : own).MeasureAsync(bytes, atOnce, Seconds);
                all.Add(first ? (one, two) : (two, one));
            }

            double[] ratios = [.. all.Select(pair => pair.Own.PerCpuSecond / pair.Other.PerCpuSecond).Order()];
            double ratio = Tools.Median(ratios);
            (double ownP99, double otherP99) = (Tools.Median(all.Select(pair => pair.Own.P99)), Tools.Median(all.Select(pair => pair.Other.P99)));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-38}{Tools.Median(all.Select(pair => pair.Own.PerCpuSecond)),12:0}{Tools.Median(all.Select(pair => pair.Other.PerCpuSecond)),12:0}   {$"{ratio:0.00} ({ratios[0]:0.00} to {ratios[^1]:0.00})",-22}{ownP99,10:0}{otherP99,10:0}"));
            if (ratio >= Bar && ownP99 <= otherP99)
                continue;
            holds = false;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"NOT AS IT SHOULD BE: {Bar} times the messages, and no longer for any"));
        }

        return holds ? 0 : 1;
    }

    private readonly record struct Cost(double PerCpuSecond, double P99);

    /// <summary>Two processes that speak with each other.</summary>
    private sealed class Pair(Process answers, Process asks) : IDisposable
    {
        private TimeSpan Cpu
        {
            get
            {
                answers.Refresh();
                asks.Refresh();
                return answers.TotalProcessorTime + asks.TotalProcessorTime;
            }
        }

        public static async Task<Pair> StartAsync(string transport)
        {
            (int first, int second) = (BenchSite.FreePort(), BenchSite.FreePort());
            Process answers = await LaunchAsync(transport, first, 0);
            return new Pair(answers, await LaunchAsync(transport, second, first));
        }

        public async Task<Cost> MeasureAsync(int bytes, int atOnce, int seconds)
        {
            TimeSpan before = Cpu;
            await asks.StandardInput.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{bytes} {atOnce} {seconds}"));
            string[] answer = (await asks.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The process that asks has ended.")).Split(' ');
            return new Cost(long.Parse(answer[0], CultureInfo.InvariantCulture) / (Cpu - before).TotalSeconds, double.Parse(answer[2], CultureInfo.InvariantCulture));
        }

        public void Dispose()
        {
            foreach (Process process in (Process[])[asks, answers])
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
                process.Dispose();
            }
        }

        private static async Task<Process> LaunchAsync(string transport, int port, int peer)
        {
            var start = new ProcessStartInfo(Environment.ProcessPath!, ["remoting-node", transport, port.ToString(CultureInfo.InvariantCulture), peer.ToString(CultureInfo.InvariantCulture)])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            Process process = Process.Start(start)!;
            string? line = await process.StandardOutput.ReadLineAsync();
            return line == "ready" ? process : throw new InvalidOperationException($"{transport} did not start: {line}");
        }
    }
}
