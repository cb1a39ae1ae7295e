using System.Net.Sockets;
using System.Text.Json;
using Actors443.Server.Tunnels;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>What the access log says of tunnels.</summary>
public sealed class TunnelAccessLogTests : IDisposable
{
    private const int Bytes = 45_678;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task A_tunnel_has_the_bytes_that_came_from_its_target_whatever_carries_it()
    {
        string path = Path.Combine(_folder.Path, "access.log");
        await using TargetServer target = TargetServer.Start(async stream => await stream.WriteAsync(new byte[Bytes]));
        await using (RunningServer server = await RunningServer.StartAsync(TunnelServer.Hocon(), "access-log.format=json", $"access-log.path=\"{path}\""))
        {
            await using (TlsClient client = await TunnelServer.ConnectAsync(server, target.Authority))
                await client.Stream.ReadExactlyAsync(new byte[Bytes]);
            foreach ((TunnelVia via, bool http2) in ((TunnelVia, bool)[])[(TunnelVia.Session, false), (TunnelVia.WebSocket, false), (TunnelVia.WebSocket, true)])
                await TakeAsync(server, target, via, http2);
            await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "all tunnels are over");
        }

        JsonElement[] entries = [.. File.ReadLines(path).Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(
            [("CONNECT", 200, Bytes), ("GET", 101, Bytes), ("GET", 101, Bytes), ("CONNECT", 200, Bytes)],
            entries.Select(entry => (entry.GetProperty("method").GetString(), entry.GetProperty("status").GetInt32(), entry.GetProperty("bytes").GetInt32())));
    }

    public void Dispose() => _folder.Dispose();

    private static async Task TakeAsync(RunningServer server, TargetServer target, TunnelVia via, bool http2)
    {
        await using ClientFixture client = await ClientFixture.StartAsync(server, target.Authority, address => address with { Via = via, Http2 = http2 });
        await using NetworkStream stream = await client.ConnectAsync();
        await stream.ReadExactlyAsync(new byte[Bytes]).AsTask().WaitAsync(TimeSpan.FromSeconds(30));
        stream.Socket.Shutdown(SocketShutdown.Send);
        // In order: the next begins when this is noted.
        Assert.Equal(0, await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        await Eventually.HoldsAsync(() => server.Environment.Tunnels.IsEmpty, "the tunnel is over");
    }
}
