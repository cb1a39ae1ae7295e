using System.Net;
using System.Text.Json;
using Actors443.IntegrationTests.Cli;
using Actors443.Testing;
using Actors443.Tunnels;
using Actors443.Tunnels.Accounts;
using Actors443.Tunnels.Targets;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>The example, the admin API and the commands.</summary>
public sealed class TunnelCommandTests
{
    [Fact]
    public async Task The_example_serves_tunnels_and_commands_list_and_end_them()
    {
        await using TargetServer target = TargetServer.Echo();
        string hocon = await File.ReadAllTextAsync(Repository.Example("tunnel.conf"));
        await using ServerProcess server = await ServerProcess.StartAsync(hocon);
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        await client.SendAsync(TunnelServer.Request(target.Authority, "Bearer tunnel-example-token-not-for-use"));
        Assert.Equal(200, (await client.ReadAnswerAsync()).Status);
        byte[] bytes = new byte[5000];
        await client.Stream.WriteAsync(bytes);
        await client.Stream.ReadExactlyAsync(bytes);

        string[] settings = ["--set", $"admin.bind=127.0.0.1:{server.AdminPort}", "--set", $"state-directory=\"{server.StateDirectory}\""];
        JsonElement tunnel = default;
        await Eventually.HoldsAsync(
            async () =>
            {
                (_, string listed) = await RunAsync(["tunnel", "list", "--json", .. settings]);
                tunnel = Assert.Single(JsonDocument.Parse(listed).RootElement.EnumerateArray());
                return tunnel.GetProperty("bytesDown").GetInt64() == 5000;
            },
            "the bytes are counted");

        Assert.Equal(("alice", "connect", target.Authority, 5000), (tunnel.GetProperty("account").GetString(), tunnel.GetProperty("method").GetString(), tunnel.GetProperty("target").GetString(), tunnel.GetProperty("bytesUp").GetInt64()));
        string id = tunnel.GetProperty("id").GetString()!;
        Assert.Contains(target.Authority, (await RunAsync(["tunnel", "list", .. settings])).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await RunAsync(["tunnel", "kill", id, .. settings])).Exit);
        Assert.Equal(0, await client.Stream.ReadAsync(bytes));
        (int exit, string output) = await RunAsync(["tunnel", "kill", id, .. settings]);
        Assert.Equal(1, exit);
        Assert.Contains($"there is no tunnel {id}", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_is_made_with_the_hash_that_settings_take()
    {
        (int exit, string output) = await RunAsync(["tunnel", "token", "--json"]);
        using JsonDocument made = JsonDocument.Parse(output);

        Assert.Equal(0, exit);
        Assert.Equal(43, made.RootElement.GetProperty("token").GetString()!.Length);
        Assert.Equal("sha256:" + Actors443.Configuration.Reading.TunnelSettingsReading.HashOf(made.RootElement.GetProperty("token").GetString()!), made.RootElement.GetProperty("tokenHash").GetString());
    }

    [Fact]
    public async Task The_api_lists_and_ends_tunnels()
    {
        await using AdminFixture admin = await AdminFixture.StartAsync();
        var clock = new Actors443.Engine.MonotonicClock(TimeProvider.System);
        var tunnel = new Tunnel(new AccountProof(new TunnelAccount("alice", TimeProvider.System)), TunnelTarget.Parse("git.test:22")!, TunnelMethod.Connect, new IPEndPoint(IPAddress.Loopback, 5), "c1", clock);
        tunnel.Connected(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 22));
        tunnel.CountDown(7);
        admin.Control.Tunnels.Add(tunnel.Snapshot() with { Age = TimeSpan.FromSeconds(3) });

        Assert.Equal(
            $$"""[{"id":"{{tunnel.Id}}","account":"alice","method":"connect","target":"git.test:22","address":"192.0.2.1:22","client":"127.0.0.1:5","connection":"c1","ageSeconds":3,"bytesUp":0,"bytesDown":7}]""",
            await admin.Authorized.GetStringAsync("/api/v1/tunnels"));
        Assert.Equal(HttpStatusCode.Unauthorized, (await admin.Anonymous.GetAsync("/api/v1/tunnels")).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await admin.Authorized.DeleteAsync("/api/v1/tunnels/" + tunnel.Id)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await admin.Authorized.DeleteAsync("/api/v1/tunnels/" + tunnel.Id)).StatusCode);
    }

    private static async Task<(int Exit, string Output)> RunAsync(string[] arguments)
    {
        await using ServerProcess command = ServerProcess.Launch(new TemporaryFolder(), [], arguments);
        int exit = await command.ExitAsync();
        return (exit, command.Output + command.Errors);
    }
}
