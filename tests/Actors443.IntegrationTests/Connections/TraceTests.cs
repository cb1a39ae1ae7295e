using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Actors443.Connections;
using Actors443.Telemetry;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Connections;

public sealed class TraceTests : IAsyncLifetime, IDisposable
{
    private readonly ConcurrentQueue<Activity> _spans = new();
    private readonly ActivityListener _listener;
    private RunningServer _server = null!;

    public TraceTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is Actors443Meter.Name or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = _spans.Enqueue,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public async Task InitializeAsync() => _server = await RunningServer.StartAsync();

    public async Task DisposeAsync() => await _server.DisposeAsync();

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task A_handshake_and_its_requests_are_spans_that_name_their_connection()
    {
        using HttpClient client = _server.CreateClient(HttpVersion.Version20);
        await client.GetStringAsync("/");
        string id = (await _server.ConnectionsAsync())[0].Id;

        await Eventually.HoldsAsync(() => Of(id).Count == 2, "a handshake and a request were traced");
        Activity handshake = Of(id).Single(span => span.OperationName == "tls_handshake");
        Assert.Equal("1.3", handshake.GetTagItem("tls.protocol.version"));
        Assert.Equal("h2", handshake.GetTagItem("tls.next_protocol"));
        Assert.Equal("localhost", handshake.GetTagItem("tls.client.server_name"));
        Assert.Equal(true, handshake.GetTagItem("tls.established"));
        Activity request = Of(id).Single(span => span != handshake);
        Assert.NotEqual(handshake.TraceId, request.TraceId);
    }

    [Fact]
    public async Task A_failed_handshake_is_a_span_with_its_reason()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPAddress.Loopback, _server.HttpsPort);
        int local = ((IPEndPoint)socket.LocalEndPoint!).Port;
        await socket.SendAsync(new RawClientHello().ToRecord());
        socket.Shutdown(SocketShutdown.Send);

        await Eventually.HoldsAsync(() => _spans.Any(span => Equals(span.GetTagItem("network.peer.port"), local)), "the handshake was traced");
        Activity handshake = _spans.First(span => Equals(span.GetTagItem("network.peer.port"), local));
        Assert.Equal(ActivityStatusCode.Error, handshake.Status);
        Assert.Equal(CloseReason.ClientClosed.ToTag(), handshake.GetTagItem("error.type"));
    }

    private List<Activity> Of(string connection) => [.. _spans.Where(span => Equals(span.GetTagItem(ConnectionTraces.ConnectionTag), connection))];
}
