using System.Globalization;
using Actors443.Bench.Servers;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Server;
using Actors443.Server.Load.Sessions;
using Actors443.Server.Load.Settings;

namespace Actors443.Bench.Comparison;

/// <summary>Runs of our own load tester in this process.</summary>
internal static class Driver
{
    public const string Name = "actors443 load";

    public static LoadSettings Settings(ComparedServer server, TimeSpan duration, params LoadGroup[] groups) => new()
    {
        Target = new Uri(string.Create(CultureInfo.InvariantCulture, $"https://localhost:{server.Port}/hello")),
        Duration = duration,
        SourceAddresses = 8,
        Groups = groups,
    };

    /// <summary>Runs, and tells what each group came to.</summary>
    /// <param name="each">Called for every sample as well.</param>
    public static async Task<Dictionary<string, LoadTotals>> RunAsync(LoadSettings settings, Action<IntervalSample>? each = null)
    {
        Dictionary<string, LoadTotals> totals = settings.Groups.ToDictionary(group => group.Name, _ => new LoadTotals());
        await new LoadRun("bench").RunAsync(
            settings,
            sample =>
            {
                totals[sample.Group].Add(sample);
                each?.Invoke(sample);
            },
            default);
        return totals;
    }
}

/// <summary>CPU of the server for a connection with its handshake, one request and its close.</summary>
internal sealed class HandshakeRow(string name, double resumed) : ComparisonRow(name, "µs", Driver.Name)
{
    public override TimeSpan Length => TimeSpan.FromSeconds(2.5);

    public override async Task<Measured> MeasureAsync(ComparedServer server)
    {
        ServerUsage before = server.Usage();
        LoadTotals totals = (await Driver.RunAsync(Driver.Settings(server, TimeSpan.FromSeconds(2), new HandshakesGroup { Name = "handshakes", Clients = 32, Resumed = resumed })))["handshakes"];
        TimeSpan cpu = server.Usage().Cpu - before.Cpu;
        long connections = totals.FullHandshakes + totals.ResumedHandshakes;
        // A server that does not resume would look better at what it was not asked for.
        long notResumed = resumed > 0 && totals.ResumedHandshakes < connections * 0.9 ? totals.FullHandshakes : 0;
        return new Measured(cpu.TotalMicroseconds / connections, totals.Succeeded / totals.Counted, totals.Errors + notResumed);
    }
}

/// <summary>The same connections by a tool that is not ours: one at a time, as fast as it goes.</summary>
internal sealed class OpensslRow(string name, bool reuse) : ComparisonRow(name, "µs", "openssl s_time")
{
    private const int Seconds = 2;

    public override TimeSpan Length => TimeSpan.FromSeconds(Seconds + 0.5);

    public override string? MissingTool => Programs.Find("openssl") is null ? "apt install openssl" : null;

    public override async Task<Measured> MeasureAsync(ComparedServer server)
    {
        ServerUsage before = server.Usage();
        string output = await Programs.RunAsync(
            Programs.Find("openssl")!, "s_time", "-connect", string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{server.Port}"), reuse ? "-reuse" : "-new", "-time", $"{Seconds}", "-www", "/hello");
        TimeSpan cpu = server.Usage().Cpu - before.Cpu;
        System.Text.RegularExpressions.Match connections = System.Text.RegularExpressions.Regex.Match(output, @"(\d+) connections in \d+ real seconds");
        if (!connections.Success)
            throw new InvalidOperationException("openssl s_time said nothing of connections:\n" + output);
        long count = long.Parse(connections.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
        return new Measured(cpu.TotalMicroseconds / count, count / (double)Seconds);
    }
}

/// <summary>The 99th percentile at a rate that is the same for all, about half of what the slowest bears.</summary>
internal sealed class LatencyRow(Func<double> rate) : ComparisonRow("p99 latency at half load", "µs", Driver.Name)
{
    public override int? Rounds => 3;

    public override TimeSpan Length => TimeSpan.FromSeconds(4);

    public override async Task<Measured> MeasureAsync(ComparedServer server)
    {
        LoadSettings settings = Driver.Settings(server, TimeSpan.FromSeconds(2.5), new SteadyGroup { Name = "steady", Clients = 64, Rate = rate() }) with { WarmUp = TimeSpan.FromSeconds(1) };
        LoadTotals totals = (await Driver.RunAsync(settings))["steady"];
        return new Measured(totals.Latency!.GetValueAtPercentile(99), totals.Succeeded / totals.Counted, totals.Errors);
    }
}

/// <summary>Certificates renewed while requests and new connections go on: what fails, and the p99 of the requests.</summary>
internal sealed class ReloadRow(BenchSite site) : ComparisonRow("p99 latency while 5 certificates are taken into use", "µs", Driver.Name)
{
    private const int Reloads = 5;

    public override int? Rounds => 1;

    public override TimeSpan Length => TimeSpan.FromSeconds(8);

    public override bool AppliesTo(ComparedServer server) => server.Reloads;

    public override async Task<Measured> MeasureAsync(ComparedServer server)
    {
        Task<Dictionary<string, LoadTotals>> run = Driver.RunAsync(Driver.Settings(
            server,
            TimeSpan.FromSeconds(7),
            new SteadyGroup { Name = "steady", Clients = 64, Rate = 5_000 },
            new HandshakesGroup { Name = "handshakes", Clients = 32, Rate = 200 }));
        for (int reload = 0; reload < Reloads; reload++)
        {
            await Task.Delay(TimeSpan.FromSeconds(1));
            site.RenewCertificate();
            await server.ReloadAsync();
        }

        Dictionary<string, LoadTotals> totals = await run;
        return new Measured(totals["steady"].Latency!.GetValueAtPercentile(99), totals["steady"].Succeeded / totals["steady"].Counted, totals.Values.Sum(group => group.Errors));
    }
}

/// <summary>Memory of a server for each idle session.</summary>
internal sealed class IdleRow(int sessions) : ComparisonRow(string.Create(CultureInfo.InvariantCulture, $"memory of an idle session, {sessions:N0} of them"), "KiB", Driver.Name)
{
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);

    private readonly TimeSpan _ramp = TimeSpan.FromSeconds(Math.Max(3, sessions / 1_200.0));

    public override int? Rounds => 1;

    public override bool NeedsFreshServer => true;

    public override TimeSpan Length => _ramp + Quiet + TimeSpan.FromSeconds(3);

    public override async Task<Measured> MeasureAsync(ComparedServer server)
    {
        long before = server.Usage().MemoryBytes;
        long held = 0;
        int open = 0;
        Dictionary<string, LoadTotals> totals = await Driver.RunAsync(
            Driver.Settings(server, _ramp + Quiet + TimeSpan.FromSeconds(2), new HoldGroup { Name = "hold", Sessions = sessions, Ramp = _ramp, Heartbeat = null }),
            sample =>
            {
                // The last look while all are open counts.
                if (sample.OpenSessions < sessions)
                    return;
                held = server.Usage().MemoryBytes;
                open = sample.OpenSessions;
            });
        return new Measured((held - before) / 1_024.0 / Math.Max(1, open), null, totals["hold"].Errors + sessions - open);
    }
}

/// <summary>CPU for a new connection while very many idle ones are open.</summary>
internal sealed class ChurnRow(int idle) : ComparisonRow(string.Create(CultureInfo.InvariantCulture, $"full handshake, request, close, beside {idle:N0} idle sessions"), "µs", Driver.Name)
{
    private static readonly TimeSpan Ramp = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Churn = TimeSpan.FromSeconds(4);

    public override int? Rounds => 1;

    public override TimeSpan Length => Ramp + Quiet + Churn + TimeSpan.FromSeconds(1);

    public override async Task<Measured> MeasureAsync(ComparedServer server)
    {
        ServerUsage? began = null;
        ServerUsage ended = default;
        double counted = 0;
        long connections = 0;
        Dictionary<string, LoadTotals> totals = await Driver.RunAsync(
            Driver.Settings(
                server,
                Ramp + Quiet + Churn,
                new HoldGroup { Name = "hold", Sessions = idle, Ramp = Ramp, Heartbeat = null },
                new HandshakesGroup { Name = "churn", Clients = 64, Rate = 500, Start = Ramp + Quiet }),
            sample =>
            {
                if (sample.Group != "churn" || sample.Start < Ramp + Quiet - TimeSpan.FromSeconds(0.5) || sample.Length < TimeSpan.FromSeconds(0.5))
                    return;
                // Between the ends of whole seconds: what the beginning did is not counted.
                ServerUsage now = server.Usage();
                if (began is null)
                {
                    began = now;
                    return;
                }

                ended = now;
                counted += sample.Length.TotalSeconds;
                connections += sample.FullHandshakes;
            });
        return new Measured((ended.Cpu - began!.Value.Cpu).TotalMicroseconds / Math.Max(1, connections), connections / Math.Max(1, counted), totals.Values.Sum(group => group.Errors));
    }
}

/// <summary>CPU for a request at one rate over more and more sessions.</summary>
internal sealed class GrowthRow(int sessions) : ComparisonRow(string.Create(CultureInfo.InvariantCulture, $"request at 10,000/s over {sessions:N0} sessions"), "µs", Driver.Name)
{
    private const double Rate = 10_000;

    private readonly TimeSpan _ramp = TimeSpan.FromSeconds(Math.Max(1, sessions / 1_200.0));

    public override int? Rounds => 1;

    public override TimeSpan Length => _ramp + TimeSpan.FromSeconds(5);

    public override async Task<Measured> MeasureAsync(ComparedServer server)
    {
        ServerUsage? began = null;
        ServerUsage ended = default;
        long answered = 0;
        LoadSettings settings = Driver.Settings(server, TimeSpan.FromSeconds(3), new SteadyGroup { Name = "steady", Clients = sessions, Rate = Rate, Ramp = _ramp }) with { WarmUp = _ramp + TimeSpan.FromSeconds(1) };
        LoadTotals totals = (await Driver.RunAsync(settings, sample =>
        {
            if (sample.Start < TimeSpan.FromSeconds(-0.5) || sample.Length < TimeSpan.FromSeconds(0.5))
                return;
            ServerUsage now = server.Usage();
            if (began is not null)
                answered += sample.Succeeded;
            began ??= now;
            ended = now;
        }))["steady"];
        return new Measured((ended.Cpu - began!.Value.Cpu).TotalMicroseconds / Math.Max(1, answered), answered / 2.0, totals.Errors);
    }
}
