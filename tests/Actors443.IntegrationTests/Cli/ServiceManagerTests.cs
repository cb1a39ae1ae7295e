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
        string path = Path.Combine(folder.Path, "notify");
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(path));
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

    private static async Task<string> HearAsync(Socket manager)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        var buffer = new byte[1024];
        return Encoding.UTF8.GetString(buffer, 0, await manager.ReceiveAsync(buffer, patience.Token));
    }
}
