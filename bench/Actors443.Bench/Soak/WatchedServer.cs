using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Actors443.Bench.Servers;
using Actors443.Server.Admin;

namespace Actors443.Bench.Soak;

/// <summary>What a server holds at one moment.</summary>
/// <param name="Descriptors">Entries of <c>/proc/PID/fd</c>.</param>
/// <param name="Sessions">SSL objects.</param>
/// <param name="Actors">Connection actors, as their supervisors list them.</param>
/// <param name="Connections">As the admission gate counts them.</param>
/// <param name="Blocks">Buffers of pipes.</param>
/// <param name="Resident">Bytes.</param>
/// <param name="Managed">Bytes that the garbage collector holds.</param>
internal sealed record ServerHoldings(int Descriptors, long Sessions, int Actors, long Connections, long Blocks, long Resident, long Managed)
{
    /// <summary>Bytes that are not the collector's: OpenSSL, malloc, code, stacks.</summary>
    public long Native => Resident - Managed;

    public static double Mebibytes(long bytes) => bytes / 1024.0 / 1024;

    /// <summary>Nothing of any connection is left.</summary>
    public bool IsQuiet => Sessions == 0 && Actors == 0 && Connections == 0 && Blocks == 0;
}

/// <summary>The product in a process of its own, with its admin API to look into it. Goes with its state.</summary>
internal sealed partial class WatchedServer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(20) };
    private readonly int _adminPort;
    private readonly string _tokenFile;
    private AdminClient? _admin;

    private WatchedServer(Process process, int port, int adminPort, string tokenFile)
    {
        _process = process;
        Port = port;
        _adminPort = adminPort;
        _tokenFile = tokenFile;
    }

    public int Port { get; }

    public int Id => _process.Id;

    public bool IsAlive => !_process.HasExited;

    public string Said => Programs.WhatItSaid(_process);

    /// <summary>Starts it with a site's files, a fixed answer and an upstream.</summary>
    /// <param name="site">Its certificate, files and folder for state.</param>
    /// <param name="upstreamPort">Of 127.0.0.1, behind <c>/proxy</c>.</param>
    /// <param name="more">More settings, HOCON under <c>actors443</c>.</param>
    /// <param name="preload">Libraries put under the process, the last of which must be in it; null: none.</param>
    /// <param name="prefix">A program with its arguments that becomes the server, such as <c>prlimit</c>; null: none.</param>
    /// <param name="routes">More routes of the site.</param>
    /// <param name="program">What is started with the file; null: the product as it is.</param>
    /// <param name="httpsPort">Null: any.</param>
    /// <param name="environment">More variables of its environment.</param>
    public static async Task<WatchedServer> StartAsync(
        BenchSite site, int upstreamPort, string more = "", string? preload = null, IReadOnlyList<string>? prefix = null, string routes = "", IReadOnlyList<string>? program = null, int? httpsPort = null, params (string Name, string Value)[] environment)
    {
        int port = httpsPort ?? BenchSite.FreePort();
        int adminPort = BenchSite.FreePort();
        string state = Path.Combine(site.Folder, "state");
        string file = site.Write("watched.conf", $$"""
            actors443 {
              engine = event-loop
              sites.localhost.routes = [
                { path = "/hello", respond { status = 200, type = "text/plain", body = "{{BenchSite.Hello}}" } }
                { path = "/files/*", files = "{{site.Files}}" }
                { path = "/proxy", proxy = "http://127.0.0.1:{{upstreamPort}}" }
                {{routes}}
              ]
              https.bind = "127.0.0.1:{{port}}"
              http.enabled = off
              admin.bind = "127.0.0.1:{{adminPort}}"
              log.level = warning
              certificates.files = [{ chain = "{{site.Chain}}", key = "{{site.Key}}" }]
              state-directory = "{{state}}"
              {{more}}
            }
            """);
        string[] command = [.. prefix ?? [], "dotnet", .. program ?? [Path.Combine(AppContext.BaseDirectory, "Actors443.Server.dll"), "run"], file];
        Process process = Programs.Start(command[0], command[1..], [.. environment, .. preload is null ? [] : Preloaded(preload)]);
        // It may see other file systems than we do.
        string seen = prefix is null ? state : $"/proc/{process.Id}/root{state}";
        var server = new WatchedServer(process, port, adminPort, Path.Combine(seen, "admin-token"));
        long start = Stopwatch.GetTimestamp();
        while (!await server.IsReadyAsync())
        {
            if (process.HasExited || Stopwatch.GetElapsedTime(start) > Patience)
                throw new InvalidOperationException($"The server does not get ready. It said:\n{server.Said}");
            await Task.Delay(50);
        }

        if (preload is not null && !server.HasLoaded(preload.Split(' ')[^1]))
            throw new InvalidOperationException($"{preload} is not in the server's process.");
        return server;
    }

    /// <summary>Speaks with its admin server, over the same connection each time: it is one of the descriptors.</summary>
    public AdminClient Admin => _admin ??= AdminClient.At(new IPEndPoint(IPAddress.Loopback, _adminPort), _tokenFile);

    /// <summary>One of its metrics, whatever its labels, added up; 0: it was never counted.</summary>
    public async Task<long> MetricAsync(string name) => Sum(await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_adminPort}/metrics")), name, mayBeMissing: true);

    public async Task<ServerHoldings> LookAsync()
    {
        string metrics = await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_adminPort}/metrics"));
        ConnectionPage page = await Admin.ListConnectionsAsync(new ConnectionQuery { Limit = 1 }, CancellationToken.None);
        return new ServerHoldings(
            Directory.GetFiles($"/proc/{Id}/fd").Length,
            Sum(metrics, "actors443_tls_sessions"),
            page.Total,
            Sum(metrics, "actors443_connections_open"),
            Sum(metrics, "actors443_loop_blocks"),
            Resident(),
            Sum(metrics, "dotnet_gc_last_collection_memory_committed_size_bytes"));
    }

    /// <summary>Connections it has accepted in all.</summary>
    public async Task<long> AcceptedAsync() => Sum(await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_adminPort}/metrics")), "actors443_connections_accepted_total", mayBeMissing: true);

    /// <summary>Connections that ended for a reason, as metrics write it.</summary>
    public async Task<long> ClosedAsync(string reason)
    {
        string metrics = await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_adminPort}/metrics"));
        return metrics.Split('\n')
            .Where(line => line.StartsWith("actors443_connections_closed_total", StringComparison.Ordinal) && line.Contains($"reason=\"{reason}\"", StringComparison.Ordinal))
            .Sum(line => long.Parse(Value().Match(line).Groups[2].ValueSpan, CultureInfo.InvariantCulture));
    }

    /// <summary>Connections open now.</summary>
    public async Task<long> OpenAsync() => Sum(await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_adminPort}/metrics")), "actors443_connections_open");

    /// <summary>Connections that were refused or have ended, by reason as metrics write it.</summary>
    public async Task<Dictionary<string, long>> EndsAsync()
    {
        string metrics = await _http.GetStringAsync(new Uri($"http://127.0.0.1:{_adminPort}/metrics"));
        Dictionary<string, long> ends = ByReason(metrics, "actors443_connections_closed_total{");
        // What is refused after its ClientHello is in both.
        foreach ((string reason, long count) in ByReason(metrics, "actors443_connections_refused_total{"))
            ends[reason] = Math.Max(ends.GetValueOrDefault(reason), count);
        return ends;
    }

    /// <summary>The address of its admin server.</summary>
    public int AdminPort => _adminPort;

    /// <summary>What the admin server wants to be shown.</summary>
    public string AdminToken => File.ReadAllText(_tokenFile).Trim();

    /// <summary>Waits until nothing of any connection is left, and a little longer; answers what there is then.</summary>
    public async Task<ServerHoldings> SettleAsync(TimeSpan within)
    {
        long start = Stopwatch.GetTimestamp();
        ServerHoldings holdings = await LookAsync();
        while (!holdings.IsQuiet && Stopwatch.GetElapsedTime(start) < within)
        {
            await Task.Delay(250);
            holdings = await LookAsync();
        }

        await Task.Delay(1_000);
        return await LookAsync();
    }

    public void Dispose()
    {
        _admin?.Dispose();
        _http.Dispose();
        Programs.Stop(_process);
    }

    private async Task<bool> IsReadyAsync()
    {
        try
        {
            using HttpResponseMessage answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{_adminPort}/readyz"));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    // What glibc can check of everybody's memory besides, and freed memory overwritten.
    private static (string Name, string Value)[] Preloaded(string libraries) =>
        [("LD_PRELOAD", libraries), ("MALLOC_CHECK_", "3"), ("MALLOC_PERTURB_", "165"), ("DOTNET_DbgEnableMiniDump", "0")];

    private bool HasLoaded(string library) => File.ReadLines($"/proc/{Id}/maps").Any(line => line.EndsWith(Path.GetFullPath(library), StringComparison.Ordinal));

    private long Resident()
    {
        string line = File.ReadLines($"/proc/{Id}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1_024;
    }

    private static Dictionary<string, long> ByReason(string metrics, string metric)
    {
        var sums = new Dictionary<string, long>();
        foreach (string line in metrics.Split('\n').Where(line => line.StartsWith(metric, StringComparison.Ordinal)))
        {
            string reason = Reason().Match(line).Groups[1].Value;
            sums[reason] = sums.GetValueOrDefault(reason) + (long)double.Parse(line[(line.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture);
        }

        return sums;
    }

    /// <summary>The values of one metric, whatever their labels, added up.</summary>
    private static long Sum(string metrics, string name, bool mayBeMissing = false)
    {
        Match[] values = [.. Value().Matches(metrics).Where(match => match.Groups[1].ValueSpan.SequenceEqual(name))];
        // What was never counted is not shown.
        if (values.Length == 0 && !mayBeMissing)
            throw new InvalidOperationException($"The server shows no metric {name}.");
        return (long)values.Sum(match => double.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex("reason=\"([a-z_]+)\"")]
    private static partial Regex Reason();

    [GeneratedRegex(@"^([a-z0-9_]+)(?:\{[^}]*\})? ([0-9.eE+-]+)", RegexOptions.Multiline)]
    private static partial Regex Value();
}
