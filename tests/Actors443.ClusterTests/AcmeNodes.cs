using System.Net;
using System.Security.Cryptography.X509Certificates;
using Actors443.Server.Admin;
using Actors443.Testing;
using Actors443.Testing.Acme;

namespace Actors443.ClusterTests;

/// <summary>Servers as nodes of one cluster, each a process of its own on ports of 127.0.0.1 that it keeps over its lives, and so its state directory. In network namespaces, if there
/// are some: the ports of a node are to be had from here as well.</summary>
internal sealed class AcmeNodes : IAsyncDisposable
{
    public const int Kill = 9;

    private static readonly TimeSpan MembersWithin = TimeSpan.FromMinutes(2);

    private readonly TemporaryFolder _folder;
    private string _configuration = "";

    /// <param name="folder">Gets the state directories.</param>
    /// <param name="count">Of nodes; the first founds the cluster.</param>
    /// <param name="network">A namespace for each; null: this machine's.</param>
    public AcmeNodes(TemporaryFolder folder, int count, NetworkNamespaces? network = null)
    {
        _folder = folder;
        Nodes = [.. Enumerable.Range(0, count).Select(number => new Node(number, FreePort.Next(), FreePort.Next(), FreePort.Next(), FreePort.Next()) { Place = network?.All[number] })];
        foreach (Node node in Nodes.Where(node => node.Place is not null))
        {
            node.Place!.Publish(node.HttpsPort);
            node.Place!.Publish(node.AdminPort);
        }
    }

    /// <param name="hocon">As <see cref="AcmeSites.Hocon"/> makes it.</param>
    /// <param name="heartbeatPause">Short, where nodes are killed and are to be missed soon; else a machine that stands still for seconds makes nobody missed.</param>
    /// <param name="stableAfter">How long those that are missed must be the same.</param>
    public void Configure(string hocon, string heartbeatPause = "5s", string stableAfter = "2s")
    {
        string secret = _folder.Write("cluster.secret", "a secret of the cluster in tests, long enough");
        _configuration = _folder.Write("nodes.conf", hocon + $$"""

            actors443.cluster {
              enabled = on
              secret = "file:{{secret}}"
              seed-nodes = [{{string.Join(", ", Nodes.Select(node => $"\"{node.Name}\""))}}]
              heartbeat-pause = {{heartbeatPause}}
              stable-after = {{stableAfter}}
            }
            """);
    }

    public IReadOnlyList<Node> Nodes { get; }

    public IEnumerable<Node> Running => Nodes.Where(node => node.Process is { HasExited: false });

    public string StateOf(Node node) => Path.Combine(_folder.Path, $"state-{node.Number}");

    /// <summary>Starts it; returns at once.</summary>
    public void Launch(Node node)
    {
        string[] settings =
        [
            TestEngine.Setting, $"https.bind=127.0.0.1:{node.HttpsPort}", $"http.bind=127.0.0.1:{node.HttpPort}", $"admin.bind=127.0.0.1:{(node.Place is null ? 0 : node.AdminPort)}", $"cluster.bind={node.Name}",
            $"state-directory={StateOf(node)}",
        ];
        node.IsKept = true;
        node.Process = ServerProcess.Launch(new TemporaryFolder(), [.. node.Place?.Prefix ?? [], .. node.Prefix], ["run", _configuration, .. settings.SelectMany(setting => (string[])["--set", setting])]);
    }

    /// <summary>Until it is a member and listens.</summary>
    public async Task AwaitReadyAsync(Node node)
    {
        try
        {
            await Eventually.HoldsAsync(async () => await KeepAsync() && node.Process!.AdminPort != 0 && await node.Process.ReadinessAsync() == 200, $"node {node.Number} is ready", AcmeSites.Patience);
        }
        catch (TimeoutException cause)
        {
            throw new TimeoutException($"{cause.Message}\n{string.Join("\n\n", Running.Select(each => $"node {each.Number}:\n{each.Process!.Errors}"))}", cause);
        }
    }

    /// <summary>Until each says of all that they are up and can be reached. One that is taken for dead meanwhile is started again.</summary>
    public async Task AwaitMembersAsync()
    {
        foreach (Node node in Nodes)
        {
            await Eventually.HoldsAsync(
                async () => await KeepAsync() && node.Process!.AdminPort != 0 && await node.Process.ReadinessAsync() == 200 && await MembersAsync(node) == Nodes.Count,
                $"node {node.Number} has all others: {node.Process!.Errors}",
                MembersWithin);
        }
    }

    /// <summary>Waits until it has stopped of its own accord, and answers the exit code.</summary>
    public static async Task<int> AwaitStopAsync(Node node)
    {
        try
        {
            return await node.Process!.ExitAsync();
        }
        catch (TimeoutException cause)
        {
            throw new TimeoutException($"node {node.Number} has not stopped:\n{node.Process!.Errors}", cause);
        }
    }

    /// <summary>Starts again whoever has stopped without being killed, as whatever runs servers does: on a machine that stood still for seconds a node may be taken for dead. Always true.</summary>
    public async Task<bool> KeepAsync()
    {
        foreach (Node node in Nodes.Where(node => node is { IsKept: true, Process.HasExited: true }))
        {
            await node.Process!.DisposeAsync();
            Launch(node);
        }

        return true;
    }

    /// <summary>Starts them and waits until all are ready.</summary>
    public async Task StartAsync(params Node[] nodes)
    {
        foreach (Node node in nodes)
            Launch(node);
        foreach (Node node in nodes)
            await AwaitReadyAsync(node);
    }

    public static async Task KillAsync(Node node)
    {
        node.IsKept = false;
        node.Process!.Signal(Kill);
        await node.Process.ExitAsync();
        await node.Process.DisposeAsync();
        node.Process = null;
    }

    public AdminClient AdminOf(Node node) => AdminClient.At(new IPEndPoint(IPAddress.Loopback, node.Process!.AdminPort), Path.Combine(StateOf(node), "admin-token"));

    /// <summary>The one that orders: it said so last.</summary>
    public Node? Ordering => Running.Where(node => node.Process!.Errors.Contains("This node orders certificates", StringComparison.Ordinal)).MaxBy(node => TermIn(node.Process!.Errors));

    /// <summary>What a visitor of that node is shown; null: it cannot be visited.</summary>
    public static async Task<X509Certificate2?> TryShownAsync(Node node, string name)
    {
        try
        {
            return await AcmeSites.ShownAsync(node.HttpsPort, name);
        }
        catch (Exception cause) when (cause is IOException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException)
        {
            // It does not listen yet, or is killed just now.
            return null;
        }
    }

    /// <summary>Waits until a visitor of that node is shown a certificate that somebody of this name has issued.</summary>
    public async Task<X509Certificate2> AwaitShownAsync(Node node, string name, string issuer)
    {
        X509Certificate2? shown = null;
        await Eventually.HoldsAsync(
            async () => await KeepAsync() && (shown = await TryShownAsync(node, name))?.Issuer.Contains(issuer, StringComparison.Ordinal) == true,
            $"node {node.Number} shows a certificate of {issuer} for {name}: {node.Process?.Errors}",
            AcmeSites.Patience);
        return shown!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Node node in Nodes)
        {
            if (node.Process is { } process)
                await process.DisposeAsync();
        }
    }

    private async Task<int> MembersAsync(Node node)
    {
        try
        {
            using AdminClient admin = AdminOf(node);
            return (await admin.ListNodesAsync(CancellationToken.None)).Count(each => each is { Status: "up", IsReachable: true });
        }
        catch (AdminException)
        {
            // It stops just now.
            return 0;
        }
    }

    private static int TermIn(string log)
    {
        const string Mark = "(term ";
        int at = log.LastIndexOf(Mark, StringComparison.Ordinal) + Mark.Length;
        return int.Parse(log[at..log.IndexOf(',', at)], System.Globalization.CultureInfo.InvariantCulture);
    }

    internal sealed class Node(int number, int httpsPort, int httpPort, int adminPort, int clusterPort)
    {
        public int Number => number;

        public int HttpsPort => httpsPort;

        public int HttpPort => httpPort;

        /// <summary>In a namespace; else it takes any that is free.</summary>
        public int AdminPort => adminPort;

        /// <summary>As the cluster names it.</summary>
        public string Name => $"{Address}:{clusterPort}";

        /// <summary>By which the others reach it.</summary>
        public IPAddress Address => Place?.Address ?? IPAddress.Loopback;

        /// <summary>Where it runs; null: as the test does.</summary>
        public NetworkNamespace? Place { get; init; }

        /// <summary>A program with its arguments that starts the server.</summary>
        public IReadOnlyList<string> Prefix { get; set; } = [];

        public ServerProcess? Process { get; set; }

        /// <summary>It is to run: nobody has killed it since it was started.</summary>
        public bool IsKept { get; set; }
    }
}
