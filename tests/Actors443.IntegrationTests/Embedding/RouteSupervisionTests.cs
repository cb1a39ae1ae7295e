using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Hosting;
using Actors443.IntegrationTests.Engine;
using Actors443.Requests;
using Actors443.Routing.Conversations;
using Actors443.Testing;
using Actors443.TestKit;
using Actors443.WebSockets;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>What the failures of an actor cost, by the settings of its route.</summary>
public sealed class RouteSupervisionTests
{
    private const string Settings = """
        actors443.requests {
          timeout = 10 minutes
          routes {
            "/quarantine" { on-failure = quarantine, failures = 3, within = 10 minutes, back-off = 300ms, longest-back-off = 300ms, canaries = 2 }
            "/stream" { on-failure = stop-stream }
            "/connection" { on-failure = close-connection }
            "/time" { on-failure = quarantine, failures = 1, time = 300ms, back-off = 1 hour, longest-back-off = 1 hour }
            "/memory" { on-failure = quarantine, failures = 1, memory = 1000, back-off = 1 hour, longest-back-off = 1 hour }
            "/few" { at-once = 1, route-memory = 1000 }
            "/sockets/stop" { on-failure = stop-stream }
            "/sockets/quarantine" { on-failure = quarantine, failures = 1, back-off = 300ms }
            "moody" { on-failure = quarantine, failures = 1, back-off = 1 hour, longest-back-off = 1 hour }
          }
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Versions => ["1.1", "2.0"];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Too_many_failures_put_a_route_in_quarantine_until_canaries_are_answered(string version)
    {
        var mood = new Mood();
        await using EmbeddedHost host = await StartAsync(mood);
        using HttpClient client = host.CreateClient(Version.Parse(version));
        for (int i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.InternalServerError, (await GetAsync(client, "/quarantine?throw")).StatusCode);
        int before = mood.Requests;
        using (HttpResponseMessage refused = await client.GetAsync("/quarantine?ok"))
        {
            // At once, unless this machine was so slow that the back-off is over.
            if (refused.StatusCode == HttpStatusCode.ServiceUnavailable)
            {
                Assert.Equal(TimeSpan.FromSeconds(1), refused.Headers.RetryAfter!.Delta);
                Assert.Equal("application/problem+json", refused.Content.Headers.ContentType!.MediaType);
                Assert.Equal(before, mood.Requests);
            }
        }

        // A canary that fails closes it again.
        await Eventually.HoldsAsync(async () => (await GetAsync(client, "/quarantine?throw")).StatusCode == HttpStatusCode.InternalServerError, "a canary is let through", Patience);
        // One at a time: while a canary waits for its answer nobody else is let through.
        Task<HttpResponseMessage> canary = null!;
        await Eventually.HoldsAsync(
            async () =>
            {
                canary = client.GetAsync("/quarantine?hold");
                await Eventually.HoldsAsync(() => canary.IsCompleted || !mood.Held.IsEmpty, "it is refused or held", Patience);
                return !mood.Held.IsEmpty;
            },
            "a canary is held",
            Patience);
        for (int i = 0; i < 3; i++)
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await GetAsync(client, "/quarantine?ok")).StatusCode);
        Assert.True(mood.Held.TryDequeue(out IActorRef? held));
        held.Tell(ActorReply.Text("released"), ActorRefs.NoSender);
        Assert.Equal("released", await (await canary).Content.ReadAsStringAsync());
        // The second canary opens it for all.
        Assert.Equal("ok", await client.GetStringAsync("/quarantine?ok"));
        Assert.Equal(["ok", "ok", "ok"], await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => client.GetStringAsync("/quarantine?ok"))));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_failure_may_cost_the_stream_or_the_connection(string version)
    {
        var mood = new Mood();
        await using EmbeddedHost host = await StartAsync(mood);
        var closed = new ConcurrentQueue<ConnectionClosed>();
        await host.System.ObserveConnectionsAsync(host.System.ActorOf(Props.Create(() => new Observer(closed))));
        using HttpClient client = host.CreateClient(Version.Parse(version));
        string first = await client.GetStringAsync("/connection?id");
        Assert.Equal(HttpStatusCode.InternalServerError, (await GetAsync(client, "/stream?throw")).StatusCode);
        string second = await client.GetStringAsync("/connection?id");
        // HTTP/2 has streams that end by themselves; one of HTTP/1.1 is its connection.
        Assert.Equal(version == "2.0", first == second);

        Task<string> other = client.GetStringAsync("/quarantine?hold");
        await Eventually.HoldsAsync(() => !mood.Held.IsEmpty, "another request is in flight", Patience);
        Assert.Equal(HttpStatusCode.InternalServerError, (await GetAsync(client, "/connection?throw")).StatusCode);
        Assert.True(mood.Held.TryDequeue(out IActorRef? held));
        held.Tell(ActorReply.Text("released"), ActorRefs.NoSender);
        Assert.Equal("released", await other);
        await Eventually.HoldsAsync(() => closed.Any(one => one.Reason == CloseReason.RouteFailed), "the connection is closed", Patience);
        // With HTTP/1.1 the request in flight had another of its own, which stays.
        if (version == "2.0")
            Assert.NotEqual(second, await client.GetStringAsync("/connection?id"));
    }

    [Theory]
    [InlineData("/time?hold", HttpStatusCode.GatewayTimeout)]
    [InlineData("/time?begin", null)]
    [InlineData("/memory?large", HttpStatusCode.InternalServerError)]
    [InlineData("/memory?large-chunk", null)]
    public async Task A_budget_exceeded_is_a_failure(string path, HttpStatusCode? status)
    {
        var door = new TestFrontDoor();
        await using EmbeddedHost host = await StartAsync(new Mood(), door);
        using HttpClient client = door.CreateClient(TestClient.Http2);
        string route = path.Split('?')[0];
        Assert.Equal("ok", await client.GetStringAsync($"{route}?ok"));
        if (status is null)
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetByteArrayAsync(path));
        else
            Assert.Equal(status, (await GetAsync(client, path)).StatusCode);
        await Eventually.HoldsAsync(async () => (await GetAsync(client, $"{route}?ok")).StatusCode == HttpStatusCode.ServiceUnavailable, "it counts", Patience);
    }

    [Theory]
    [InlineData("h2")]
    [InlineData("http/1.1")]
    public async Task What_a_route_may_hold_at_once_is_bounded(string protocol)
    {
        var mood = new Mood();
        var door = new TestFrontDoor();
        await using EmbeddedHost host = await StartAsync(mood, door);
        using HttpClient client = door.CreateClient(new TestClient { ApplicationProtocol = protocol });
        Task<string> first = client.GetStringAsync("/few?hold");
        await Eventually.HoldsAsync(() => !mood.Held.IsEmpty, "one is held", Patience);
        using (HttpResponseMessage second = await client.GetAsync("/few?ok"))
            Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(1)), (second.StatusCode, second.Headers.RetryAfter!.Delta));
        Assert.True(mood.Held.TryDequeue(out IActorRef? held));
        held.Tell(ActorReply.Text("released"), ActorRefs.NoSender);
        Assert.Equal("released", await first);
        await Eventually.HoldsAsync(async () => (await GetAsync(client, "/few?ok")).IsSuccessStatusCode, "there is room again", Patience);
        foreach (bool chunked in new[] { false, true })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/few?ok") { Content = new ByteArrayContent(new byte[1001]), Version = client.DefaultRequestVersion, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            request.Headers.TransferEncodingChunked = chunked && protocol != "h2";
            using HttpResponseMessage refused = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        }

        await Eventually.HoldsAsync(async () => (await GetAsync(client, "/few?ok")).IsSuccessStatusCode, "nothing is held any more", Patience);
    }

    [Fact]
    public async Task WebSockets_go_on_are_closed_or_refused()
    {
        var door = new TestFrontDoor();
        await using EmbeddedHost host = await StartAsync(new Mood(), door);
        using WebSocket resumed = await door.ConnectWebSocketAsync("/sockets/resume");
        await SayAsync(resumed, "throw");
        await SayAsync(resumed, "hello");
        Assert.Equal("hello", await HearAsync(resumed));

        using WebSocket stopped = await door.ConnectWebSocketAsync("/sockets/stop");
        await SayAsync(stopped, "throw");
        Assert.Equal("InternalServerError its actor failed", await HearAsync(stopped));

        using WebSocket last = await door.ConnectWebSocketAsync("/sockets/quarantine");
        await SayAsync(last, "throw");
        await SayAsync(last, "hello");
        Assert.Equal("hello", await HearAsync(last));
        // The canary has the route to itself until its actor has said something.
        WebSocket? canary = null;
        await Eventually.HoldsAsync(
            async () =>
            {
                try
                {
                    canary = await door.ConnectWebSocketAsync("/sockets/quarantine");
                    return true;
                }
                catch (WebSocketException)
                {
                    return false;
                }
            },
            "a canary is let through",
            Patience);
        using (canary)
        {
            await Assert.ThrowsAsync<WebSocketException>(() => door.ConnectWebSocketAsync("/sockets/quarantine"));
            await SayAsync(canary!, "hello");
            Assert.Equal("hello", await HearAsync(canary!));
            using WebSocket all = await door.ConnectWebSocketAsync("/sockets/quarantine");
        }
    }

    [Fact]
    public async Task Protocols_are_supervised_by_their_name()
    {
        var door = new TestFrontDoor();
        await using EmbeddedHost host = await StartAsync(new Mood(), door);
        var client = new TestClient { ApplicationProtocol = "moody" };
        TestConnection first = await door.ConnectAsync(client);
        await first.Stream.WriteAsync("x"u8.ToArray());
        await Eventually.HoldsAsync(
            async () =>
            {
                TestConnection refused = await door.ConnectAsync(client);
                refused.EndOutput();
                await refused.ClosedAsync().WaitAsync(Patience);
                return refused is { Reason: CloseReason.RouteQuarantined, ReasonDetail: "quarantined" };
            },
            "the protocol is in quarantine",
            Patience);
    }

    [Fact]
    public async Task Wrong_supervision_in_code_is_named()
    {
        ArgumentOutOfRangeException wrong = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => EmbeddedHost.StartAsync(TestEngine.Name, application =>
            application.MapActor("/x", ActorRefs.Nobody, route => route.Supervision = new RouteSupervisionSettings { LongestBackOff = TimeSpan.FromMilliseconds(1) })));
        Assert.Contains("/x: Supervision.LongestBackOff is too small; write BackOff or more.", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_for_a_route_that_is_not_there_are_reported()
    {
        using var log = new LinesOfLog();
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(
            TestEngine.Name,
            application => application.MapActor("/orders/{id}", ActorRefs.Nobody),
            services => services.AddLogging(logging => logging.AddProvider(log)),
            akka => akka.AddHocon(
                """
                actors443.requests.routes {
                  "/orders/{id}" { time = 5s }
                  "/ordres/{id}" { time = 5s }
                  "moody" { time = 5s }
                }
                """,
                HoconAddMode.Prepend),
            options => options.MapProtocol<Moody>("moody"));

        await Eventually.HoldsAsync(() => log.Lines.Any(line => line.Contains("requests.routes", StringComparison.Ordinal)), "it is reported", Patience);

        Assert.Equal(
            "actors443.requests.routes: no route to an actor has the pattern '/ordres/{id}', so what is set for it has no effect; did you mean '/orders/{id}'?",
            Assert.Single(log.Lines, line => line.Contains("requests.routes", StringComparison.Ordinal)));
    }

    private static Task<EmbeddedHost> StartAsync(Mood mood, TestFrontDoor? door = null) => EmbeddedHost.StartAsync(
        TestEngine.Name,
        application =>
        {
            var system = (ActorSystem)application.Services.GetService(typeof(ActorSystem))!;
            foreach (string route in new[] { "/quarantine", "/stream", "/connection", "/time", "/memory", "/few" })
                application.MapActor(route, system.ActorOf(Props.Create(() => new Moody(mood))));
            foreach (string route in new[] { "/sockets/resume", "/sockets/stop", "/sockets/quarantine" })
                application.MapActorWebSocket(route, system.ActorOf(Props.Create(() => new Moody(mood))));
        },
        akka: akka => akka
            .AddHocon(Settings, HoconAddMode.Prepend)
            .WithActors((system, registry) => registry.Register<Moody>(system.ActorOf(Props.Create(() => new Moody(mood))))),
        options: options =>
        {
            options.MapProtocol<Moody>("moody");
            if (door is not null)
                options.ConnectInMemory(door);
        });

    private static async Task<HttpResponseMessage> GetAsync(HttpClient client, string path)
    {
        HttpResponseMessage answer = await client.GetAsync(path);
        await answer.Content.ReadAsByteArrayAsync();
        return answer;
    }

    private static Task SayAsync(WebSocket socket, string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, CancellationToken.None);

    private static async Task<string> HearAsync(WebSocket socket)
    {
        byte[] buffer = new byte[200];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Patience);
        return received.CloseStatus is { } status ? $"{status} {received.CloseStatusDescription}" : Encoding.UTF8.GetString(buffer, 0, received.Count);
    }

    private sealed class Mood
    {
        public ConcurrentQueue<IActorRef> Held { get; } = new();

        public int Requests;
    }

    private sealed class Observer : ReceiveActor
    {
        public Observer(ConcurrentQueue<ConnectionClosed> closed) => Receive<ConnectionClosed>(closed.Enqueue);
    }

    private sealed class Moody : ReceiveActor
    {
        private IActorRef? _large;

        public Moody(Mood mood)
        {
            Receive<ActorRequest>(request =>
            {
                Interlocked.Increment(ref mood.Requests);
                switch (request.QueryString)
                {
                    case "?throw":
                        throw new InvalidOperationException("scripted");
                    case "?hold":
                        mood.Held.Enqueue(Sender);
                        break;
                    case "?begin":
                        Sender.Tell(new ReplyStart());
                        break;
                    case "?large":
                        Sender.Tell(new ActorReply { Body = new byte[1001] });
                        break;
                    case "?large-chunk":
                        _large = Sender;
                        Sender.Tell(new ReplyStart());
                        break;
                    case "?id":
                        Sender.Tell(ActorReply.Text(request.ConnectionId!));
                        break;
                    default:
                        Sender.Tell(ActorReply.Text("ok"));
                        break;
                }
            });
            Receive<ReplyCredit>(_ => Sender.Equals(_large), _ => Sender.Tell(new ReplyChunk(new byte[1001])));
            Receive<WebSocketReceived>(received =>
            {
                if (received.Text == "throw")
                    throw new InvalidOperationException("scripted");
                Sender.Tell(WebSocketAck.Instance);
                Sender.Tell(WebSocketSend.Text(received.Text));
            });
            Receive<ProtocolOpened>(opened => opened.Connection.Read());
            Receive<InputEnded>(ended => ended.Connection.Close());
            Receive<BytesReceived>(_ => throw new InvalidOperationException("scripted"));
            ReceiveAny(_ => { });
        }
    }
}
