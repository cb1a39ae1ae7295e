using System.Net.Sockets;
using System.Text;
using Actors443.Server.Admin;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Cli;

/// <summary>What systemd hears of a server that it has started (sd_notify(3)).</summary>
public sealed class ServiceManagerTests
{
    [SkippableFact]
    public async Task It_is_told_when_all_listeners_are_open_which_process_serves_and_when_the_drain_begins()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux has systemd");
        using var folder = new TemporaryFolder();
        using Socket manager = Bind(folder, out string path);
        var state = new TemporaryFolder();
        await using ServerProcess server = ServerProcess.Launch(
            state,
            ["env", $"NOTIFY_SOCKET={path}"],
            ["run", "--set", "https.bind=\"127.0.0.1:0\"", "--set", "http.enabled=off", "--set", "admin.bind=\"127.0.0.1:0\"", "--set", $"state-directory=\"{state.Path}/state\""]);

        string status = await HearAsync(manager);
        Assert.Equal("READY=1", await HearAsync(manager));
        Assert.Equal($"STATUS=serving on 127.0.0.1:{server.HttpsPort}", status);
        Assert.Equal(200, await server.ReadinessAsync());

        UpgradeReport upgrade = await server.UpgradeAsync();
        Assert.Equal($"MAINPID={upgrade.Now}", await HearAsync(manager));
        await Eventually.HoldsAsync(() => !ServerProcess.Lives(upgrade.Before), "the process before has ended, and said nothing more");

        server.Signal(ServerProcess.Terminate);

        Assert.Equal("STOPPING=1", await HearAsync(manager));
        await Eventually.HoldsAsync(() => !ServerProcess.Lives(upgrade.Now), "the new process has ended");
    }

    [SkippableFact]
    public async Task A_node_of_a_cluster_is_said_to_be_ready_when_it_has_joined()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "only Linux has systemd");
        using var folder = new TemporaryFolder();
        using Socket manager = Bind(folder, out string path);
        string secret = folder.Write("cluster.secret", ClusterOfServers.NewSecret());
        int[] ports = [FreePort.Next(), FreePort.Next()];

        await using ServerProcess second = Launch(1, ["env", $"NOTIFY_SOCKET={path}"]);
        Assert.Equal($"STATUS=serving on 127.0.0.1:{ports[1]}; cluster: not a member of the cluster yet, or no longer", await HearAsync(manager));
        Assert.Equal(503, await second.ReadinessAsync());
        await using ServerProcess first = Launch(0, []);
        List<string> heard = [await HearAsync(manager)];
        while (heard[^1] != "READY=1")
            heard.Add(await HearAsync(manager));

        Assert.Equal(200, await second.ReadinessAsync());
        Assert.Equal($"STATUS=serving on 127.0.0.1:{ports[1]}", heard[^2]);

        // The first of the seed nodes founds the cluster.
        ServerProcess Launch(int number, IReadOnlyList<string> prefix)
        {
            var state = new TemporaryFolder();
            string[] settings =
            [
                TestEngine.Setting, $"https.bind=127.0.0.1:{ports[number]}", "http.enabled=off", "admin.bind=127.0.0.1:0", $"state-directory={state.Path}/state", $"cluster.secret=file:{secret}",
                $"cluster.seed-nodes=[{string.Join(", ", ports.Select(port => $"\"127.0.0.1:{port}\""))}]",
            ];
            return ServerProcess.Launch(state, prefix, ["run", "--cluster", .. settings.SelectMany(setting => (string[])["--set", setting])]);
        }
    }

    private static Socket Bind(TemporaryFolder folder, out string path)
    {
        path = Path.Combine(folder.Path, "notify");
        var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(path));
        return manager;
    }

    private static async Task<string> HearAsync(Socket manager)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var buffer = new byte[1024];
        return Encoding.UTF8.GetString(buffer, 0, await manager.ReceiveAsync(buffer, patience.Token));
    }
}
