using System.Net;
using System.Security.Cryptography;
using Actors443.Server.Admin;

namespace Actors443.Testing;

/// <summary>Servers of one cluster, each a process of its own, with one certificate for localhost.</summary>
internal sealed class ClusterOfServers : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder = new();
    private readonly TestCertificates _authority = new();
    private readonly List<ClusterServer> _nodes = [];
    private readonly string[] _overrides;
    private readonly string _secret;
    private readonly string _certificate;
    private readonly string? _hocon;
    // Two, as a seed that is restarted must find the others.
    private readonly int[] _seeds = [FreePort.Next(), FreePort.Next()];

    private ClusterOfServers(string? hocon, string[] overrides)
    {
        _hocon = hocon;
        _overrides = overrides;
        _secret = _folder.Write("cluster.secret", NewSecret());
        _certificate = _authority.Issue("localhost", "127.0.0.1").WriteSingle(_folder, "localhost.pem").Chain!;
    }

    public IReadOnlyList<ClusterServer> Nodes => _nodes;

    public ClusterServer this[int index] => _nodes[index];

    public static string NewSecret() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(48));

    /// <summary>Starts that many nodes and waits until each knows that all are up and ready.</summary>
    /// <param name="count">How many.</param>
    /// <param name="hocon">The configuration of each; null: the built-in one.</param>
    /// <param name="overrides">As with <c>--set</c>, of each.</param>
    public static async Task<ClusterOfServers> StartAsync(int count, string? hocon = null, params string[] overrides)
    {
        var cluster = new ClusterOfServers(hocon, overrides);
        try
        {
            await Task.WhenAll(Enumerable.Range(0, count).Select(number => cluster.AddAsync(number < cluster._seeds.Length ? cluster._seeds[number] : FreePort.Next())));
            await cluster.AllKnowAllAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts another node and waits until it is up.</summary>
    public Task<ClusterServer> AddAsync(params string[] more) => AddAsync(FreePort.Next(), more);

    /// <summary>Waits until each node that there is says of all, and of no other, that they are up and ready. One that is up itself may not have been told of the others yet.</summary>
    public async Task AllKnowAllAsync()
    {
        foreach (ClusterServer node in _nodes)
        {
            using AdminClient admin = node.Admin();
            await Eventually.HoldsAsync(
                async () => await admin.ListNodesAsync(CancellationToken.None) is { } all && all.Length == _nodes.Count && Array.TrueForAll(all, each => each is { Status: "up", IsReachable: true, Node.Ready: true }),
                $"{node.Name} knows that all {_nodes.Count} nodes are up and ready",
                Patience);
        }
    }

    /// <summary>Starts a node in the place of one that has ended, with the same ports, and another state directory.</summary>
    public async Task<ClusterServer> RestartAsync(ClusterServer node)
    {
        string https = $"https.bind=\"127.0.0.1:{node.Process.HttpsPort}\"";
        string admin = $"admin.bind=\"127.0.0.1:{node.Process.AdminPort}\"";
        lock (_nodes)
            _nodes.Remove(node);
        await node.Process.DisposeAsync();
        return await AddAsync(node.Port, https, admin);
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(node => node.Process.DisposeAsync().AsTask()));
        _authority.Dispose();
        _folder.Dispose();
    }

    private async Task<ClusterServer> AddAsync(int port, params string[] more)
    {
        ServerProcess process = await ServerProcess.StartAsync(
            _hocon,
            [
                "cluster.enabled=on", $"cluster.secret=\"file:{_secret}\"", TestTransport.At(port), $"cluster.seed-nodes=[{string.Join(", ", _seeds.Select(seed => $"\"127.0.0.1:{seed}\""))}]",
                $"certificates.files=[\"{_certificate}\"]", .. _overrides, .. more,
            ]);
        var node = new ClusterServer(process, port);
        lock (_nodes)
            _nodes.Add(node);
        return node;
    }
}

/// <summary>One of them.</summary>
/// <param name="Process">The program.</param>
/// <param name="Port">By which the others reach it.</param>
internal sealed record ClusterServer(ServerProcess Process, int Port)
{
    /// <summary>As the cluster names it.</summary>
    public string Name => $"127.0.0.1:{Port}";

    public AdminClient Admin() => AdminClient.At(new IPEndPoint(IPAddress.Loopback, Process.AdminPort), Path.Combine(Process.StateDirectory, "admin-token"));
}
