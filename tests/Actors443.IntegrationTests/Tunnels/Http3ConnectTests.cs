using System.Net.Quic;
using System.Security.Cryptography;
using Actors443.Engine.Quic;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tunnels;

#pragma warning disable CA1416 // Skipped where there is no QUIC.
/// <summary>Tunnels by CONNECT over HTTP/3 (RFC 9114 4.4).</summary>
public sealed class Http3ConnectTests
{
    [SkippableFact]
    public async Task Bytes_go_both_ways_and_the_end_of_the_client_reaches_the_target()
    {
        NeedsQuic();
        await using TargetServer target = TargetServer.Start(async stream =>
        {
            using var all = new MemoryStream();
            await stream.CopyToAsync(all);
            await stream.WriteAsync(SHA256.HashData(all.ToArray()));
        });
        await using RunningServer server = await TunnelServer.StartAsync(TestEngine.Name);
        await using RawHttp3 client = await ConnectAsync(server, target.Authority, TunnelServer.Basic);
        Assert.Equal(200, client.Status);

        byte[] bytes = RandomNumberGenerator.GetBytes(1_000_000);
        await client.WriteAsync(bytes);
        client.End();

        Assert.Equal(SHA256.HashData(bytes), await client.ReadToEndAsync());
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is over");
    }

    [SkippableFact]
    public async Task A_target_that_resets_is_a_connect_error()
    {
        NeedsQuic();
        await using TargetServer target = TargetServer.Start(async stream =>
        {
            await stream.ReadExactlyAsync(new byte[1]);
            stream.Socket.Close(0);
        });
        await using RunningServer server = await TunnelServer.StartAsync(TestEngine.Name);
        await using RawHttp3 client = await ConnectAsync(server, target.Authority, TunnelServer.Basic);

        await client.WriteAsync(new byte[1]);
        QuicException reset = await Assert.ThrowsAsync<QuicException>(client.ReadToEndAsync);

        Assert.Equal(QuicError.StreamAborted, reset.QuicError);
        Assert.Equal(0x10f, reset.ApplicationErrorCode);
    }

    [SkippableTheory]
    [InlineData("10.0.0.1:22", true, 403)]
    [InlineData("127.1:22", true, 400)]
    [InlineData("127.0.0.1:1", true, 502)]
    [InlineData("127.0.0.1:1", false, 405)]
    public async Task What_is_refused_is_refused_over_HTTP3_as_well(string target, bool proves, int status)
    {
        NeedsQuic();
        await using RunningServer server = await TunnelServer.StartAsync(TestEngine.Name);
        await using RawHttp3 client = await ConnectAsync(server, target, proves ? TunnelServer.Basic : "Basic x");

        Assert.Equal(status, client.Status);
    }

    private static void NeedsQuic() => Skip.If(QuicPlatform.Missing is not null, QuicPlatform.Missing ?? "");

    private static Task<RawHttp3> ConnectAsync(RunningServer server, string target, string proof) =>
        RawHttp3.SendAsync(server.HttpsPort, (":method", "CONNECT"), (":authority", target), ("proxy-authorization", proof));
}
