using System.Net.Sockets;
using System.Security.Cryptography;
using Actors443.Server.Tunnels;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary><c>actors443 tunnel client</c>, by each of its ways.</summary>
public sealed class TunnelClientTests
{
    public static TheoryData<string, string, bool> Ways
    {
        get
        {
            var ways = new TheoryData<string, string, bool>();
            foreach (string engine in (string[])["event-loop", "portable"])
            {
                ways.Add(engine, "Session", false);
                ways.Add(engine, "Connect", false);
                ways.Add(engine, "WebSocket", false);
                ways.Add(engine, "WebSocket", true);
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task A_forwarded_port_carries_bytes_and_both_ends(string engine, string via, bool http2)
    {
        await using TargetServer target = TargetServer.Start(async stream =>
        {
            using var all = new MemoryStream();
            await stream.CopyToAsync(all);
            await stream.WriteAsync(SHA256.HashData(all.ToArray()));
        });
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using ClientFixture client = await StartAsync(server, target.Authority, via, http2);
        await using NetworkStream stream = await client.ConnectAsync();

        byte[] bytes = RandomNumberGenerator.GetBytes(1_000_000);
        await stream.WriteAsync(bytes);
        stream.Socket.Shutdown(SocketShutdown.Send);
        using var answer = new MemoryStream();
        await stream.CopyToAsync(answer).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(SHA256.HashData(bytes), answer.ToArray());
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is over");
        Assert.Empty(server.Environment.TunnelSessions.All);
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task All_that_a_target_says_first_arrives_and_then_the_end(string engine, string via, bool http2)
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(1_000_000);
        await using TargetServer target = TargetServer.Start(async stream => await stream.WriteAsync(bytes));
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using ClientFixture client = await StartAsync(server, target.Authority, via, http2);
        using var answer = new MemoryStream();
        await using (NetworkStream stream = await client.ConnectAsync())
            await stream.CopyToAsync(answer).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(bytes, answer.ToArray());
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is over");
    }

    [Theory]
    [InlineData("Session", false)]
    [InlineData("Connect", false)]
    [InlineData("WebSocket", false)]
    [InlineData("WebSocket", true)]
    public async Task What_is_refused_is_said_and_whoever_is_connected_is_cut(string via, bool http2)
    {
        await using RunningServer server = await TunnelServer.StartAsync("auto");
        await using ClientFixture forbidden = await StartAsync(server, "10.0.0.1:22", via, http2);
        await using ClientFixture unknown = await ClientFixture.StartAsync(server, "127.0.0.1:22", address => With(address, via, http2) with { Token = "none that is known" });

        foreach ((ClientFixture client, string said) in new[] { (forbidden, "refuses the tunnel with 403"), (unknown, "it has no tunnels, or does not know this account") })
        {
            Exception cut = await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await using NetworkStream stream = await client.ConnectAsync();
                Assert.NotEqual(0, await stream.ReadAsync(new byte[1]));
            });
            // On a busy machine it may come before it is seen that the connection stands.
            Assert.True(cut is IOException or SocketException { SocketErrorCode: SocketError.ConnectionReset }, cut.ToString());
            await Eventually.HoldsAsync(() => client.Said.Contains(said, StringComparison.Ordinal), $"it says '{said}': {client.Said}");
        }
    }

    [SkippableFact]
    public async Task Curl_fetches_a_page_by_SOCKS5()
    {
        Skip.If(TestProgram.Find("curl") is null, "curl is not installed");
        await using RunningServer site = await RunningServer.StartAsync("actors443.sites { \"*\" { respond = \"the site behind\" } }");
        await using RunningServer server = await TunnelServer.StartAsync("auto");
        await using ClientFixture client = await ClientFixture.StartAsync(server, null);

        string page = await CurlTests.RunAsync("-s", "-S", "-k", "--proxy", $"socks5h://127.0.0.1:{client.Port}", $"https://localhost:{site.HttpsPort}/");
        string refused = await CurlTests.RunAsync("-s", "-S", "-k", "--proxy", $"socks5h://127.0.0.1:{client.Port}", "https://10.0.0.1/");

        Assert.Contains("the site behind", page, StringComparison.Ordinal);
        Assert.Contains("(2)", refused, StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task Git_clones_through_a_forwarded_port()
    {
        Skip.If(TestProgram.Find("git") is null, "git is not installed");
        using var folder = new TemporaryFolder();
        await GitAsync("init", "-q", "--bare", $"{folder.Path}/far.git");
        await GitAsync("clone", "-q", $"{folder.Path}/far.git", $"{folder.Path}/work");
        await File.WriteAllBytesAsync($"{folder.Path}/work/file", RandomNumberGenerator.GetBytes(3_000_000));
        await GitAsync("-C", $"{folder.Path}/work", "add", "file");
        await GitAsync("-C", $"{folder.Path}/work", "-c", "user.name=t", "-c", "user.email=t@t.test", "commit", "-q", "-m", "a file");
        await GitAsync("-C", $"{folder.Path}/work", "push", "-q", "origin", "HEAD:refs/heads/main");
        int port = FreePort.Next();
        await using TestProgram daemon = TestProgram.Start("git", ["daemon", "--listen=127.0.0.1", $"--port={port}", "--export-all", $"--base-path={folder.Path}", "--reuseaddr"]);
        await using RunningServer server = await TunnelServer.StartAsync("auto");
        await using ClientFixture client = await ClientFixture.StartAsync(server, $"127.0.0.1:{port}");
        await Eventually.HoldsAsync(async () => await SshServer.ListensAsync(port), "git listens");

        await GitAsync("clone", "-q", "-b", "main", $"git://127.0.0.1:{client.Port}/far.git", $"{folder.Path}/clone");

        Assert.Equal(await File.ReadAllBytesAsync($"{folder.Path}/work/file"), await File.ReadAllBytesAsync($"{folder.Path}/clone/file"));
    }

    [SkippableFact]
    public async Task Ssh_goes_through_standard_input_and_output()
    {
        Skip.If(SshServer.Missing is not null, SshServer.Missing);
        await using SshServer sshd = await SshServer.StartAsync();
        using var folder = new TemporaryFolder();
        await using RunningServer server = await TunnelServer.StartAsync("auto");
        string token = folder.Write("token", TunnelServer.Token);
        string proxy = $"dotnet exec {typeof(TunnelClient).Assembly.Location} tunnel client https://localhost:{server.HttpsPort} --token file:{token} --ca {ClientFixture.RootOf(server)} --stdio %h:%p";

        string said = await sshd.RunAsync(sshd.Port, "head -c 3000000 /dev/zero | sha256sum", "-o", $"ProxyCommand={proxy}");

        Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(new byte[3_000_000])), said, StringComparison.Ordinal);
    }

    internal static async Task<string> RunAsync(string program, params string[] arguments)
    {
        await using TestProgram running = TestProgram.Start(program, arguments, new Dictionary<string, string> { ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_TERMINAL_PROMPT"] = "0" });
        await Eventually.HoldsAsync(() => running.HasExited, $"{program} is done", TimeSpan.FromSeconds(60));
        await running.EndAsync();
        return running.Output;
    }

    private static async Task GitAsync(params string[] arguments)
    {
        string said = await RunAsync("git", arguments);
        Assert.DoesNotContain("fatal", said, StringComparison.Ordinal);
    }

    private static Task<ClientFixture> StartAsync(RunningServer server, string target, string via, bool http2) => ClientFixture.StartAsync(server, target, address => With(address, via, http2));

    private static TunnelServerAddress With(TunnelServerAddress address, string via, bool http2) => address with { Via = Enum.Parse<TunnelVia>(via), Http2 = http2 };
}
