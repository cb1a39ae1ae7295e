using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;

namespace Actors443.Bench.Faults;

/// <summary>The upstream of a site is killed under its requests, and comes back.</summary>
internal sealed class KilledUpstream : Fault
{
    public override string Name => "killed-upstream";

    public override string? Missing => Programs.Find("nginx") is null ? "nginx is missing: apt install nginx-light" : null;

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        site.StartUpstream();
        using WatchedServer server = await WatchedServer.StartAsync(site, site.UpstreamPort, $"engine = {engine}, log.level = critical");
        var broken = new List<string>();
        var statuses = new Dictionary<int, int>();
        double slowest = 0;
        double again = 0;
        (IReadOnlyList<string> failures, int served, _) = await ServeAsync(server, TimeSpan.FromSeconds(1), meanwhile: async () =>
        {
            if (!await HoldsAsync(async () => await StatusAsync(server.Port, "/proxy") == 200, TimeSpan.FromSeconds(10)))
                broken.Add("the upstream is not even there");
            site.StopUpstream();
            for (int number = 0; number < 50; number++)
            {
                long start = Stopwatch.GetTimestamp();
                int status = await StatusAsync(server.Port, "/proxy");
                slowest = Math.Max(slowest, Stopwatch.GetElapsedTime(start).TotalSeconds);
                statuses[status] = statuses.GetValueOrDefault(status) + 1;
            }

            site.StartUpstream();
            long back = Stopwatch.GetTimestamp();
            if (!await HoldsAsync(async () => await StatusAsync(server.Port, "/proxy") == 200, TimeSpan.FromSeconds(20)))
                broken.Add("it does not find the upstream again");
            again = Stopwatch.GetElapsedTime(back).TotalSeconds;
        });
        if (failures.Count > 0)
            broken.Add($"{failures.Count} requests to another route failed: {failures[0]}");
        if (statuses.Keys.Any(status => status is not (502 or 503)))
            broken.Add("another answer than 502 or 503");
        if (slowest > 3)
            broken.Add("an answer took long");
        return new FaultResult(string.Create(CultureInfo.InvariantCulture, $"answers while it was dead: {string.Join(", ", statuses.Select(pair => $"{pair.Key} {pair.Value} times"))}, the slowest {slowest:0.0} s; found again after {again:0.0} s; {served} requests to another route served"), broken);
    }
}

/// <summary>A network that delays every piece, cuts it anywhere, and drops one connection in ten.</summary>
internal sealed class BadNetwork : Fault
{
    private const int Clients = 20;
    private const int Each = 10;

    public override string Name => "bad-network";

    public override async Task<FaultResult> RunAsync(BenchSite site, string engine)
    {
        using WatchedServer server = await WatchedServer.StartAsync(site, site.UpstreamPort, $"engine = {engine}, log.level = error");
        using var network = new BadRelay(server.Port);
        int good = 0;
        int lost = 0;
        double slowest = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async number =>
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, SslOptions = TlsClient.Options(resume: false) })
            {
                DefaultRequestVersion = number % 2 == 0 ? HttpVersion.Version20 : HttpVersion.Version11,
                DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
            };
            for (int count = 0; count < Each; count++)
            {
                long start = Stopwatch.GetTimestamp();
                try
                {
                    byte[] bytes = await http.GetByteArrayAsync(new Uri($"https://localhost:{network.Port}{(count % 2 == 0 ? "/hello" : "/files/100k.bin")}"));
                    if (bytes.Length == (count % 2 == 0 ? BenchSite.Hello.Length : 100 * 1024))
                        Interlocked.Increment(ref good);
                }
                catch (Exception cause) when (cause is HttpRequestException or HttpIOException or TaskCanceledException)
                {
                    Interlocked.Increment(ref lost);
                }

                double taken = Stopwatch.GetElapsedTime(start).TotalSeconds;
                lock (network)
                    slowest = Math.Max(slowest, taken);
            }
        }));
        var broken = new List<string>();
        if (good + lost < Clients * Each)
            broken.Add("an answer was short");
        // Those of a connection that is dropped, and no others.
        if (lost > 10 * network.Dropped)
            broken.Add($"{lost} requests lost with {network.Dropped} connections dropped");
        if (good < Clients * Each / 4)
            broken.Add($"only {good} requests served");
        if (!await HoldsAsync(async () => await server.OpenAsync() == 0, TimeSpan.FromSeconds(20)))
            broken.Add("connections are left behind");
        return new FaultResult(string.Create(CultureInfo.InvariantCulture, $"20 to 120 ms for each piece, {network.Dropped} connections dropped: {good} of {Clients * Each} requests of HTTP/1.1 and 2 served whole, {lost} lost with their connections, the slowest {slowest:0.0} s; nothing left behind"), broken);
    }

    private sealed class BadRelay : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly int _target;
        private int _connections;
        private int _dropped;

        public BadRelay(int target)
        {
            _target = target;
            _listener.Start();
            _ = AcceptAsync();
        }

        public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

        public int Dropped => Volatile.Read(ref _dropped);

        public void Dispose() => _listener.Dispose();

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                    _ = RelayAsync(await _listener.AcceptSocketAsync(), Interlocked.Increment(ref _connections));
            }
            catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
            {
                // Its time is over.
            }
        }

        private async Task RelayAsync(Socket client, int number)
        {
            using Socket near = client;
            using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, _target);
                // Every tenth is cut after some pieces.
                int pieces = number % 10 == 5 ? 5 + number % 7 : int.MaxValue;
                await Task.WhenAny(CopyAsync(near, far, pieces, number), CopyAsync(far, near, pieces, number + 1));
            }
            catch (SocketException)
            {
                // Either side is gone.
            }
            finally
            {
                near.Close(0);
                far.Close(0);
            }
        }

        private async Task CopyAsync(Socket from, Socket to, int pieces, int seed)
        {
            var random = new Random(seed);
            byte[] buffer = new byte[32 * 1024];
            for (int piece = 0; ; piece++)
            {
                if (piece >= pieces)
                {
                    Interlocked.Increment(ref _dropped);
                    return;
                }

                int count = await from.ReceiveAsync(buffer.AsMemory(0, random.Next(1, buffer.Length)));
                if (count == 0)
                    return;
                await Task.Delay(random.Next(20, 120));
                await to.SendAsync(buffer.AsMemory(0, count));
            }
        }
    }
}
