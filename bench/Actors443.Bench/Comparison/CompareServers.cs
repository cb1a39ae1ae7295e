using System.Diagnostics;
using System.Globalization;
using Actors443.Bench.Servers;
using Actors443.Server.Load.Settings;
using Actors443.Server.Telemetry;

namespace Actors443.Bench.Comparison;

/// <summary>What a comparison is asked to do.</summary>
/// <param name="Rounds">Of the rows that are measured again and again.</param>
/// <param name="Only">Part of a row's name; null: all rows.</param>
/// <param name="Servers">Parts of servers' names; empty: all that are installed.</param>
/// <param name="Page">Whose table is written anew; null: none.</param>
/// <param name="Results">Folder of the JSON; null: none.</param>
internal sealed record ComparisonOrder(int Rounds, string? Only, IReadOnlyList<string> Servers, string? Page, string? Results);

/// <summary>Actors443 beside plain Kestrel, nginx, HAProxy and Caddy, on this machine, in turn.</summary>
internal static class CompareServers
{
    private const int WarmUpRequests = 100_000;
    private const int FirstWarmUps = 3;
    private const double FallbackRate = 10_000;

    public static async Task<int> RunAsync(ComparisonOrder order)
    {
        using var site = new BenchSite();
        var skipped = new List<string>();
        ComparedServer[] all = [new NginxServer(site), new NginxServer(site, sameSuites: true), new HaproxyServer(site), new CaddyServer(site), new KestrelServer(site), .. Engines.Select(engine => new ProductServer(site, engine))];
        var servers = new List<ComparedServer>();
        try
        {
            bool upstream = site.StartUpstream();
            foreach (ComparedServer server in all.Where(server => order.Servers.Count == 0 || order.Servers.Any(part => server.Name.Contains(part, StringComparison.OrdinalIgnoreCase))))
            {
                if (server.Missing is { } missing)
                    Skip($"{server.Name}: {missing}");
                else
                    servers.Add(server);
            }

            void Skip(string what)
            {
                skipped.Add(what);
                Console.WriteLine("left out: " + what);
            }

            double halfLoad = FallbackRate;
            ComparisonRow[] rows = [.. Rows(site, () => halfLoad).Where(row => order.Only is null || row.Name.Contains(order.Only, StringComparison.OrdinalIgnoreCase))];
            if (!upstream)
            {
                Skip("the reverse proxy: apt install nginx-light");
                rows = [.. rows.Where(row => !row.Name.Contains("proxy", StringComparison.Ordinal))];
            }

            foreach (ComparisonRow row in rows.Where(row => row.MissingTool is not null))
                Skip($"{row.Name}: {row.MissingTool}");
            rows = [.. rows.Where(row => row.MissingTool is null)];
            long started = Stopwatch.GetTimestamp();
            DateTimeOffset date = TimeProvider.System.GetUtcNow();
            Console.WriteLine($"{rows.Length} rows, {servers.Count} servers: about {Estimate(rows, servers, order.Rounds).TotalMinutes:0} minutes");
            foreach (ComparedServer server in servers)
            {
                await server.StartAsync();
                for (int warmUp = 0; warmUp < FirstWarmUps; warmUp++)
                    await WarmUpAsync(server);
                Console.WriteLine($"{server.Version} is warm");
            }

            var measured = new List<ReportedRow>();
            foreach (ComparisonRow row in rows)
            {
                ReportedRow figures = await MeasureAsync(row, servers, order.Rounds);
                measured.Add(figures);
                Console.WriteLine($"{row.Name + " (" + row.Unit + ")",-66}" + string.Concat(servers.Select(server => Short(figures, server.Name, servers[0].Name))));
                if (measured.Count == 1 && figures.Figures.Count > 0)
                    halfLoad = Math.Round(figures.Figures.Values.Min(figure => figure.Rate ?? FallbackRate * 2) / 2 / 1_000) * 1_000;
            }

            var report = new ComparisonReport
            {
                Started = date,
                Commit = ServerVersion.Commit?[..7] ?? "unknown",
                Rounds = order.Rounds,
                Servers = [.. servers.Select(server => new ReportedServer(server.Name, server.Version))],
                Tools = await ToolsAsync(),
                Rows = measured,
                Skipped = skipped,
                Minutes = Stopwatch.GetElapsedTime(started).TotalMinutes,
            };
            if (order.Results is not null)
                report.WriteJson(order.Results);
            if (order.Page is not null)
                report.UpdatePage(order.Page);
            return 0;
        }
        finally
        {
            foreach (ComparedServer server in all)
                server.Dispose();
        }
    }

    /// <summary>The engines this product has on this machine.</summary>
    private static IEnumerable<string> Engines => Enum.GetValues<Actors443.Configuration.EngineKind>()
        .Where(engine => engine != Actors443.Configuration.EngineKind.Auto)
        .Select(engine => Actors443.Configuration.Reading.SettingsValueTypes.NameOf(engine));

    private static ComparisonRow[] Rows(BenchSite site, Func<double> halfLoad) =>
    [
        new RequestRow("h1 request, keep-alive, 64 connections", "wrk", "/hello", ["-t1", "-c64", "-d2s"]),
        new RequestRow("h1 request, keep-alive, 64 connections, again", "h2load", "/hello", ["--h1", "-c64", "-n100000"]),
        new RequestRow("h2 request, 16 × 32 streams", "h2load", "/hello", ["-c16", "-m32", "-n150000"]),
        new HandshakeRow("full TLS 1.3 handshake, request, close", 0),
        new HandshakeRow("resumed TLS 1.3 handshake, request, close", 1),
        new OpensslRow("full handshake, request, close, one at a time", reuse: false),
        new RequestRow("100 KiB download, 16 connections", "wrk", "/files/100k.bin", ["-t1", "-c16", "-d2s"], 100 / 1024.0),
        new RequestRow("1 MiB download, 16 connections", "wrk", "/files/1m.bin", ["-t1", "-c16", "-d2s"], 1),
        new RequestRow("reverse proxy to a local upstream, 64 connections", "wrk", "/proxy", ["-t1", "-c64", "-d2s"]),
        new LatencyRow(halfLoad),
        new ReloadRow(site),
        new GrowthRow(100),
        new GrowthRow(1_000),
        new GrowthRow(10_000),
        new ChurnRow(10_000),
        new IdleRow(4_000),
        new IdleRow(10_000),
    ];

    private static async Task<ReportedRow> MeasureAsync(ComparisonRow row, List<ComparedServer> servers, int rounds)
    {
        ComparedServer[] taking = [.. servers.Where(row.AppliesTo)];
        Dictionary<string, List<Measured>> all = taking.ToDictionary(server => server.Name, _ => new List<Measured>());
        for (int round = 0; round < (row.Rounds ?? rounds); round++)
        {
            // Another begins each time.
            foreach (ComparedServer server in taking.Select((_, index) => taking[(index + round) % taking.Length]))
            {
                if (row.NeedsFreshServer)
                {
                    server.Dispose();
                    await server.StartAsync();
                    await WarmUpAsync(server);
                }

                all[server.Name].Add(await row.MeasureAsync(server));
            }
        }

        return new ReportedRow(row.Name, row.Unit, row.Tool, all.ToDictionary(figures => figures.Key, figures => ToFigure(figures.Value, all.GetValueOrDefault(servers[0].Name))));
    }

    private static ReportedFigure ToFigure(List<Measured> rounds, List<Measured>? reference)
    {
        double[] ratios = reference is null ? [] : [.. rounds.Zip(reference).Where(pair => pair.Second.Value > 0).Select(pair => pair.First.Value / pair.Second.Value)];
        return new ReportedFigure(
            Tools.Median(rounds.Select(round => round.Value)),
            rounds[0].Rate is null ? null : Tools.Median(rounds.Select(round => round.Rate ?? 0)),
            rounds.Sum(round => round.Failed),
            ratios.Length > 0 ? Tools.Median(ratios) : null,
            ratios.Length > 0 ? ratios.Min() : null,
            ratios.Length > 0 ? ratios.Max() : null,
            rounds);
    }

    // Compilers settle only after very many requests, and again when another kind of work begins; the others do not mind.
    private static async Task WarmUpAsync(ComparedServer server)
    {
        LoadSettings Requests(LoadProtocol protocol) => Driver.Settings(server, TimeSpan.FromSeconds(2), new SteadyGroup { Name = "warm", Clients = 32, Protocol = protocol, Streams = 8 });
        long answered = 0;
        while (answered < WarmUpRequests)
        {
            long before = answered;
            foreach (LoadProtocol protocol in (LoadProtocol[])[LoadProtocol.Http1, LoadProtocol.Http2])
                answered += (await Driver.RunAsync(Requests(protocol)))["warm"].Succeeded;
            if (answered == before)
                throw new InvalidOperationException($"{server.Name} answers nothing.");
        }

        await Driver.RunAsync(Driver.Settings(server, TimeSpan.FromSeconds(1.5), new HandshakesGroup { Name = "warm", Clients = 32, Resumed = 0.5 }));
    }

    private static TimeSpan Estimate(ComparisonRow[] rows, List<ComparedServer> servers, int rounds)
    {
        TimeSpan warmUp = TimeSpan.FromSeconds(7);
        TimeSpan sum = warmUp * FirstWarmUps * servers.Count;
        foreach (ComparisonRow row in rows)
            sum += (row.Length + (row.NeedsFreshServer ? warmUp : TimeSpan.Zero)) * (row.Rounds ?? rounds) * servers.Count(row.AppliesTo);
        return sum;
    }

    private static string Short(ReportedRow row, string server, string reference)
    {
        if (!row.Figures.TryGetValue(server, out ReportedFigure? figure))
            return $"{"–",18}";
        string ratio = server == reference || figure.Ratio is not { } relative ? "" : string.Create(CultureInfo.InvariantCulture, $" ({relative:0.00})");
        string failed = figure.Failed > 0 ? "!" : "";
        return $"{figure.Median.ToString("0.0", CultureInfo.InvariantCulture) + ratio + failed,18}";
    }

    private static async Task<IReadOnlyList<string>> ToolsAsync()
    {
        var tools = new List<string> { Driver.Name + " " + ServerVersion.Product };
        if (Programs.Find("wrk") is { } wrk)
            tools.Add((await Programs.RunAsync(wrk, "-v")).Split('\n')[0].Split('[')[0].Trim());
        if (Programs.Find("h2load") is { } h2load)
            tools.Add((await Programs.RunAsync(h2load, "--version")).Trim());
        if (Programs.Find("openssl") is { } openssl)
            tools.Add((await Programs.RunAsync(openssl, "version")).Split('(')[0].Trim());
        return tools;
    }
}
