using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Actors443.Identities;
using Actors443.Server.Admin;
using Actors443.Testing;
using Xunit.Abstractions;

namespace Actors443.ClusterTests;

/// <summary>
/// Three nodes, each in a network namespace of its own, that speak with each other and with clients by port 443 and nothing else: one is killed, one is cut off, and all are flooded from an
/// address that has no limits. Minutes, and so only with <c>ACTORS443_TEST_FAULTS=1</c>.
/// </summary>
public sealed class OnePortTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const int HalfOpen = 5_000;
    private const int Sessions = 10_000;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority = new();
    private readonly List<Node> _nodes = [];
    private NetworkNamespaces? _network;
    private string _configuration = "";

    private static string? Missing { get; } =
        Environment.GetEnvironmentVariable("ACTORS443_TEST_FAULTS") is not { Length: > 0 } ? "takes minutes: with ACTORS443_TEST_FAULTS=1 alone" : NetworkNamespaces.Missing;

    public async Task InitializeAsync()
    {
        if (Missing is not null)
            return;
        _network = await NetworkNamespaces.CreateAsync(3);
        foreach (NetworkNamespace place in _network.All)
        {
            var node = new Node(place, FreePort.Next(), _folder.Path);
            place.Publish(node.AdminPort);
            _nodes.Add(node);
        }

        _configuration = _folder.Write("nodes.conf", $$"""
            actors443 {
              http.enabled = off
              certificates.files = ["{{_authority.Issue("localhost").WriteSingle(_folder, "localhost.pem").Chain}}"]
              sites."*" = { routes = [{ path = "/*", respond = "a node" }] }
              # The worst client there can be.
              admission.per-client.exempt = ["{{_network.Test}}/32"]
              deadlines.handshake = 60s
              cluster {
                enabled = on
                secret = "file:{{_folder.Write("cluster.secret", ClusterOfServers.NewSecret())}}"
                seed-nodes = [{{string.Join(", ", _nodes.Take(2).Select(node => $"\"{node.Name}\""))}}]
                heartbeat-pause = 5s
                stable-after = 3s
              }
            }
            """);
        foreach (Node node in _nodes)
            Launch(node);
    }

    public async Task DisposeAsync()
    {
        foreach (Node node in _nodes.Where(node => node.Process is not null))
            await node.Process!.DisposeAsync();
        if (_network is not null)
            await _network.DisposeAsync();
        _authority.Dispose();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task A_node_that_is_killed_and_one_that_is_cut_off_come_back()
    {
        Skip.If(Missing is not null, Missing);
        await AwaitMembersAsync(_nodes);
        foreach (Node node in _nodes)
            Assert.Equal("443", string.Join(' ', await ListeningAsync(node)));

        _nodes[2].Process!.Signal(AcmeNodes.Kill);
        await _nodes[2].Process!.ExitAsync();
        await AwaitMembersAsync(_nodes[..2]);
        await RestartAsync(_nodes[2]);
        await AwaitMembersAsync(_nodes);

        // It has founded the cluster, and is the oldest.
        await _network!.CutOffAsync(_nodes[0].Place);
        await Eventually.HoldsAsync(() => _nodes[0].Process!.HasExited, "the lesser side stops", Patience);
        Assert.Equal(1, await _nodes[0].Process!.ExitAsync());
        await AwaitMembersAsync(_nodes[1..]);
        // While it is cut off the others agree on something, which it hears of later.
        using (AdminClient admin = _nodes[1].Admin())
            await admin.RevokeAsync(Identity.Parse(IdentityKind.Principal, "mallory"), "while one was cut off", CancellationToken.None);
        await _network.HealAsync(_nodes[0].Place);
        await RestartAsync(_nodes[0]);
        await AwaitMembersAsync(_nodes);
        await Eventually.HoldsAsync(
            async () =>
            {
                using AdminClient admin = _nodes[0].Admin();
                return (await admin.ListRevokedAsync(CancellationToken.None)).Any(revoked => revoked.Id == "mallory");
            },
            "it knows what was revoked meanwhile",
            Patience);
    }

    [SkippableFact]
    public async Task No_flood_of_clients_makes_a_member_unreachable()
    {
        Skip.If(Missing is not null, Missing);
        await AwaitMembersAsync(_nodes);
        var held = new List<IDisposable>();
        try
        {
            Node flooded = _nodes[1];
            for (int number = 0; number < HalfOpen; number++)
                held.Add(await ConnectAsync(flooded));
            await Parallel.ForAsync(0, Sessions, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (_, stop) =>
            {
                var session = new SslStream(new NetworkStream(await ConnectAsync(flooded), ownsSocket: true));
                lock (held)
                    held.Add(session);
                await session.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null }, stop);
            });
            // A member comes back among them, and none is missed meanwhile.
            _nodes[2].Process!.Signal(AcmeNodes.Kill);
            await _nodes[2].Process!.ExitAsync();
            await AwaitMembersAsync(_nodes[..2]);
            await RestartAsync(_nodes[2]);
            await AwaitMembersAsync(_nodes);
            Assert.All(_nodes[..2], node => Assert.DoesNotContain($"Node {_nodes[0].Name} cannot be reached", node.Process!.Errors, StringComparison.Ordinal));
            Assert.All(_nodes[..2], node => Assert.DoesNotContain($"Node {_nodes[1].Name} cannot be reached", node.Process!.Errors, StringComparison.Ordinal));
            output.WriteLine($"{HalfOpen} half-open handshakes and {Sessions} sessions held");
        }
        finally
        {
            foreach (IDisposable one in held)
                one.Dispose();
        }
    }

    private static async Task<Socket> ConnectAsync(Node node)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(node.Place.Address, 443);
        return socket;
    }

    /// <summary>What others can reach: ports of all addresses but those of loopback.</summary>
    private static async Task<int[]> ListeningAsync(Node node)
    {
        await using TestProgram sockets = TestProgram.Start("ip", ["netns", "exec", node.Place.Name, "cat", "/proc/net/tcp", "/proc/net/tcp6"]);
        await sockets.EndAsync();
        return
        [
            .. sockets.Output.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(fields => fields is [_, var local, _, "0A", ..] && !local.StartsWith("0100007F:", StringComparison.Ordinal))
                .Select(fields => Convert.ToInt32(fields[1].Split(':')[1], 16)).Distinct().Order(),
        ];
    }

    private void Launch(Node node)
    {
        string[] settings = [TestEngine.Setting, $"https.bind=\"{node.Name}\"", $"admin.bind=\"127.0.0.1:{node.AdminPort}\"", $"state-directory=\"{node.StateDirectory}\""];
        node.Process = ServerProcess.Launch(new TemporaryFolder(), node.Place.Prefix, ["run", _configuration, .. settings.SelectMany(setting => (string[])["--set", setting])]);
    }

    private async Task RestartAsync(Node node)
    {
        await node.Process!.DisposeAsync();
        Launch(node);
    }

    private static async Task AwaitMembersAsync(IReadOnlyList<Node> nodes)
    {
        foreach (Node node in nodes)
            await Eventually.HoldsAsync(() => HasAllAsync(node, nodes.Count), $"{node.Name} has {nodes.Count} members: {node.Process!.Errors}", Patience);
    }

    private static async Task<bool> HasAllAsync(Node node, int count)
    {
        try
        {
            using AdminClient admin = node.Admin();
            ClusterNodeReport[] all = await admin.ListNodesAsync(CancellationToken.None);
            return all.Length == count && Array.TrueForAll(all, each => each is { Status: "up", IsReachable: true });
        }
        catch (AdminException)
        {
            // It starts, or stops, just now.
            return false;
        }
    }

    private sealed class Node(NetworkNamespace place, int adminPort, string folder)
    {
        public NetworkNamespace Place => place;

        public int AdminPort => adminPort;

        public string Name => $"{place.Address}:443";

        public string StateDirectory => Path.Combine(folder, place.Name);

        public ServerProcess? Process { get; set; }

        public AdminClient Admin() => AdminClient.At(new IPEndPoint(IPAddress.Loopback, adminPort), Path.Combine(StateDirectory, "admin-token"));
    }
}
