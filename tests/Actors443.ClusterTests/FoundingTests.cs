using Actors443.Testing;

namespace Actors443.ClusterTests;

/// <summary>The first of the seed nodes, started while the others of its cluster are not to be seen.</summary>
public sealed class FoundingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task It_founds_no_second_cluster_until_most_of_the_nodes_that_there_were_are_in_none()
    {
        using var folder = new TemporaryFolder();
        string secret = folder.Write("cluster.secret", ClusterOfServers.NewSecret());
        string[] names = [$"127.0.0.1:{FreePort.Next()}", $"127.0.0.1:{FreePort.Next()}"];
        Directory.CreateDirectory(Path.Combine(folder.Path, "state-0", "cluster"));
        await File.WriteAllLinesAsync(Path.Combine(folder.Path, "state-0", "cluster", "nodes"), names);

        await using ServerProcess first = Launch(0);
        await Eventually.HoldsAsync(() => first.Errors.Contains("This node was in a cluster of 2 nodes", StringComparison.Ordinal), $"it says why it waits: {first.Errors}", Patience);
        await Eventually.HoldsAsync(async () => first.AdminPort != 0 && await first.ReadinessAsync() == 503, "it says that it is not ready", Patience);

        await using ServerProcess second = Launch(1);
        foreach (ServerProcess node in (ServerProcess[])[first, second])
            await Eventually.HoldsAsync(async () => node.AdminPort != 0 && await node.ReadinessAsync() == 200, $"both are members: {first.Errors}\n{second.Errors}", Patience);
        // What it has said may come here later than what it does.
        await Eventually.HoldsAsync(() => first.Errors.Contains("2 of the 2 nodes that there were are in no cluster", StringComparison.Ordinal), $"it says why it founds one: {first.Errors}", Patience);

        ServerProcess Launch(int number)
        {
            string[] settings =
            [
                TestEngine.Setting, "https.bind=127.0.0.1:0", "http.enabled=off", "admin.bind=127.0.0.1:0", $"state-directory={Path.Combine(folder.Path, $"state-{number}")}",
                $"cluster.secret=file:{secret}", $"cluster.bind={names[number]}", $"cluster.seed-nodes=[{string.Join(", ", names.Select(name => $"\"{name}\""))}]",
            ];
            return ServerProcess.Launch(new TemporaryFolder(), [], ["run", "--cluster", .. settings.SelectMany(setting => (string[])["--set", setting])]);
        }
    }
}
