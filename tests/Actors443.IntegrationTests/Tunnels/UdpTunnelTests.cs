using System.Net;
using System.Net.Sockets;
using Actors443.Testing;
using Actors443.Tunnels;
using Actors443.Tunnels.Egress;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>UDP through tunnels (CONNECT-UDP, RFC 9298) over HTTP/1.1 and 2, to a real socket.</summary>
public sealed class UdpTunnelTests : IAsyncLifetime
{
    private const string Allowed = "allow-udp = [\"127.0.0.0/8:*\"]";

    private readonly UdpClient _echo = new(new IPEndPoint(IPAddress.Loopback, 0));
    private Task _echoing = Task.CompletedTask;

    private int Port => ((IPEndPoint)_echo.Client.LocalEndPoint!).Port;

    private string Path => $"/.well-known/masque/udp/127.0.0.1/{Port}/";

    public Task InitializeAsync()
    {
        _echoing = EchoAsync();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _echo.Dispose();
        await _echoing;
    }

    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task Packets_keep_their_bounds_over_HTTP1(string engine)
    {
        await using RunningServer server = await TunnelServer.StartAsync(engine, Allowed);
        await using TlsClient client = await UpgradeAsync(server, Path);
        HttpAnswer answer = await client.ReadAnswerAsync();
        Assert.Equal(101, answer.Status);
        Assert.Equal("connect-udp", answer.Headers["Upgrade"]);
        Assert.Equal("?1", answer.Headers["Capsule-Protocol"]);

        foreach (int length in (int[])[5, 0, 1200, 9000, 60_000])
        {
            byte[] packet = Packet(length);
            await client.Stream.WriteAsync(packet);
            byte[] back = new byte[packet.Length];
            await client.Stream.ReadExactlyAsync(back);
            Assert.Equal(packet, back);
        }

        Assert.Equal(TunnelMethod.Udp, Assert.Single(await TunnelServer.TunnelsAsync(server)).Method);
        // A packet's way is counted when it is over, and its echo may be here before.
        await Eventually.HoldsAsync(
            async () => Assert.Single(await TunnelServer.TunnelsAsync(server)) is var tunnel && tunnel.BytesUp == tunnel.BytesDown && tunnel.BytesUp > 70_000,
            "as many bytes have gone up as down");
    }

    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task Packets_go_both_ways_over_HTTP2_until_the_client_ends(string engine)
    {
        await using RunningServer server = await TunnelServer.StartAsync(engine, Allowed);
        await using RawHttp2 client = await RawHttp2.SendAsync(
            server.HttpsPort, (":method", "CONNECT"), (":protocol", "connect-udp"), (":scheme", "https"), (":authority", "localhost"), (":path", Path), ("capsule-protocol", "?1"), ("proxy-authorization", TunnelServer.Basic));
        Assert.Equal(200, client.Status);

        byte[] packets = [.. Packet(10), .. Packet(700), .. Packet(1)];
        await client.WriteAsync(packets);
        Assert.Equal(packets.Order(), (await client.ReadAsync(packets.Length)).Order());
        await client.EndAsync();

        Assert.Empty(await client.ReadToEndAsync());
        Assert.Null(client.ResetCode);
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is over");
    }

    [Theory]
    [InlineData("/.well-known/masque/udp/127.0.0.1/PORT/", "", 403)]
    [InlineData("/.well-known/masque/udp/127.0.0.1/PORT/", "allow-udp = [\"127.0.0.0/8:1-2\"]", 403)]
    [InlineData("/.well-known/masque/udp/localhost/PORT/", "allow-udp = [\"*:*\"]", 403)]
    [InlineData("/.well-known/masque/udp/127.0.0.1/0/", Allowed, 400)]
    [InlineData("/.well-known/masque/udp/127.0.0.1/", Allowed, 400)]
    public async Task What_is_not_allowed_for_UDP_is_refused_whatever_TCP_may(string path, string account, int status)
    {
        await using RunningServer server = await TunnelServer.StartAsync("auto", account);
        await using TlsClient client = await UpgradeAsync(server, path.Replace("PORT", $"{Port}", StringComparison.Ordinal));

        Assert.Equal(status, (await client.ReadAnswerAsync()).Status);
    }

    [Fact]
    public async Task Whoever_proves_nothing_sees_the_site()
    {
        await using RunningServer server = await TunnelServer.StartAsync("auto", Allowed);
        await using TlsClient client = await UpgradeAsync(server, Path, proof: null);

        HttpAnswer answer = await client.ReadAnswerAsync();

        Assert.Equal(200, answer.Status);
        Assert.False(answer.Headers.ContainsKey("Capsule-Protocol"));
    }

    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task Capsules_that_break_the_rules_end_the_tunnel(string engine)
    {
        await using RunningServer server = await TunnelServer.StartAsync(engine, Allowed);
        await using TlsClient client = await UpgradeAsync(server, Path);
        Assert.Equal(101, (await client.ReadAnswerAsync()).Status);

        await client.Stream.WriteAsync(new byte[] { 0, 0 });

        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is over");
        await Eventually.HoldsAsync(async () => (await server.ObituariesAsync()).Any(obituary => obituary.Reason == Actors443.Connections.CloseReason.ProtocolError), "an obituary tells why");
    }

    [Fact]
    public async Task A_target_where_nobody_listens_ends_the_tunnel()
    {
        int nobody = FreePort.Next();
        await using RunningServer server = await TunnelServer.StartAsync("auto", Allowed);
        await using TlsClient client = await UpgradeAsync(server, $"/.well-known/masque/udp/127.0.0.1/{nobody}/");
        Assert.Equal(101, (await client.ReadAnswerAsync()).Status);

        await client.Stream.WriteAsync(Packet(3));

        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is over");
    }

    private static async Task<TlsClient> UpgradeAsync(RunningServer server, string path, string? proof = "")
    {
        TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort);
        string authorization = proof is null ? "" : $"Proxy-Authorization: {TunnelServer.Basic}\r\n";
        await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: connect-udp\r\nCapsule-Protocol: ?1\r\n{authorization}\r\n");
        return client;
    }

    private static byte[] Packet(int length)
    {
        byte[] capsule = new byte[8 + length];
        int header = CapsuleReader.WriteHeader(capsule, length);
        for (int index = 0; index < length; index++)
            capsule[header + index] = (byte)index;
        return capsule[..(header + length)];
    }

    private async Task EchoAsync()
    {
        try
        {
            while (true)
            {
                UdpReceiveResult packet = await _echo.ReceiveAsync();
                await _echo.SendAsync(packet.Buffer, packet.RemoteEndPoint);
            }
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}
