using System.Diagnostics;
using System.Globalization;
using System.Security.Authentication;
using Actors443.Bench.Servers;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Sessions;
using Actors443.Server.Load.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Actors443.Bench.Soak;

/// <summary>
/// Very many connections of every kind and end, and what the server holds after each part of them: descriptors, SSL objects, actors, buffers, memory.
/// </summary>
internal static class LeakCheck
{
    private const int Parts = 8;
    private const int OddThreads = 8;

    /// <summary>Descriptors that may come and go with the runtime's own doings.</summary>
    private const int SpareDescriptors = 24;

    /// <summary>
    /// The smallest thing that OpenSSL could leave behind takes 32 bytes of malloc, the smallest object of ours 24: were one of them left by each connection,
    /// memory would grow by more than this for each. Half of the connections end before they have a TLS session, so half of it is the bound.
    /// </summary>
    private const int BytesPerConnection = 16;

    /// <summary>The collector's and malloc's own coming and going, seen with any number of connections.</summary>
    private const long Noise = 24 << 20;

    /// <summary>What Kestrel loses sight of (dotnet/aspnetcore#51307) goes with the idle deadline of ten seconds.</summary>
    private static readonly TimeSpan SettleWithin = TimeSpan.FromSeconds(40);

    public static async Task<int> RunAsync(long connections, int seed, string? preload)
    {
        using var site = new BenchSite();
        await using WebApplication upstream = await StartUpstreamAsync(site.UpstreamPort);
        using WatchedServer server = await WatchedServer.StartAsync(site, site.UpstreamPort, "deadlines.idle = 10s", preload);
        byte[] hello = await TlsClient.CaptureHelloAsync();
        OddClient[] odd = [.. Enumerable.Range(0, OddThreads).Select(number => new OddClient(server.Port, hello, number, seed))];
        var orderly = new LoadTotals();
        // Tiered compilation, caches, pools and arenas fill up: what is counted begins after it.
        long warmUp = Math.Min(100_000, connections / 4);
        long part = (connections - warmUp) / Parts;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{connections:N0} connections, seed {seed}; {warmUp:N0} of them to warm up"));
        Console.WriteLine($"{"connections",12}{"per second",12}{"fds",7}{"SSL",6}{"actors",8}{"open",6}{"blocks",8}{"RSS MiB",10}{"GC MiB",9}{"native MiB",12}");
        var looks = new List<(long Accepted, ServerHoldings Holdings)>();
        long began = Stopwatch.GetTimestamp();
        for (int number = 0; number <= Parts; number++)
        {
            long start = Stopwatch.GetTimestamp();
            long before = await server.AcceptedAsync();
            await RunPartAsync(server, odd, orderly, warmUp + part * number);
            if (!server.IsAlive)
                return Ended(server);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            ServerHoldings holdings = await server.SettleAsync(SettleWithin);
            long accepted = await server.AcceptedAsync();
            looks.Add((accepted, holdings));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{accepted,12:N0}{(accepted - before) / seconds,12:N0}{holdings.Descriptors,7}{holdings.Sessions,6}{holdings.Actors,8}{holdings.Connections,6}{holdings.Blocks,8}{ServerHoldings.Mebibytes(holdings.Resident),10:0.0}{ServerHoldings.Mebibytes(holdings.Managed),9:0.0}{ServerHoldings.Mebibytes(holdings.Native),12:0.0}"));
            // A moment in which nothing moves, for whoever wants to stop here for a while.
            await Task.Delay(500);
        }

        Report(odd, orderly, Stopwatch.GetElapsedTime(began));
        List<string> faults = [.. Judge(looks, judgesMemory: preload is null), .. odd.SelectMany(client => client.Failures).Take(5).Select(failure => "an odd client: " + failure)];
        if (orderly.Errors > 0)
            faults.Add($"{orderly.Errors} of the orderly clients' conversations failed: {string.Join(", ", orderly.ErrorList.Select(error => $"{error.Kind} {error.Detail} {error.Count}"))}");
        faults.ForEach(fault => Console.WriteLine("NOT AS IT SHOULD BE: " + fault));
        if (faults.Count == 0)
            Console.WriteLine("nothing is left behind");
        foreach (OddClient client in odd)
            client.Dispose();
        await upstream.StopAsync();
        return faults.Count == 0 ? 0 : 1;
    }

    private static int Ended(WatchedServer server)
    {
        Console.WriteLine($"NOT AS IT SHOULD BE: the server has ended. It said:\n{server.Said}");
        return 1;
    }

    /// <summary>What of every connection should have gone, and memory that grows with their number.</summary>
    private static IEnumerable<string> Judge(List<(long Accepted, ServerHoldings Holdings)> looks, bool judgesMemory)
    {
        (long firstCount, ServerHoldings first) = looks[0];
        (long lastCount, ServerHoldings last) = looks[^1];
        if (!last.IsQuiet)
            yield return $"{last.Sessions} SSL objects, {last.Actors} actors, {last.Connections} connections, {last.Blocks} buffers are left";
        if (last.Descriptors > first.Descriptors + SpareDescriptors)
            yield return $"{last.Descriptors - first.Descriptors} more file descriptors than after the warm-up";
        if (!judgesMemory)
            yield break;
        long connections = lastCount - firstCount;
        long allowed = Noise + connections * BytesPerConnection;
        double resident = Slope(looks, holdings => holdings.Resident);
        double native = Slope(looks, holdings => holdings.Native);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"after the warm-up: RSS {resident:+0.0;-0.0} bytes a connection, native memory {native:+0.0;-0.0} (least squares over {looks.Count} looks); from first to last look {ServerHoldings.Mebibytes(last.Resident - first.Resident):+0.0;-0.0} MiB of {ServerHoldings.Mebibytes(allowed):0.0} allowed"));
        if (last.Resident - first.Resident > allowed && resident > BytesPerConnection)
            yield return "resident memory grows with the number of connections";
        if (last.Native - first.Native > allowed && native > BytesPerConnection)
            yield return "native memory grows with the number of connections";
    }

    private static double Slope(List<(long Accepted, ServerHoldings Holdings)> looks, Func<ServerHoldings, long> figure)
    {
        double x = looks.Average(look => look.Accepted);
        double y = looks.Average(look => figure(look.Holdings));
        return looks.Sum(look => (look.Accepted - x) * (figure(look.Holdings) - y)) / looks.Sum(look => (look.Accepted - x) * (look.Accepted - x));
    }

    /// <summary>Orderly and odd clients side by side until the server has accepted so many in all.</summary>
    private static async Task RunPartAsync(WatchedServer server, OddClient[] odd, LoadTotals orderly, long until)
    {
        using var stop = new CancellationTokenSource();
        Thread[] threads = [.. odd.Select(client => new Thread(() => client.RunUntil(stop.Token)) { IsBackground = true })];
        foreach (Thread thread in threads)
            thread.Start();
        var settings = new LoadSettings
        {
            Target = new Uri($"https://localhost:{server.Port}/hello"),
            Duration = TimeSpan.FromHours(1),
            SourceAddresses = 32,
            Groups =
            [
                new HandshakesGroup { Name = "tls13", Clients = 16, Resumed = 0.7, Version = SslProtocols.Tls13 },
                new HandshakesGroup { Name = "tls12", Clients = 4, Resumed = 0.7, Version = SslProtocols.Tls12 },
            ],
        };
        Task load = new LoadRun("leaks").RunAsync(settings, orderly.Add, stop.Token);
        while (server.IsAlive && !load.IsCompleted && await server.AcceptedAsync() < until)
            await Task.Delay(200);
        await stop.CancelAsync();
        await load;
        foreach (Thread thread in threads)
            thread.Join();
    }

    private static void Report(OddClient[] odd, LoadTotals orderly, TimeSpan time)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{time.TotalMinutes:0.0} minutes; in order: {orderly.FullHandshakes:N0} full and {orderly.ResumedHandshakes:N0} resumed handshakes with a request; odd ends: {odd.Sum(client => client.Count):N0}"));
        Console.WriteLine("  " + string.Join(", ", Enum.GetValues<OddEnd>().Select(end => string.Create(CultureInfo.InvariantCulture, $"{end} {odd.Sum(client => client.Counts[(int)end]):N0}"))));
    }

    /// <summary>Takes bodies and says hello; keeps no connection, so that it is no part of what the server holds.</summary>
    private static async Task<WebApplication> StartUpstreamAsync(int port)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        WebApplication upstream = builder.Build();
        upstream.Run(async context =>
        {
            context.Response.Headers.Connection = "close";
            try
            {
                await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
                await context.Response.WriteAsync(BenchSite.Hello);
            }
            catch (Exception cause) when (cause is IOException or OperationCanceledException or BadHttpRequestException)
            {
                // The client went in the middle: what it came for.
            }
        });
        await upstream.StartAsync();
        return upstream;
    }
}
