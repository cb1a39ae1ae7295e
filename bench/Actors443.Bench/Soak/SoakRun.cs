using System.Diagnostics;
using System.Globalization;
using System.Security.Authentication;
using Actors443.Bench.Servers;
using Actors443.Server.Cli;
using Actors443.Server.Hosting;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Sessions;
using Actors443.Server.Load.Settings;
using Microsoft.AspNetCore.Builder;

namespace Actors443.Bench.Soak;

/// <summary>A server under everything at once for a long time: churn, odd ends, WebSockets, new certificates by files and by ACME, reloads, crashes of its actors, an upstream that comes and goes.</summary>
internal static class SoakRun
{
    private const int WebSockets = 200;
    private const int OddThreads = 2;

    /// <summary>Of the collector, of malloc's arenas and of what the runtime compiles once more.</summary>
    private const double GrowthAllowedMebibytes = 32;

    private const int SpareDescriptors = 32;

    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan ChangeEvery = TimeSpan.FromSeconds(20);

    // A crash and what comes of it for a client, whose answer may be on its way.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(double minutes, int seed, string? results, string? plot)
    {
        using var site = new BenchSite();
        int chaosPort = BenchSite.FreePort();
        await using WebApplication upstream = await SoakUpstream.StartAsync(site.UpstreamPort);
        using var over = new CancellationTokenSource();
        Task moody = SoakUpstream.ComeAndGoAsync(chaosPort, seed, over.Token);
        string crashFile = site.Write("crashes", "");
        var changes = new Changes(site);
        int httpsPort = BenchSite.FreePort();
        await using SoakRenewals? renewals = await SoakRenewals.StartAsync(httpsPort);
        using WatchedServer server = await WatchedServer.StartAsync(
            site, site.UpstreamPort, $"deadlines.idle = 30s\n{renewals?.Settings}\ninclude \"changing.conf\"",
            routes: $"{{ path = \"/socket\", proxy = \"http://127.0.0.1:{site.UpstreamPort}\" }}\n{{ path = \"/chaos\", proxy = \"http://127.0.0.1:{chaosPort}\" }}",
            program: [typeof(SoakRun).Assembly.Location, "serve-soak", crashFile, seed.ToString(CultureInfo.InvariantCulture)],
            httpsPort: httpsPort);
        byte[] hello = await TlsClient.CaptureHelloAsync();
        OddClient[] odd = [.. Enumerable.Range(0, OddThreads).Select(number => new OddClient(server.Port, hello, number, seed))];
        using var traffic = new SoakTraffic(server.Port);
        var orderly = new LoadTotals();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{minutes:0.#} minutes, seed {seed}"));
        Console.WriteLine($"{"minute",8}{"accepted",12}{"WebSockets",12}{"failed",8}{"crashes",9}{"changes",9}{"fds",6}{"SSL",6}{"RSS MiB",10}{"GC MiB",9}{"native MiB",12}");
        Thread[] threads = [.. odd.Select(client => new Thread(() => RunGently(client, over.Token)) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        Task clients = traffic.RunAsync(WebSockets, over.Token);
        Task load = new LoadRun("soak").RunAsync(Churn(server.Port), orderly.Add, over.Token);
        Task changing = Task.WhenAll(changes.RunAsync(ChangeEvery, over.Token), renewals?.RunAsync(server, over.Token) ?? Task.CompletedTask);
        var looks = new List<SoakLook>();
        long began = Stopwatch.GetTimestamp();
        while (server.IsAlive && Stopwatch.GetElapsedTime(began).TotalMinutes < minutes)
        {
            await Task.Delay(LookEvery);
            if (!server.IsAlive)
                break;
            var look = new SoakLook(Stopwatch.GetElapsedTime(began), await server.LookAsync(), await server.AcceptedAsync(), traffic.WebSockets, traffic.Failures.Count + (renewals?.Failures.Count ?? 0), File.ReadLines(crashFile).Count(), changes.Count);
            looks.Add(look);
            if (looks.Count % 4 == 0 || minutes < 3)
                Write(look);
        }

        await over.CancelAsync();
        await Task.WhenAll(clients, load, changing, moody).WaitAsync(TimeSpan.FromMinutes(2));
        foreach (Thread thread in threads)
            thread.Join();
        if (!server.IsAlive)
        {
            Console.WriteLine($"NOT AS IT SHOULD BE: the server has ended. It said:\n{server.Said}");
            return 1;
        }

        ServerHoldings end = await server.SettleAsync(TimeSpan.FromSeconds(60));
        SoakCrash[] crashes = [.. File.ReadLines(crashFile).Select(SoakCrash.Parse)];
        SoakFailure[] failures = [.. traffic.Failures, .. renewals?.Failures ?? []];
        Report(traffic, orderly, odd, crashes, changes, failures);
        if (renewals is not null)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"      {renewals.Renewed} renewals by ACME, the longest took {renewals.Longest.TotalSeconds:0.0} s; {renewals.Visits:N0} visits of that name meanwhile"));
        List<string> faults = [.. Judge(looks, end, failures, orderly, crashes)];
        if (renewals is { Renewed: 0 } && minutes >= 2)
            faults.Add("nothing was renewed by ACME");
        faults.ForEach(fault => Console.WriteLine("NOT AS IT SHOULD BE: " + fault));
        if (results is not null)
            await File.WriteAllLinesAsync(Path.Combine(Directory.CreateDirectory(results).FullName, "soak.csv"), looks.Select(look => look.ToCsv()).Prepend(SoakLook.CsvHead));
        if (plot is not null)
            await File.WriteAllTextAsync(plot, SoakPlot.Draw(looks));
        Console.WriteLine(faults.Count == 0 ? "as it should be" : $"{faults.Count} faults");
        return faults.Count == 0 ? 0 : 1;
    }

    /// <summary>The product with a <see cref="CrashInjector"/> in it.</summary>
    public static Task<int> ServeAsync(string crashFile, int seed, string file) =>
        new CommandLine(CommandEnvironment.OfProcess(
            CommandConsole.OfProcess(),
            (start, stop) => ServerHost.ServeAsync(start, services => new CrashInjector(services, crashFile, TimeSpan.FromSeconds(3), seed).Start(), stop)))
        .InvokeAsync(["run", file]);

    private static LoadSettings Churn(int port) => new()
    {
        Target = new Uri($"https://localhost:{port}/hello"),
        Duration = TimeSpan.FromHours(3),
        SourceAddresses = 16,
        Groups =
        [
            new HandshakesGroup { Name = "tls13", Clients = 1, Resumed = 0.7, Version = SslProtocols.Tls13 },
            new HandshakesGroup { Name = "tls12", Clients = 1, Resumed = 0.7, Version = SslProtocols.Tls12 },
        ],
    };

    // The other half of the time is for those who wait for answers.
    private static void RunGently(OddClient client, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var turn = CancellationTokenSource.CreateLinkedTokenSource(stop);
            turn.CancelAfter(TimeSpan.FromMilliseconds(500));
            client.RunUntil(turn.Token);
            stop.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(1_500));
        }
    }

    private static void Write(SoakLook look) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{look.At.TotalMinutes,8:0.0}{look.Accepted,12:N0}{look.WebSockets,12}{look.Failed,8}{look.Crashes,9}{look.Changes,9}{look.Holdings.Descriptors,6}{look.Holdings.Sessions,6}{ServerHoldings.Mebibytes(look.Holdings.Resident),10:0.0}{ServerHoldings.Mebibytes(look.Holdings.Managed),9:0.0}{ServerHoldings.Mebibytes(look.Holdings.Native),12:0.0}"));

    private static void Report(SoakTraffic traffic, LoadTotals orderly, OddClient[] odd, SoakCrash[] crashes, Changes changes, SoakFailure[] all)
    {
        Console.WriteLine("done: " + string.Join(", ", traffic.Counts.OrderBy(count => count.Key, StringComparer.Ordinal).Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key} {count.Value:N0}"))));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"      {orderly.FullHandshakes:N0} full and {orderly.ResumedHandshakes:N0} resumed handshakes with a request; {odd.Sum(client => client.Count):N0} odd ends; {changes.Certificates} new certificates, {changes.Reloads} other reloads"));
        Console.WriteLine("crashes: " + string.Join(", ", crashes.GroupBy(crash => crash.Kind).OrderBy(kind => kind.Key, StringComparer.Ordinal).Select(kind => $"{kind.Key} {kind.Count()}")));
        foreach (IGrouping<string, SoakFailure> failures in all.GroupBy(failure => $"{failure.What}: {failure.How}").OrderByDescending(group => group.Count()).Take(12))
            Console.WriteLine($"failed: {failures.Count()} times {failures.Key}");
        foreach (ReportedError error in orderly.ErrorList.Take(5))
            Console.WriteLine($"failed: {error.Count} times a handshake with a request: {error.Kind} {error.Detail}");
    }

    private static IEnumerable<string> Judge(List<SoakLook> looks, ServerHoldings end, SoakFailure[] failures, LoadTotals orderly, SoakCrash[] crashes)
    {
        SoakCrash[] felt = [.. crashes.Where(crash => CrashInjector.OfConnections.Contains(crash.Kind))];
        SoakFailure[] unexplained = [.. failures.Where(failure => !felt.Any(crash => failure.At >= crash.At && failure.At <= crash.At + Aftermath))];
        foreach (SoakFailure failure in unexplained.Take(10))
            yield return string.Create(CultureInfo.InvariantCulture, $"{failure.At:HH:mm:ss} {failure.What} failed though no actor of a connection had: {failure.How}");
        if (unexplained.Length > 10)
            yield return $"{unexplained.Length - 10} more such failures";
        // Each of the two clients has one connection at a time.
        if (orderly.Errors > felt.Length * 2)
            yield return $"{orderly.Errors} handshakes with a request failed, of {felt.Length} crashes that may cost two each";
        if (!end.IsQuiet)
            yield return $"{end.Sessions} SSL objects, {end.Actors} actors, {end.Connections} connections, {end.Blocks} buffers are left";
        // The first third fills pools and caches, and compiles.
        SoakLook[] judged = [.. looks.Skip(looks.Count / 3)];
        if (judged.Length < 8)
            yield break;
        int quarter = judged.Length / 4;
        double grown = ServerHoldings.Mebibytes((long)(Median(judged[^quarter..], look => look.Holdings.Resident) - Median(judged[..quarter], look => look.Holdings.Resident)));
        double descriptors = Median(judged[^quarter..], look => look.Holdings.Descriptors) - Median(judged[..quarter], look => look.Holdings.Descriptors);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"after the first third: resident memory {grown:+0.0;-0.0} MiB, descriptors {descriptors:+0;-0;0} (medians of the last and the first quarter)"));
        if (grown > GrowthAllowedMebibytes)
            yield return string.Create(CultureInfo.InvariantCulture, $"resident memory has grown by {grown:0.0} MiB");
        if (descriptors > SpareDescriptors)
            yield return $"{descriptors} more descriptors";
    }

    private static double Median(SoakLook[] looks, Func<SoakLook, double> figure) => Tools.Median(looks.Select(figure));

    /// <summary>New certificates and changed settings, in turn.</summary>
    private sealed class Changes
    {
        private readonly BenchSite _site;

        public Changes(BenchSite site)
        {
            _site = site;
            WriteSettings(0);
        }

        public int Certificates { get; private set; }

        public int Reloads { get; private set; }

        public int Count => Certificates + Reloads;

        public async Task RunAsync(TimeSpan every, CancellationToken stop)
        {
            while (true)
            {
                await Task.Delay(every, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (stop.IsCancellationRequested)
                    return;
                if (Count % 2 == 0)
                {
                    _site.RenewCertificate();
                    Certificates++;
                }
                else
                    WriteSettings(++Reloads);
            }
        }

        private void WriteSettings(int number) => _site.Write("changing.conf", string.Create(CultureInfo.InvariantCulture, $"obituaries.per-client = {40 + number % 20}, sites.\"other-{number % 5}.test\".respond {{ status = 200, body = \"{number}\" }}"));
    }
}

/// <summary>What was seen at one moment of the run.</summary>
internal sealed record SoakLook(TimeSpan At, ServerHoldings Holdings, long Accepted, int WebSockets, int Failed, int Crashes, int Changes)
{
    public const string CsvHead = "seconds,accepted,web_sockets,failed,crashes,changes,descriptors,ssl_sessions,actors,resident_mib,managed_mib,native_mib";

    public string ToCsv() => string.Create(
        CultureInfo.InvariantCulture,
        $"{At.TotalSeconds:0},{Accepted},{WebSockets},{Failed},{Crashes},{Changes},{Holdings.Descriptors},{Holdings.Sessions},{Holdings.Actors},{ServerHoldings.Mebibytes(Holdings.Resident):0.0},{ServerHoldings.Mebibytes(Holdings.Managed):0.0},{ServerHoldings.Mebibytes(Holdings.Native):0.0}");
}

/// <summary>An actor was made to fail.</summary>
internal sealed record SoakCrash(DateTimeOffset At, string Kind, string Path)
{
    public static SoakCrash Parse(string line)
    {
        string[] words = line.Split(' ', 3);
        return new SoakCrash(DateTimeOffset.Parse(words[0], CultureInfo.InvariantCulture), words[1], words[2]);
    }
}
