using System.Security.Cryptography;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>Tunnels by CONNECT over HTTP/2 (RFC 9113 8.5).</summary>
public sealed class Http2ConnectTests
{
    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task Bytes_go_both_ways_and_the_end_of_the_client_reaches_the_target(string engine)
    {
        await using TargetServer target = TargetServer.Start(async stream =>
        {
            using var all = new MemoryStream();
            await stream.CopyToAsync(all);
            await stream.WriteAsync(SHA256.HashData(all.ToArray()));
        });
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using RawHttp2 client = await ConnectAsync(server, target.Authority, TunnelServer.Basic);
        Assert.Equal(200, client.Status);

        byte[] bytes = RandomNumberGenerator.GetBytes(1_000_000);
        await client.WriteAsync(bytes);
        await client.EndAsync();

        Assert.Equal(SHA256.HashData(bytes), await client.ReadToEndAsync());
        Assert.Null(client.ResetCode);
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is over");
    }

    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task All_that_a_target_said_before_its_end_arrives(string engine)
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(1_000_000);
        await using TargetServer target = TargetServer.Start(async stream => await stream.WriteAsync(bytes));
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using RawHttp2 client = await ConnectAsync(server, target.Authority, TunnelServer.Basic);

        Assert.Equal(bytes, await client.ReadToEndAsync());
    }

    [Theory]
    [MemberData(nameof(ConnectTests.Engines), MemberType = typeof(ConnectTests))]
    public async Task A_target_that_resets_is_a_connect_error(string engine)
    {
        await using TargetServer target = TargetServer.Start(async stream =>
        {
            await stream.ReadExactlyAsync(new byte[1]);
            stream.Socket.Close(0);
        });
        await using RunningServer server = await TunnelServer.StartAsync(engine);
        await using RawHttp2 client = await ConnectAsync(server, target.Authority, TunnelServer.Basic);

        await client.WriteAsync(new byte[1]);
        await client.ReadToEndAsync();

        Assert.Equal(0xau, client.ResetCode);
    }

    [Theory]
    [InlineData("10.0.0.1:22", true, 403)]
    [InlineData("127.1:22", true, 400)]
    [InlineData("127.0.0.1:1", true, 502)]
    [InlineData("127.0.0.1:1", false, 405)]
    public async Task What_is_refused_is_refused_over_HTTP2_as_well(string target, bool proves, int status)
    {
        await using RunningServer server = await TunnelServer.StartAsync("auto");
        await using RawHttp2 client = await ConnectAsync(server, target, proves ? TunnelServer.Basic : "Basic x");

        Assert.Equal(status, client.Status);
    }

    [Fact]
    public async Task A_tunnel_of_HTTP2_can_be_killed_and_its_connection_goes_on()
    {
        await using TargetServer target = TargetServer.Echo();
        await using RunningServer server = await TunnelServer.StartAsync("auto");
        await using RawHttp2 client = await ConnectAsync(server, target.Authority, TunnelServer.Basic);

        server.Environment.Tunnels.All.Single().Actor.Tell(new Actors443.Tunnels.EndTunnel(Actors443.Tunnels.TunnelEndReason.Killed), Akka.Actor.ActorRefs.NoSender);

        Assert.Empty(await client.ReadToEndAsync());
        Assert.Single(await server.ConnectionsAsync());
    }

    private static Task<RawHttp2> ConnectAsync(RunningServer server, string target, string proof) =>
        RawHttp2.SendAsync(server.HttpsPort, (":method", "CONNECT"), (":authority", target), ("proxy-authorization", proof));
}
