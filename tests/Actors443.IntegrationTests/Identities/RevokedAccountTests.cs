using System.Net.Sockets;
using Actors443.Hosting;
using Actors443.Identities;
using Actors443.IntegrationTests.Tunnels;
using Actors443.Testing;
using Actors443.Tunnels;
using Actors443.Tunnels.Sessions;

namespace Actors443.IntegrationTests.Identities;

/// <summary>Accounts for tunnels and their tokens that are revoked, and what is kept of that.</summary>
public sealed class RevokedAccountTests
{
    [Theory]
    [InlineData(IdentityKind.Account)]
    [InlineData(IdentityKind.Token)]
    public async Task Tunnels_are_cut_and_who_comes_is_as_if_unknown(IdentityKind kind)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await RunningServer.StartAsync(TunnelServer.Hocon());
        IRevocations revocations = server.System.GetRevocations();
        Identity identity = kind == IdentityKind.Account ? Identity.Account("alice") : Identity.Token(TunnelServer.Token);
        await using TlsClient open = await TunnelServer.ConnectAsync(server, target.Authority);

        RevocationReport report = await revocations.RevokeAsync(identity);

        Assert.Equal((1, 1), (report.Connections, report.Tunnels));
        Assert.True(await open.EndsAsync());
        Assert.Equal(405, await AskAsync(server, target.Authority));
        await revocations.UndoAsync(identity);
        Assert.Equal(200, await AskAsync(server, target.Authority));
    }

    [Fact]
    public async Task A_session_is_ended_whose_client_is_away()
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await RunningServer.StartAsync(TunnelServer.Hocon());
        await using CuttingProxy proxy = CuttingProxy.To(server.HttpsPort);
        await using ClientFixture client = await ClientFixture.StartAsync(server, target.Authority, port: proxy.Port);
        await using NetworkStream stream = await client.ConnectAsync();
        await stream.WriteAsync(new byte[1]);
        await stream.ReadExactlyAsync(new byte[1]);
        TunnelSession session = server.Environment.TunnelSessions.All.Single();
        await proxy.DisposeAsync();
        await Eventually.HoldsAsync(() => session.Front is null, "its client is away");

        RevocationReport report = await server.System.GetRevocations().RevokeAsync(Identity.Account("alice"));

        Assert.Equal(1, report.Tunnels);
        Assert.Equal(TunnelEndReason.Revoked, session.Tunnel.Reason);
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "nothing is left");
    }

    [Fact]
    public async Task The_program_revokes_and_keeps_it_over_a_restart_and_does_not_start_with_a_damaged_list()
    {
        using var state = new TemporaryFolder();
        string hocon = state.Write("site.conf", TunnelServer.Hocon());
        string folder = Path.Combine(state.Path, "state");
        string[] settings = [hocon, "--set", "https.bind=\"127.0.0.1:0\"", "--set", "http.enabled=off", "--set", $"admin.bind=\"127.0.0.1:{FreePort.Next()}\"", "--set", $"state-directory=\"{folder}\""];
        await using (ServerProcess server = ServerProcess.Launch(new TemporaryFolder(), [], ["run", .. settings]))
        {
            await Eventually.HoldsAsync(async () => server.HasExited || (server.AdminPort != 0 && await server.ReadinessAsync() == 200), "it is ready", TimeSpan.FromSeconds(60));
            (int exit, string output) = await RunAsync(["revoke", "account", "alice", .. settings, "--reason", "left"]);
            Assert.Equal((0, "account alice is revoked: 0 connections and 0 tunnels cut"), (exit, output.Trim()));
            (exit, output) = await RunAsync(["revoke", "undo", "token", "sha256:" + new string('0', 64), .. settings]);
            Assert.Equal(1, exit);
            Assert.Contains("is not revoked", output, StringComparison.Ordinal);
            server.Signal(ServerProcess.Terminate);
            Assert.Equal(0, await server.ExitAsync());
        }

        string file = Path.Combine(folder, "revoked");
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        await using (ServerProcess server = ServerProcess.Launch(new TemporaryFolder(), [], ["run", .. settings]))
        {
            await Eventually.HoldsAsync(async () => server.HasExited || (server.AdminPort != 0 && await server.ReadinessAsync() == 200), "it is ready", TimeSpan.FromSeconds(60));
            (int exit, string output) = await RunAsync(["revoke", "list", .. settings, "--json"]);
            Assert.Equal(0, exit);
            Assert.Contains("\"reason\": \"left\"", output, StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("alice", "malice", StringComparison.Ordinal));
        (int code, string problem) = await RunAsync(["run", .. settings]);
        Assert.NotEqual(0, code);
        Assert.Contains($"{file} is damaged", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("certificate", "no-such-file.pem", "no-such-file.pem")]
    [InlineData("certificate", "sha256:12", "64 hexadecimal digits")]
    [InlineData("token", "sha256:zz", "64 hexadecimal digits")]
    [InlineData("token", "file:/no/such/file", "name a readable file")]
    [InlineData("account", "", "a name of 1 to 256 characters")]
    public async Task What_is_no_identity_is_said_before_the_server_is_asked(string kind, string value, string expected)
    {
        (int exit, string output) = await RunAsync(["revoke", kind, value]);

        Assert.Equal(2, exit);
        Assert.Contains(expected, output, StringComparison.Ordinal);
    }

    private static async Task<int> AskAsync(RunningServer server, string authority)
    {
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        await client.SendAsync(TunnelServer.Request(authority, TunnelServer.Basic));
        return (await client.ReadAnswerAsync()).Status;
    }

    private static async Task<(int Exit, string Output)> RunAsync(string[] arguments)
    {
        await using ServerProcess command = ServerProcess.Launch(new TemporaryFolder(), [], arguments);
        int exit = await command.ExitAsync();
        return (exit, command.Output + command.Errors);
    }
}
