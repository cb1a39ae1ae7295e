using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Actors443.Testing.Http2;

namespace Actors443.Bench.Attacks;

/// <summary>
/// Attempts to have the server connect to where only it can: without an account, with one whose rules allow any name, and by requests that look like those to a proxy. What listens
/// on this machine's loopback must see nobody.
/// </summary>
internal sealed class OpenProxy : Attack
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private const string Token = "0123456789abcdef0123456789abcdef";

    public override string Name => "open-proxy";

    public override TimeSpan Duration => TimeSpan.FromMinutes(1);

    public override string SettingsFor(AttackScene scene) => $$"""
        tunnels { connect-timeout = 2s, accounts.alice { token = "{{Token}}", allow = ["*:*"], allow-udp = ["*:*"] } }
        """;

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        using var canary = new Canary();
        var faults = new List<string>();
        var details = new List<string>();
        string alice = Convert.ToBase64String(Encoding.ASCII.GetBytes("alice:" + Token));
        string[] names =
        [
            "127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.000.000.001", "127.0.0.1.", "0.0.0.0", "0", "127.66.0.1",
            "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "[fe80::1]", "[fc00::1]",
            "10.0.0.1", "192.168.1.1", "172.16.0.1", "100.64.0.1", "169.254.169.254", "[fd00:ec2::254]", "metadata.google.internal", "224.0.0.1", "255.255.255.255", "127.0.0.1%00.example.com", "example.com@127.0.0.1", "①②⑦.⓪.⓪.①",
        ];
        foreach (string name in names)
        {
            foreach ((string who, string proof) in ((string, string)[])[("nobody", ""), ("alice", $"Proxy-Authorization: Basic {alice}\r\n")])
            {
                string answer = await RawHttp.SendAsync(scene.Port, $"CONNECT {name}:{canary.Port} HTTP/1.1\r\nHost: {name}:{canary.Port}\r\n{proof}\r\n", scene.NextAddress());
                Note($"CONNECT {name} by {who}", answer);
            }

            string address = name.Trim('[', ']');
            Note($"UDP to {name} by alice", await RawHttp.SendAsync(scene.Port, $"GET /.well-known/masque/udp/{Uri.EscapeDataString(address)}/{canary.Port}/ HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: connect-udp\r\nCapsule-Protocol: ?1\r\nProxy-Authorization: Basic {alice}\r\n\r\n", scene.NextAddress()));
        }

        foreach (string name in names)
        {
            foreach ((string who, (string, string)[] proof) in ((string, (string, string)[])[])[("nobody", []), ("alice", [("proxy-authorization", "Basic " + alice)])])
            {
                await using FrameClient client = await FrameClient.ConnectAsync(scene.Port, scene.NextAddress());
                client.Add(FrameClient.Headers, FrameClient.EndHeaders, 1, FrameClient.Connect($"{name}:{canary.Port}", proof)).Add(FrameClient.Data, 0, 1, "GET / HTTP/1.0\r\n\r\n"u8);
                await client.SendAsync(stop);
                long start = Stopwatch.GetTimestamp();
                while (!client.Ended.IsCompleted && client.Received(FrameClient.Headers) + client.Received(FrameClient.Reset) + client.Received(FrameClient.GoAway) == 0 && Stopwatch.GetElapsedTime(start) < Patience)
                    await Task.Delay(10, CancellationToken.None);
                details.Add($"CONNECT {name} by {who} over HTTP/2: {(client.Received(FrameClient.Headers) > 0 ? "an answer" : client.Received(FrameClient.Reset) > 0 ? "a reset" : "the end")}");
            }
        }

        foreach (string request in (string[])
        [
            $"GET http://127.0.0.1:{canary.Port}/ HTTP/1.1\r\nHost: 127.0.0.1:{canary.Port}\r\n",
            $"GET http://127.0.0.1:{canary.Port}/ HTTP/1.1\r\nHost: localhost\r\n",
            $"GET http://localhost:{canary.Port}/proxy HTTP/1.1\r\nHost: localhost:{canary.Port}\r\n",
            $"GET /proxy HTTP/1.1\r\nHost: 127.0.0.1:{canary.Port}\r\n",
            $"GET /proxy HTTP/1.1\r\nHost: localhost:{canary.Port}\r\n",
            $"GET /proxy HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: 127.0.0.1:{canary.Port}\r\nX-Original-URL: http://127.0.0.1:{canary.Port}/\r\nX-Rewrite-URL: http://127.0.0.1:{canary.Port}/\r\nForwarded: host=127.0.0.1:{canary.Port}\r\n",
            $"GET @127.0.0.1:{canary.Port}/ HTTP/1.1\r\nHost: localhost\r\n",
            $"GET /proxy@127.0.0.1:{canary.Port}/ HTTP/1.1\r\nHost: localhost\r\n",
            $"GET //127.0.0.1:{canary.Port}/ HTTP/1.1\r\nHost: localhost\r\n",
            $"GET gopher://127.0.0.1:{canary.Port}/ HTTP/1.1\r\nHost: localhost\r\n",
            $"GET file:///etc/passwd HTTP/1.1\r\nHost: localhost\r\n",
            $"TRACE /proxy HTTP/1.1\r\nHost: localhost\r\n",
        ])
            Note(request.Split("\r\n")[0] + " with " + string.Join(", ", request.Split("\r\n")[1..^1]), await RawHttp.SendAsync(scene.Port, request + "Connection: close\r\n\r\n", scene.NextAddress()), mayAnswer: true);

        if (canary.Seen > 0)
            faults.Add($"{canary.Seen} connections came to where nobody may lead the server");
        return new AttackResult($"{details.Count} attempts, {canary.Seen} arrived", faults, details);

        void Note(string what, string answer, bool mayAnswer = false)
        {
            int status = RawHttp.StatusOf(answer);
            details.Add($"{what}: {status}");
            if ((!mayAnswer && status is 101 or (>= 200 and < 300) && !answer.Contains("Content-Length", StringComparison.Ordinal)) || answer.Contains(Canary.Word, StringComparison.Ordinal) || answer.Contains("root:", StringComparison.Ordinal))
                faults.Add($"{what} was answered with {status}");
        }
    }

    /// <summary>Listens where nobody should come, over TCP and UDP.</summary>
    private sealed class Canary : IDisposable
    {
        public const string Word = "a-canary-sings";

        private readonly TcpListener _tcp = new(IPAddress.IPv6Any, 0);
        private readonly UdpClient _udp;
        private int _seen;

        public Canary()
        {
            _tcp.Server.DualMode = true;
            _tcp.Start();
            Port = ((IPEndPoint)_tcp.LocalEndpoint).Port;
            _udp = new UdpClient(new IPEndPoint(IPAddress.Any, Port));
            _ = AcceptAsync();
            _ = ReceiveAsync();
        }

        public int Port { get; }

        public int Seen => Volatile.Read(ref _seen);

        public void Dispose()
        {
            _tcp.Dispose();
            _udp.Dispose();
        }

        private async Task AcceptAsync()
        {
            try
            {
                while (true)
                {
                    using Socket socket = await _tcp.AcceptSocketAsync();
                    Interlocked.Increment(ref _seen);
                    await socket.SendAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {Word.Length}\r\n\r\n{Word}"));
                }
            }
            catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
            {
                // Its time is over.
            }
        }

        private async Task ReceiveAsync()
        {
            try
            {
                while (true)
                {
                    await _udp.ReceiveAsync();
                    Interlocked.Increment(ref _seen);
                }
            }
            catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
            {
                // Its time is over.
            }
        }
    }
}
