using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Actors443.Admission;
using Actors443.Bench.Attacks;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;
using Actors443.Testing.Http2;

namespace Actors443.Bench.Faults;

/// <summary>As many connections as the process may have files, and more.</summary>
internal sealed class NoDescriptors : Fault
{
    private const int Limit = 400;
    private const double CoresAllowed = 0.5;

    public override string Name => "no-descriptors";

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        using WatchedServer server = await WatchedServer.StartAsync(site, site.UpstreamPort, $"engine = {engine}, log.level = warning, deadlines.handshake = 60s", prefix: ["prlimit", $"--nofile={Limit}:{Limit}"]);
        var broken = new List<string>();
        var sockets = new List<Socket>();
        double cores = 0;
        IReadOnlyList<string> failures;
        int served;
        using (var client = new GoodClient(server.Port, BenchSite.Hello, makesConnections: false))
        {
            await Task.Delay(1_000);
            try
            {
                for (int number = 0; number < Limit + 200; number++)
                {
                    var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                    sockets.Add(socket);
                    await socket.ConnectAsync(IPAddress.Loopback, server.Port);
                }

                if (!await HoldsAsync(async () => await server.MetricAsync("actors443_accept_shortages_total") > 0, TimeSpan.FromSeconds(10)))
                    broken.Add("the limit was not reached, or not counted");
                using var vitals = new Vitals(server.Id);
                await Task.Delay(5_000);
                if (!server.IsAlive)
                    return new FaultResult("the server has ended", [$"the server has ended: {server.Said}"]);
                cores = vitals.Cores;
            }
            finally
            {
                sockets.ForEach(socket => socket.Close(0));
            }

            (failures, served) = (client.Failures, client.Since(0).Length);
        }

        if (failures.Count > 0)
            broken.Add($"{failures.Count} requests of an open connection failed: {failures[0]}");
        if (cores > CoresAllowed)
            broken.Add(string.Create(CultureInfo.InvariantCulture, $"{cores:0.00} cores at the limit"));
        long freed = System.Diagnostics.Stopwatch.GetTimestamp();
        bool accepts = await HoldsAsync(async () => await StatusAsync(server.Port) == 200, TimeSpan.FromSeconds(10));
        double again = System.Diagnostics.Stopwatch.GetElapsedTime(freed).TotalSeconds;
        if (!accepts || again > 5)
            broken.Add("it does not accept again");
        long shortages = await server.MetricAsync("actors443_accept_shortages_total");
        return new FaultResult(string.Create(CultureInfo.InvariantCulture, $"{Limit} files, {Limit + 200} connections: {cores:0.00} cores at the limit, {shortages} failed accepts, {served} requests of an open connection served, accepts again after {again:0.0} s"), broken);
    }
}

/// <summary>A heap that may not grow, or a process whose memory the kernel bounds, and answers that nobody takes.</summary>
/// <param name="byKernel">By a control group, as containers and services are bounded.</param>
internal sealed class NoMemory(bool byKernel) : Fault
{
    // The server has some 30 MiB of heap of its own, and some 140 MiB in all.
    private const int HeapLimit = 80 << 20;
    private const int GroupLimit = 256 << 20;
    private const int Streams = 100;

    private static readonly TimeSpan ConnectWithin = TimeSpan.FromSeconds(2);

    private readonly int _connections = byKernel ? 150 : 60;

    public override string Name => byKernel ? "no-memory-cgroup" : "no-memory";

    public override string? Missing => byKernel ? MemoryGroup.Missing : null;

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        using MemoryGroup? group = byKernel ? new MemoryGroup(GroupLimit) : null;
        using WatchedServer server = await WatchedServer.StartAsync(
            site,
            site.UpstreamPort,
            $"engine = {engine}, log.level = error\nsites.localhost.routes = [{{ path = \"/hello\", respond {{ status = 200, type = \"text/plain\", body = \"{BenchSite.Hello}\" }} }}, {{ path = \"/files/*\", files = \"{site.Files}\" }}, {{ path = \"/proxy\", proxy = \"http://127.0.0.1:{site.UpstreamPort}\" }}]",
            prefix: group?.Prefix,
            environment: byKernel ? [] : [("DOTNET_GCHeapHardLimit", $"0x{HeapLimit:x}")]);
        site.StartUpstream();
        var broken = new List<string>();
        var clients = new List<FrameClient>();
        var statuses = new Dictionary<int, int>();
        int refused = 0;
        AdmissionMode mode = AdmissionMode.Normal;
        byte[] large = FrameClient.Request(path: "/files/1m.bin", more: ("x-padding", new string('x', 8_000)));
        byte[] upload = FrameClient.Request("POST", "/proxy", more: ("x-padding", new string('x', 8_000)));
        try
        {
            for (int number = 0; number < _connections && server.IsAlive; number++)
            {
                try
                {
                    // No window: whatever is answered stays where it is.
                    FrameClient client = await FrameClient.ConnectAsync(server.Port, null, (4, 0)).WaitAsync(ConnectWithin);
                    clients.Add(client);
                    for (int stream = 0; stream < Streams; stream++)
                    {
                        client.Add(FrameClient.Headers, stream % 2 == 0 ? (byte)(FrameClient.EndHeaders | FrameClient.EndStream) : FrameClient.EndHeaders, 2 * stream + 1, stream % 2 == 0 ? large : upload);
                        if (stream % 10 == 9)
                            await client.SendAsync();
                    }

                    await client.SendAsync();
                }
                catch (Exception cause) when (cause is IOException or SocketException or System.Security.Authentication.AuthenticationException or OperationCanceledException or TimeoutException)
                {
                    refused++;
                }

                int status = await StatusAsync(server.Port);
                statuses[status] = statuses.GetValueOrDefault(status) + 1;
                try
                {
                    AdmissionMode now = (await server.Admin.StatusAsync(CancellationToken.None)).Mode;
                    mode = now > mode ? now : mode;
                }
                catch (Exception cause) when (cause is Server.Admin.AdminException or HttpRequestException)
                {
                    broken.Add("the admin server does not answer");
                }
            }
        }
        finally
        {
            foreach (FrameClient client in clients)
                await client.DisposeAsync();
        }

        if (!server.IsAlive)
            return new FaultResult("the server has ended", [$"the server has ended: {server.Said}"]);
        if (!await HoldsAsync(async () => await StatusAsync(server.Port) == 200, TimeSpan.FromSeconds(60)))
            broken.Add("it does not serve again");
        if (mode != AdmissionMode.Paused)
            broken.Add($"the mode was never paused, but {mode}");
        long cut = await server.ClosedAsync("load_shed");
        return new FaultResult($"{(byKernel ? $"{GroupLimit >> 20} MiB for the process" : $"{HeapLimit >> 20} MiB of heap")}, {clients.Count} connections with {Streams} requests not taken, {refused} refused, {cut} cut for what they held: mode {mode}, a good client got {string.Join(", ", statuses.OrderBy(pair => pair.Key).Select(pair => $"{(pair.Key == 0 ? "no answer" : pair.Key)} {pair.Value} times"))}; it lives, and serves again", broken);
    }
}
