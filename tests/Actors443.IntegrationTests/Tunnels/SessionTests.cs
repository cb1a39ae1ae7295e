using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Actors443.Testing;
using Actors443.Tunnels;
using Actors443.Tunnels.Sessions;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>Sessions: tunnels that outlive their connections.</summary>
public sealed class SessionTests
{
    // ACTORS443_TEST_MEGABYTES=1024 for the whole gibibyte.
    private static readonly long Length = (Environment.GetEnvironmentVariable("ACTORS443_TEST_MEGABYTES") is { Length: > 0 } text ? long.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : 22) << 20;

    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task Bytes_arrive_whole_both_ways_though_the_connection_is_cut_ten_times(string engine)
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using CuttingProxy proxy = CuttingProxy.To(server.HttpsPort);
        await using ClientFixture client = await ClientFixture.StartAsync(server, target.Authority, port: proxy.Port);
        await using NetworkStream stream = await client.ConnectAsync();
        // Both ways together, and a little more for TLS: ten cuts and a part of the way after the last.
        proxy.CutEvery(2 * Length / 11);

        Task<byte[]> sending = SendAsync(stream);
        byte[] received = await HashAsync(stream, Length).WaitAsync(TimeSpan.FromMinutes(5));

        Assert.Equal(await sending, received);
        Assert.InRange(proxy.Cuts, 10, 20);
        Assert.Equal(1, target.Accepted);
        Assert.Single(await TunnelServer.TunnelsAsync(server));
        stream.Socket.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty && !server.Environment.TunnelSessions.All.Any(), "the session is over");
    }

    [Fact]
    public async Task A_session_whose_client_does_not_come_back_in_time_is_ended()
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await RunningServer.StartAsync(TunnelServer.Hocon(tunnels: "resume.window = 1s"));
        await using CuttingProxy proxy = CuttingProxy.To(server.HttpsPort);
        await using ClientFixture client = await ClientFixture.StartAsync(server, target.Authority, port: proxy.Port);
        await using NetworkStream stream = await client.ConnectAsync();
        await stream.WriteAsync(new byte[1]);
        await stream.ReadExactlyAsync(new byte[1]);
        TunnelSession session = server.Environment.TunnelSessions.All.Single();

        await proxy.DisposeAsync();

        await Eventually.HoldsAsync(() => session.IsOver, "the session is given up", TimeSpan.FromSeconds(20));
        Assert.Equal(TunnelEndReason.ResumeTimeout, session.Tunnel.Reason);
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "nothing is left");
    }

    [Fact]
    public async Task A_session_is_taken_up_by_its_token_and_account_alone()
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync("auto");
        string path = $"/.well-known/masque/tcp/127.0.0.1/{target.Port}/";
        await using TlsClient first = await TlsClient.ConnectAsync(server.HttpsPort);
        await first.SendAsync(Request(path, TunnelServer.Basic));
        HttpAnswer opened = await first.ReadAnswerAsync();
        string token = opened.Headers["Tunnel-Session"];
        Assert.Equal((101, "0"), (opened.Status, opened.Headers["Tunnel-Received"]));
        string bob = "Bearer another token of another account";
        string bobBasic = "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes("bob:another token of another account"));

        Assert.Equal(410, await StatusAsync(server, Request(path, TunnelServer.Basic, new string('0', 64), "0")));
        Assert.Equal(410, await StatusAsync(server, Request(path, bobBasic, token, "0")));
        Assert.Equal(410, await StatusAsync(server, Request(path, TunnelServer.Basic, token, "x")));
        Assert.Equal(200, await StatusAsync(server, Request(path, bob + "x", token, "0")));
        await using TlsClient second = await TlsClient.ConnectAsync(server.HttpsPort);
        await second.SendAsync(Request(path, TunnelServer.Basic, token, "0"));
        Assert.Equal(101, (await second.ReadAnswerAsync()).Status);

        // The client has come on another connection: the one before is given up.
        Assert.True(await first.EndsAsync(TimeSpan.FromSeconds(10)));
        Assert.Single(server.Environment.TunnelSessions.All);
    }

    [Fact]
    public async Task A_session_can_be_killed_and_its_client_is_told()
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync("auto");
        await using ClientFixture client = await ClientFixture.StartAsync(server, target.Authority);
        await using NetworkStream stream = await client.ConnectAsync();
        await stream.WriteAsync(new byte[1]);
        await stream.ReadExactlyAsync(new byte[1]);
        Tunnel tunnel = server.Environment.Tunnels.All.Single();
        Assert.EndsWith("/user/actors443/tunnels", tunnel.Actor.Path.Parent.ToString(), StringComparison.Ordinal);

        tunnel.Actor.Tell(new EndTunnel(TunnelEndReason.Killed), Akka.Actor.ActorRefs.NoSender);

        await Eventually.HoldsAsync(() => client.Said.Contains("was cut", StringComparison.Ordinal), "the client is told");
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the session is over");
    }

    private static string Request(string path, string proof, string? token = null, string? received = null) =>
        $"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: actors443-session\r\nProxy-Authorization: {proof}\r\n"
        + (token is null ? "" : $"Tunnel-Session: {token}\r\nTunnel-Received: {received}\r\n") + "\r\n";

    private static async Task<int> StatusAsync(RunningServer server, string request)
    {
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        await client.SendAsync(request);
        return (await client.ReadAnswerAsync()).Status;
    }

    private static async Task<byte[]> SendAsync(NetworkStream stream)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] chunk = RandomNumberGenerator.GetBytes(64 * 1024);
        for (long sent = 0; sent < Length; sent += chunk.Length)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(chunk, sent);
            hash.AppendData(chunk);
            await stream.WriteAsync(chunk);
        }

        return hash.GetHashAndReset();
    }

    private static async Task<byte[]> HashAsync(NetworkStream stream, long length)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[64 * 1024];
        for (long received = 0; received < length;)
        {
            int count = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - received)));
            Assert.NotEqual(0, count);
            hash.AppendData(buffer, 0, count);
            received += count;
        }

        return hash.GetHashAndReset();
    }
}
