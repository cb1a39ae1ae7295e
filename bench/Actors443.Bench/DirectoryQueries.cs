using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using Actors443.Connections.Directory;
using Actors443.Server.Admin;

namespace Actors443.Bench;

/// <summary>Three nodes with very many connections, and how long it takes until one of them has told of all.</summary>
internal static class DirectoryQueries
{
    private const int Nodes = 3;
    private const int FirstPort = 18450;
    private const int Rounds = 21;

    private static readonly string[] Filters = ["", "sni = localhost and age > 1s", "principal = nobody", "node = 127.0.0.1:18472 and protocol = http/1.1"];

    public static async Task<int> RunAsync(int each)
    {
        string folder = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        var servers = new List<ServerUnderTest>();
        var clients = new List<Process>();
        try
        {
            string secret = Convert.ToHexString(RandomNumberGenerator.GetBytes(32));
            servers.AddRange(await Task.WhenAll(Enumerable.Range(0, Nodes).Select(node => ServerUnderTest.StartProductAsync(
                FirstPort + node, Path.Combine(folder, Text(node)),
                "--set", "deadlines.idle=10m", "--set", "admin.enabled=on", "--set", $"admin.bind=127.0.0.1:{FirstPort + 10 + node}", "--cluster", "--set", $"cluster.secret={secret}",
                "--set", $"cluster.bind=127.0.0.1:{FirstPort + 20 + node}", "--set", $"cluster.seed-nodes=[\"127.0.0.1:{FirstPort + 20}\", \"127.0.0.1:{FirstPort + 21}\"]"))));
            using AdminClient admin = AdminClient.At(new IPEndPoint(IPAddress.Loopback, FirstPort + 10), Path.Combine(folder, "0", "admin-token"));
            while ((await admin.ListNodesAsync(CancellationToken.None)).Count(node => node.Status == "up") < Nodes)
                await Task.Delay(TimeSpan.FromMilliseconds(200));

            clients.AddRange(await Task.WhenAll(Enumerable.Range(0, Nodes).Select(node => StartClientAsync(FirstPort + node, each))));
            bool isFast = true;
            foreach (string filter in Filters)
                isFast &= await MeasureAsync(admin, filter);
            return isFast ? 0 : 1;
        }
        finally
        {
            foreach (Process client in clients)
            {
                client.Kill();
                client.Dispose();
            }

            foreach (ServerUnderTest server in servers)
                server.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>As a process of its own, for there may be fewer descriptors to a process than connections: opens them, says so, and holds them.</summary>
    public static async Task<int> HoldAsync(int port, int count)
    {
        SslClientAuthenticationOptions options = TlsClient.Options(resume: false);
        var streams = new SslStream[count];
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, stop) => streams[i] = await TlsClient.ConnectAsync(port, options, stop));
        Console.WriteLine("open");
        await Task.Delay(TimeSpan.FromMinutes(10));
        GC.KeepAlive(streams);
        return 0;
    }

    private static async Task<Process> StartClientAsync(int port, int count)
    {
        Process client = Process.Start(new ProcessStartInfo(Environment.ProcessPath!, ["hold", Text(port), Text(count)]) { RedirectStandardOutput = true })!;
        if (await client.StandardOutput.ReadLineAsync() != "open")
            throw new InvalidOperationException($"The clients of port {port} did not connect.");
        return client;
    }

    private static async Task<bool> MeasureAsync(AdminClient admin, string filter)
    {
        var query = new ConnectionQuery { Where = ConnectionFilter.Parse(filter) };
        var times = new List<double>();
        ConnectionPage? page = null;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            page = await admin.ListConnectionsAsync(query, CancellationToken.None);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        // The first is compiled.
        double[] sorted = [.. times.Skip(1).Order()];
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{(filter.Length == 0 ? "all" : filter),-50} {page!.Matched,6} of {page.Total,6}, {page.Connections.Count,3} told of, {page.Silent.Count} nodes silent: median {sorted[sorted.Length / 2]:0} ms, longest {sorted[^1]:0} ms"));
        return page.Silent.Count == 0 && sorted[sorted.Length / 2] < 200;
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
