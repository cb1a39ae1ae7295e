using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Actors443.Connections;
using Actors443.IntegrationTests.Embedding;
using Actors443.Requests;
using Actors443.Telemetry;
using Actors443.Testing;
using Akka.Actor;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

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

        await client.GetStringAsync("/");

        await Eventually.HoldsAsync(() => Of(id).Count == 3, "a handshake and two requests were traced");
        Activity handshake = Of(id).Single(span => span.OperationName == "tls_handshake");
        Assert.Equal("1.3", handshake.GetTagItem("tls.protocol.version"));
        Assert.Equal("h2", handshake.GetTagItem("tls.next_protocol"));
        Assert.Equal("localhost", handshake.GetTagItem("tls.client.server_name"));
        Assert.Equal(true, handshake.GetTagItem("tls.established"));
        Assert.Equal(default, handshake.ParentSpanId);
        Assert.Equal(["Accepted", "ClientHelloRead", "Admitted"], handshake.Events.Select(happened => happened.Name));
        // The one that it was opened for is in its trace, the other one refers to that.
        Activity first = Of(id).Single(span => span.ParentSpanId == handshake.SpanId);
        Assert.Equal(handshake.TraceId, first.TraceId);
        Assert.Empty(first.Links);
        Activity second = Of(id).Single(span => span != handshake && span != first);
        Assert.NotEqual(handshake.TraceId, second.TraceId);
        Assert.Equal(default, second.ParentSpanId);
        Assert.Equal(handshake.Context, Assert.Single(second.Links).Context);
    }

    [Theory]
    [InlineData("ignore")]
    [InlineData("link")]
    [InlineData("trust")]
    public async Task What_a_client_says_of_its_trace_is_worth_what_the_settings_say(string policy)
    {
        const string trace = "0af7651916cd43dd8448eb211c80319c";
        await using RunningServer server = await RunningServer.StartAsync(null, $"https.trace-context={policy}");
        using HttpClient client = server.CreateClient(HttpVersion.Version11);
        await client.GetStringAsync("/");
        string id = (await server.ConnectionsAsync())[0].Id;
        using var said = new HttpRequestMessage(HttpMethod.Get, "/");
        said.Headers.Add("traceparent", $"00-{trace}-b7ad6b7169203331-01");
        said.Headers.Add("baggage", "user=alice");
        (await client.SendAsync(said)).EnsureSuccessStatusCode();

        await Eventually.HoldsAsync(() => Of(id).Count == 3, "a handshake and two requests were traced");
        Activity handshake = Of(id).Single(span => span.OperationName == "tls_handshake");
        Activity request = Of(id).Single(span => span != handshake && span.TraceId != handshake.TraceId);
        Assert.Equal(policy == "trust", request.TraceId.ToString() == trace);
        Assert.Equal(policy == "trust" ? "alice" : null, request.GetBaggageItem("user"));
        string[] links = [.. request.Links.Select(link => link.Context.TraceId.ToString())];
        Assert.Equal(policy == "link" ? [handshake.TraceId.ToString(), trace] : [handshake.TraceId.ToString()], links);
    }

    [Fact]
    public async Task An_application_sees_the_headers_of_a_trace_that_is_not_trusted()
    {
        string? seen = null;
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application => application.MapGet("/", (HttpContext context) => seen = context.Request.Headers.TraceParent));
        using HttpClient client = host.CreateClient();
        using var said = new HttpRequestMessage(HttpMethod.Get, "/");
        said.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        (await client.SendAsync(said)).EnsureSuccessStatusCode();

        Assert.Equal("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", seen);
    }

    [Fact]
    public async Task The_actor_of_a_request_goes_on_in_its_trace()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application =>
        {
            var system = application.Services.GetRequiredService<ActorSystem>();
            application.MapActor("/told", system.ActorOf(Props.Create<Answering>()));
        });
        using HttpClient client = host.CreateClient(HttpVersion.Version20);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/told?traced")).StatusCode);
        Assert.Equal(HttpStatusCode.InternalServerError, (await client.GetAsync("/told?throw")).StatusCode);

        await Eventually.HoldsAsync(() => Asked().Count == 2 && Asked().All(ask => Received(ask) is not null && Request(ask) is not null), "the spans have ended");
        foreach (Activity ask in Asked())
        {
            Activity received = Received(ask)!;
            Assert.Equal(received.Status, ask.Status);
            Assert.Equal((received.TraceId, ask.TraceId), (ask.TraceId, Request(ask)!.TraceId));
        }

        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Error], Asked().Select(ask => Received(ask)!.Status).Order());

        // The listener hears of other tests' spans as well: those of this route are ours.
        List<Activity> Asked() => [.. _spans.Where(span => span.OperationName == "ask" && Equals(span.GetTagItem("http.route"), "/told"))];

        Activity? Request(Activity ask) => _spans.SingleOrDefault(span => span.SpanId == ask.ParentSpanId);

        Activity? Received(Activity ask) => _spans.SingleOrDefault(span => span.OperationName == "receive ActorRequest" && span.ParentSpanId == ask.SpanId);
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

    private sealed class Answering : ReceiveRequestActor
    {
        public Answering() => Receive<ActorRequest>(request =>
        {
            if (request.QueryString == "?throw")
                throw new InvalidOperationException("as it should");
            Sender.Tell(ActorReply.Text("here"));
        });
    }

    private List<Activity> Of(string connection) => [.. _spans.Where(span => Equals(span.GetTagItem(ConnectionTraces.ConnectionTag), connection))];
}
