using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Actors443.Bench.Servers;

namespace Actors443.Bench;

/// <summary>Bytes through a CONNECT tunnel beside HAProxy in TCP mode, with the same certificate, cipher and target: megabytes for a second of the server's CPU.</summary>
internal static class TunnelThroughput
{
    private const int Streams = 4;
    private const int Megabytes = 256;

    // What is compiled as it runs is compiled well by then.
    private const int WarmUps = 6;
    private const string Token = "a token of this bench alone";
    private static readonly byte[] Chunk = new byte[256 * 1024];

    public static async Task<int> RunAsync(int rounds)
    {
        using var site = new BenchSite();
        using var target = new TcpListener(IPAddress.Loopback, 0);
        target.Start();
        _ = ServeAsync(target);
        int port = ((IPEndPoint)target.LocalEndpoint).Port;
        ComparedServer[] servers = [new HaproxyTcpServer(site, port), new TunnelServer(site, "event-loop"), new TunnelServer(site, "portable")];
        try
        {
            foreach (ComparedServer server in servers)
            {
                if (server.Missing is { } missing)
                {
                    Console.WriteLine($"{server.Name} is needed: {missing}");
                    return 1;
                }

                await server.StartAsync();
                for (int warmUp = 0; warmUp < WarmUps; warmUp++)
                {
                    await MoveAsync(server, port, upload: false);
                    await MoveAsync(server, port, upload: true);
                }
            }

            foreach (bool upload in (bool[])[false, true])
            {
                var all = servers.ToDictionary(server => server, _ => new List<double>());
                for (int round = 0; round < rounds; round++)
                {
                    foreach (ComparedServer server in servers)
                        all[server].Add(await MoveAsync(server, port, upload));
                }

                Console.WriteLine(upload ? "to the target, MiB for a second of CPU:" : "from the target, MiB for a second of CPU:");
                foreach ((ComparedServer server, List<double> figures) in all)
                {
                    double[] ratios = [.. figures.Zip(all[servers[0]], static (figure, reference) => figure / reference)];
                    Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {server.Name,-24}{Tools.Median(figures),8:0} ({Tools.Median(ratios):0.00} of {servers[0].Name}, {ratios.Min():0.00} to {ratios.Max():0.00})"));
                }
            }

            return 0;
        }
        finally
        {
            foreach (ComparedServer server in servers)
                server.Dispose();
        }
    }

    private static async Task<double> MoveAsync(ComparedServer server, int port, bool upload)
    {
        double before = server.Usage().Cpu.TotalSeconds;
        await Task.WhenAll(Enumerable.Range(0, Streams).Select(_ => MoveOneAsync(server, port, upload)));
        return Megabytes / (server.Usage().Cpu.TotalSeconds - before);
    }

    private static async Task MoveOneAsync(ComparedServer server, int port, bool upload)
    {
        using var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(IPAddress.Loopback, server.Port);
        await using var tls = new SslStream(tcp.GetStream(), false, static (_, certificate, _, _) => certificate is not null);
        await tls.AuthenticateAsClientAsync("localhost");
        byte[] buffer = new byte[Chunk.Length];
        if (server is TunnelServer)
        {
            await tls.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nProxy-Authorization: Bearer {Token.Replace(' ', '-')}\r\n\r\n"));
            int length = await tls.ReadAsync(buffer);
            if (!Encoding.ASCII.GetString(buffer, 0, length).StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
                throw new InvalidOperationException(server.Name + " gives no tunnel: " + Encoding.ASCII.GetString(buffer, 0, length));
        }

        long left = Megabytes * 1024L * 1024 / Streams;
        await tls.WriteAsync(new[] { upload ? (byte)'u' : (byte)'d' });
        if (upload)
        {
            for (; left > 0; left -= Chunk.Length)
                await tls.WriteAsync(Chunk);
            // All of it has arrived.
            await tls.ReadExactlyAsync(buffer.AsMemory(0, 1));
            return;
        }

        while (left > 0)
        {
            int count = await tls.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)));
            if (count == 0)
                throw new IOException(server.Name + " ended the tunnel early.");
            left -= count;
        }
    }

    private static async Task ServeAsync(TcpListener listener)
    {
        while (true)
        {
            Socket socket = await listener.AcceptSocketAsync();
            _ = Task.Run(() => ServeAsync(socket));
        }
    }

    private static async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        byte[] buffer = new byte[Chunk.Length];
        long left = Megabytes * 1024L * 1024 / Streams;
        try
        {
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 1));
            bool upload = buffer[0] == 'u';
            for (; left > 0 && !upload; left -= Chunk.Length)
                await stream.WriteAsync(Chunk);
            while (left > 0)
                left -= await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, buffer.Length)));
            await stream.WriteAsync(buffer.AsMemory(0, 1));
            // The other side ends it.
            _ = await stream.ReadAsync(buffer);
        }
        catch (IOException)
        {
            // Its server was stopped.
        }
    }

    private sealed class HaproxyTcpServer(BenchSite site, int target) : ComparedServer("HAProxy, TCP mode", site)
    {
        public override string? Missing => Programs.Find("haproxy") is null ? "apt install haproxy" : null;

        public override Task ReloadAsync() => Task.CompletedTask;

        protected override Task<string> VersionAsync() => Task.FromResult("HAProxy");

        protected override Process Launch(int port) => Programs.Start(Programs.Find("haproxy")!, ["-W", "-f", Site.Write("haproxy-tcp.cfg", $"""
            global
              no strict-limits
              nbthread 2
              ssl-default-bind-options ssl-min-ver TLSv1.2
            defaults
              mode tcp
              timeout client 600s
              timeout server 600s
              timeout connect 5s
            frontend tls
              bind 127.0.0.1:{port} ssl crt {Site.Both}
              default_backend behind
            backend behind
              server target 127.0.0.1:{target}

            """)]);
    }

    private sealed class TunnelServer(BenchSite site, string engine) : ComparedServer("Actors443 " + engine, site)
    {
        public override string? Missing => null;

        public override Task ReloadAsync() => Task.CompletedTask;

        protected override Task<string> VersionAsync() => Task.FromResult(Name);

        protected override Process Launch(int port) => Programs.Start("dotnet", [Path.Combine(AppContext.BaseDirectory, "Actors443.Server.dll"), "run", Site.Write($"tunnel-{engine}.conf", $$"""
            actors443 {
              engine = {{engine}}
              sites { "*" { respond = "{{BenchSite.Hello}}" } }
              tunnels.accounts.bench { token = "{{Token.Replace(' ', '-')}}", allow = ["127.0.0.0/8:*"] }
              https.bind = "127.0.0.1:{{port}}"
              http.enabled = off
              admin.enabled = off
              log.level = warning
              certificates.files = [{ chain = "{{Site.Chain}}", key = "{{Site.Key}}" }]
              state-directory = "{{Site.Folder}}/state-tunnel-{{engine}}"
            }
            """)]);
    }
}
