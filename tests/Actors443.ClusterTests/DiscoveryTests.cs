using Actors443.Server.Admin;
using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>Nodes that know no others beforehand, but a name whose addresses are those of nodes. It is in a hosts file that these processes alone see.</summary>
public sealed class DiscoveryTests : IDisposable
{
    private const string Name = "nodes.test";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TemporaryFolder _folder = new();
    private readonly int _port = FreePort.Next();

    public void Dispose() => _folder.Dispose();

    [SkippableFact]
    public async Task Nodes_that_find_each_other_by_a_name_are_one_cluster_and_whoever_comes_later_or_again_joins_it()
    {
        Skip.IfNot(Environment.GetEnvironmentVariable("ACTORS443_TEST_EVERY_STEP") == "1", "set ACTORS443_TEST_EVERY_STEP=1 to run it");
        Skip.If(TestProgram.Find("unshare") is null || Environment.UserName != "root", "gives processes a hosts file of their own: as root, with unshare (util-linux)");
        string secret = _folder.Write("cluster.secret", ClusterOfServers.NewSecret());
        string hosts = WriteHosts(1);

        await using ServerProcess first = Launch(1);
        await Eventually.HoldsAsync(() => first.Errors.Contains($"it waits for 2 nodes that found it together; these are found: 127.0.0.1:{_port}", StringComparison.Ordinal), $"it says what it waits for: {first.Errors}", Patience);
        Assert.Equal(503, await first.ReadinessAsync());

        WriteHosts(1, 2);
        await using ServerProcess second = Launch(2);
        await AwaitMembersAsync(2, first, second);
        Assert.Contains($"this node founds one for 127.0.0.2:{_port} and itself", first.Errors, StringComparison.Ordinal);

        // The lowest, which founded it, comes again and finds it.
        first.Signal(ServerProcess.Terminate);
        Assert.Equal(0, await first.ExitAsync());
        await using ServerProcess again = Launch(1);
        await AwaitMembersAsync(2, second, again);
        Assert.Contains($"Node 127.0.0.2:{_port} was found, and is in a cluster", again.Errors, StringComparison.Ordinal);

        ServerProcess Launch(int number)
        {
            string[] settings =
            [
                TestEngine.Setting, "https.bind=127.0.0.1:0", "http.enabled=off", "admin.bind=127.0.0.1:0", $"state-directory={StateOf(number)}",
                $"cluster.secret=file:{secret}", $"cluster.bind=127.0.0.{number}:{_port}", $"cluster.discovery={{contacts=[\"{Name}:{_port}\"],stable-for=1s}}",
            ];
            return ServerProcess.Launch(
                new TemporaryFolder(),
                ["unshare", "--mount", "sh", "-c", $"mount --bind {hosts} /etc/hosts && exec \"$@\"", "sh"],
                ["run", "--cluster", .. settings.SelectMany(setting => (string[])["--set", setting])]);
        }

        async Task AwaitMembersAsync(int count, params ServerProcess[] nodes)
        {
            foreach ((ServerProcess node, int number) in nodes.Select(node => (node, node == second ? 2 : 1)))
            {
                await Eventually.HoldsAsync(
                    async () =>
                    {
                        if (node.AdminPort == 0 || await node.ReadinessAsync() != 200)
                            return false;
                        using AdminClient admin = AdminClient.At(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, node.AdminPort), Path.Combine(StateOf(number), "admin-token"));
                        return (await admin.ListNodesAsync(CancellationToken.None)).Count(each => each is { Status: "up", IsReachable: true }) == count;
                    },
                    $"node {number} is one of {count}: {node.Errors}",
                    Patience);
            }
        }
    }

    private string StateOf(int number) => Path.Combine(_folder.Path, $"state-{number}");

    // In its place: whoever has it mounted sees that.
    private string WriteHosts(params int[] numbers) => _folder.Write("hosts", "127.0.0.1 localhost\n" + string.Concat(numbers.Select(number => $"127.0.0.{number} {Name}\n")));
}
