using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Actors443.Identities;
using Actors443.Server.Admin;
using Actors443.Testing;
using Xunit.Abstractions;

namespace Actors443.ClusterTests;

/// <summary>A cluster of three processes that is on DotNetty is moved to the https port by restarting one node after the other, twice, and never comes apart.</summary>
public sealed class MoveFromDotNettyTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Former = "cluster.transports=[dot-netty]";
    private const string Both = "cluster.transports=[https, dot-netty]";

    // The port says who it is, and nobody listens there.
    private static readonly string[] Moved = ["cluster.transports=[https]", "cluster.addresses=dot-netty"];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority = new();
    private readonly Node[] _nodes = [.. Enumerable.Range(1, 3).Select(number => new Node(IPAddress.Parse($"127.0.0.{number}")))];
    // The same for all, as addresses do not say it.
    private readonly int _https = FreePort.Next();
    private readonly int _dotNetty = FreePort.Next();
    private string[] _settings = [];
    private int _revoked;

    private static string? Missing { get; } = Environment.GetEnvironmentVariable("ACTORS443_TEST_EVERY_STEP") == "1" ? null : "minutes: set ACTORS443_TEST_EVERY_STEP=1 to run it";

    public async Task InitializeAsync()
    {
        if (Missing is not null)
            return;
        _settings =
        [
            "cluster.enabled=on", $"cluster.secret=\"file:{_folder.Write("cluster.secret", ClusterOfServers.NewSecret())}\"",
            $"cluster.seed-nodes=[{string.Join(", ", _nodes.Take(2).Select(node => $"\"{node.At(_dotNetty)}\""))}]",
            // The machine may do very much else besides.
            "cluster.heartbeat-pause=20s",
            $"certificates.files=[\"{_authority.Issue("localhost").WriteSingle(_folder, "localhost.pem").Chain}\"]",
        ];
        await Task.WhenAll(_nodes.Select(node => StartAsync(node, Former)));
    }

    public async Task DisposeAsync()
    {
        foreach (Node node in _nodes.Where(node => node.Process is not null))
            await node.Process!.DisposeAsync();
        _authority.Dispose();
        _folder.Dispose();
    }

    [SkippableFact]
    public async Task A_cluster_is_moved_by_restarting_its_nodes_in_turn()
    {
        Skip.If(Missing is not null, Missing);
        await AssertWholeAsync();
        foreach (Node node in _nodes)
            Assert.Empty(await PeersAsync(node));

        for (int number = 0; number < _nodes.Length; number++)
        {
            await RestartAsync(_nodes[number], Both);
            await AssertWholeAsync();
            // Those that have moved reach each other by the https port, and the others as before.
            Node[] moved = _nodes[..(number + 1)];
            await AwaitAssociationsAsync(moved);
            output.WriteLine($"{moved.Length} of 3 have both");
        }

        for (int number = 0; number < _nodes.Length; number++)
        {
            await RestartAsync(_nodes[number], Moved);
            await AssertWholeAsync();
            await AwaitAssociationsAsync(_nodes);
            output.WriteLine($"{number + 1} of 3 have left DotNetty");
        }

        foreach (Node node in _nodes)
        {
            using var nobody = new TcpClient();
            await Assert.ThrowsAsync<SocketException>(() => nobody.ConnectAsync(node.Address, _dotNetty));
        }
    }

    private async Task StartAsync(Node node, params string[] transports) => node.Process = await ServerProcess.StartAsync(
        null, [.. _settings, $"https.bind=\"{node.At(_https)}\"", $"cluster.bind=\"{node.At(_dotNetty)}\"", .. transports]);

    private async Task RestartAsync(Node node, params string[] transports)
    {
        // Whoever is lost otherwise than by leaving is told of there.
        foreach (Node one in _nodes)
            Assert.DoesNotContain("cannot be reached", one.Process!.Errors, StringComparison.Ordinal);
        node.Process!.Signal(ServerProcess.Terminate);
        Assert.Equal(0, await node.Process.ExitAsync());
        await node.Process.DisposeAsync();
        await StartAsync(node, transports);
    }

    // All nodes know all, and of what one is told now.
    private async Task AssertWholeAsync()
    {
        foreach (Node node in _nodes)
            await Eventually.HoldsAsync(async () => await node.MembersAsync() is { Length: 3 } all && Array.TrueForAll(all, each => each is { Status: "up", IsReachable: true }), $"{node.Address} has three members: {node.Process!.Errors}", Patience);
        string principal = string.Create(CultureInfo.InvariantCulture, $"mallory-{++_revoked}");
        using (AdminClient admin = _nodes[_revoked % 3].Admin())
            await admin.RevokeAsync(Identity.Parse(IdentityKind.Principal, principal), "to see whether all hear of it", CancellationToken.None);
        foreach (Node node in _nodes)
        {
            using AdminClient admin = node.Admin();
            await Eventually.HoldsAsync(async () => (await admin.ListRevokedAsync(CancellationToken.None)).Any(revoked => revoked.Id == principal), $"{node.Address} has heard of it", Patience);
        }
    }

    // By which of the two it was begun does not matter.
    private async Task AwaitAssociationsAsync(Node[] moved)
    {
        foreach ((Node one, Node other) in moved.SelectMany((one, index) => moved[(index + 1)..].Select(other => (one, other))))
        {
            await Eventually.HoldsAsync(
                async () => (await PeersAsync(one)).Contains(other.At(_dotNetty)) || (await PeersAsync(other)).Contains(one.At(_dotNetty)), $"{one.Address} and {other.Address} speak by the https port", Patience);
        }
    }

    private static async Task<string[]> PeersAsync(Node node)
    {
        using AdminClient admin = node.Admin();
        ConnectionPage page = await admin.ListConnectionsAsync(new ConnectionQuery(), CancellationToken.None);
        return [.. page.Connections.Where(connection => connection.ApplicationProtocol == "akka-remote/1").Select(connection => connection.Principal?.Split('@')[^1] ?? "")];
    }

    private sealed class Node(IPAddress address)
    {
        public IPAddress Address => address;

        public ServerProcess? Process { get; set; }

        public string At(int port) => new IPEndPoint(address, port).ToString();

        public AdminClient Admin() => AdminClient.At(new IPEndPoint(IPAddress.Loopback, Process!.AdminPort), Path.Combine(Process.StateDirectory, "admin-token"));

        public async Task<ClusterNodeReport[]> MembersAsync()
        {
            using AdminClient admin = Admin();
            return await admin.ListNodesAsync(CancellationToken.None);
        }
    }
}
