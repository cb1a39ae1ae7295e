using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using Actors443.Connections.Directory;
using Actors443.Hosting;
using Actors443.Telemetry;
using Actors443.Testing;
using static Actors443.IntegrationTests.Embedding.SessionSockets;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>Hosts that are clustered by themselves, over real Akka.Remote, without a serializer that makes objects of any type.</summary>
public sealed class ClusteredHostTests : IClassFixture<TwoHosts>, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly TwoHosts _hosts;
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly ActivityListener _listener;

    public ClusteredHostTests(TwoHosts hosts)
    {
        _hosts = hosts;
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is Actors443Meter.Name or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_session_goes_on_from_another_node()
    {
        foreach (EmbeddedHost host in new[] { _hosts[0], _hosts[1] })
            await Eventually.HoldsAsync(() => BeginsAsync(host), "the region has found its coordinator", Patience);
        var homes = new HashSet<string>();
        // Until both nodes had some: each is seen from where it is, and from where it is not.
        for (int number = 0; number < 20 && (homes.Count < 2 || number < 4); number++)
        {
            (ClientWebSocket first, string cookie) = await ConnectAsync(_hosts[number % 2].Https.Authority, "/live");
            Assert.Equal("\u00160", await HearAsync(first));
            await SayAsync(first, "count");
            string heard = await HearAsync(first);
            Assert.StartsWith("1 at ", heard, StringComparison.Ordinal);
            string home = heard[5..];
            homes.Add(home);
            first.Abort();
            first.Dispose();

            (ClientWebSocket second, string again) = await ConnectAsync(_hosts[(number + 1) % 2].Https.Authority, "/live?received=1", cookie);
            using (second)
            {
                Assert.Equal("", again);
                Assert.Equal("\u00161", await HearAsync(second));
                Assert.Equal("detached", await HearAsync(second));
                await SayAsync(second, "\u00062");
                await SayAsync(second, "count");
                Assert.Equal($"2 at {home}", await HearAsync(second));
            }
        }

        Assert.Equal(2, homes.Count);
        await Eventually.HoldsAsync(() => FromAnotherNode("receive SessionAttached") && FromAnotherNode("receive WebSocketReceived"), "sessions on the other node go on in the traces of their connections");
    }

    // A request's own span ends with its WebSocket.
    private bool FromAnotherNode(string name) => _spans.Any(received => received.OperationName == name && received.HasRemoteParent && _spans.Any(request => request.SpanId == received.ParentSpanId));

    [Fact]
    public async Task Each_host_knows_the_connections_of_both()
    {
        await using TlsClient one = await TlsClient.ConnectAsync(_hosts[0].Https.Port, "localhost");
        await using TlsClient other = await TlsClient.ConnectAsync(_hosts[1].Https.Port, "localhost");
        IConnectionDirectory directory = _hosts[0].System.GetConnectionDirectory();
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

    private static async Task<bool> BeginsAsync(EmbeddedHost host)
    {
        (ClientWebSocket socket, _) = await ConnectAsync(host.Https.Authority, "/live");
        using (socket)
            return await HearAsync(socket) == "\u00160";
    }
}
