using System.Net.WebSockets;
using System.Text;
using Actors443.Connections.Directory;
using Actors443.Hosting;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>Hosts that are clustered by themselves, over real Akka.Remote, without a serializer that makes objects of any type.</summary>
public sealed class ClusteredHostTests(TwoHosts hosts) : IClassFixture<TwoHosts>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task A_session_goes_on_from_another_node()
    {
        foreach (EmbeddedHost host in new[] { hosts[0], hosts[1] })
            await Eventually.HoldsAsync(() => BeginsAsync(host), "the region has found its coordinator", Patience);
        var homes = new HashSet<string>();
        // Until both nodes had some: each is seen from where it is, and from where it is not.
        for (int number = 0; number < 20 && (homes.Count < 2 || number < 4); number++)
        {
            (ClientWebSocket first, string? cookie) = await ConnectAsync(hosts[number % 2], "/live", null);
            Assert.Equal("\u00160", await HearAsync(first));
            await SayAsync(first, "count");
            string heard = await HearAsync(first);
            Assert.StartsWith("1 at ", heard, StringComparison.Ordinal);
            string home = heard[5..];
            homes.Add(home);
            first.Abort();
            first.Dispose();

            (ClientWebSocket second, string? again) = await ConnectAsync(hosts[(number + 1) % 2], "/live?received=1", cookie);
            using (second)
            {
                Assert.Null(again);
                Assert.Equal("\u00161", await HearAsync(second));
                Assert.Equal("detached", await HearAsync(second));
                await SayAsync(second, "\u00062");
                await SayAsync(second, "count");
                Assert.Equal($"2 at {home}", await HearAsync(second));
            }
        }

        Assert.Equal(2, homes.Count);
    }

    [Fact]
    public async Task Each_host_knows_the_connections_of_both()
    {
        await using TlsClient one = await TlsClient.ConnectAsync(hosts[0].Https.Port, "localhost");
        await using TlsClient other = await TlsClient.ConnectAsync(hosts[1].Https.Port, "localhost");
        IConnectionDirectory directory = hosts[0].System.GetConnectionDirectory();
        ConnectionFilter filter = ConnectionFilter.Parse("sni = localhost and requests = 0");

        await Eventually.HoldsAsync(
            async () =>
            {
                ConnectionsFound found = await directory.FindAsync(filter);
                return found.Silent.Count == 0 && found.Connections.Select(connection => connection.Node).Distinct().Count() == 2;
            },
            "the connections of both are found",
            Patience);

        Assert.Equal(2, (await directory.CloseAsync(filter)).Count);
        Assert.True(await one.EndsAsync());
        Assert.True(await other.EndsAsync());
    }

    private static async Task<(ClientWebSocket Socket, string? Cookie)> ConnectAsync(EmbeddedHost host, string path, string? cookie)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
        if (cookie is not null)
            socket.Options.SetRequestHeader("Cookie", cookie);
        using var patience = new CancellationTokenSource(Patience);
        await socket.ConnectAsync(new Uri($"wss://localhost:{host.Https.Port}{path}"), patience.Token);
        return (socket, socket.HttpResponseHeaders!.TryGetValue("Set-Cookie", out IEnumerable<string>? set) ? set.Single().Split(';')[0] : null);
    }

    private static async Task<bool> BeginsAsync(EmbeddedHost host)
    {
        (ClientWebSocket socket, _) = await ConnectAsync(host, "/live", null);
        using (socket)
            return await HearAsync(socket) == "\u00160";
    }

    private static Task SayAsync(WebSocket socket, string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);

    private static async Task<string> HearAsync(WebSocket socket)
    {
        byte[] buffer = new byte[500];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Patience);
        return received.CloseStatus is { } status ? $"{status} {received.CloseStatusDescription}" : Encoding.UTF8.GetString(buffer, 0, received.Count);
    }
}
