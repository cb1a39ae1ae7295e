using System.Net;
using System.Net.WebSockets;
using System.Text;
using Actors443.Connections;
using Actors443.Connections.Directory;
using Actors443.Hosting;
using Actors443.Requests;
using Actors443.Testing;
using Actors443.WebSockets;
using Akka.Actor;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>WebSockets that speak with actors, at the pace of whoever is slower.</summary>
public sealed class ActorWebSocketTests
{
    private static readonly CancellationToken Patience = new CancellationTokenSource(TimeSpan.FromMinutes(5)).Token;

    public static TheoryData<string, string> EnginesAndVersions => new() { { "auto", "1.1" }, { "auto", "2.0" }, { "portable", "1.1" }, { "portable", "2.0" } };

    [Theory]
    [MemberData(nameof(EnginesAndVersions))]
    public async Task Each_socket_has_an_actor_of_its_own_and_closes_in_order(string engine, string version)
    {
        var seen = new Seen();
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application => application.MapActorWebSocket("/rooms/{name}", _ => Props.Create(() => new Echo(seen))));
        using ClientWebSocket socket = await ConnectAsync(host, "/rooms/blue", version);
        await SendAsync(socket, "one");
        Assert.Equal("blue: one", await ReceiveAsync(socket));
        await socket.SendAsync(new byte[] { 1, 2, 3 }, WebSocketMessageType.Binary, true, Patience);
        Assert.Equal("blue: 3 bytes", await ReceiveAsync(socket));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "enough", Patience);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        await Eventually.HoldsAsync(() => seen.Closed is { Status: WebSocketCloseStatus.NormalClosure, Description: "enough" }, "the actor is told");
        await Eventually.HoldsAsync(() => seen.Stopped == 1, "the actor is stopped");
    }

    [Theory]
    [MemberData(nameof(EnginesAndVersions))]
    public async Task A_shared_actor_speaks_to_all_and_closes_whom_it_likes(string engine, string version)
    {
        await using EmbeddedHost host = await StartSharedAsync(engine, () => new Room());
        using ClientWebSocket first = await ConnectAsync(host, "/", version);
        using ClientWebSocket second = await ConnectAsync(host, "/", version);
        // Both are in the room when both have heard it.
        await Eventually.HoldsAsync(
            async () =>
            {
                await SendAsync(first, "who");
                return await ReceiveAsync(first) == "2";
            },
            "two are in the room");
        await SendAsync(first, "hello");
        string heard;
        do
            heard = await ReceiveAsync(second);
        while (heard != "hello");
        await SendAsync(second, "close");
        await ReadToCloseAsync(second);
        Assert.Equal((WebSocketCloseStatus)4001, second.CloseStatus);
        Assert.Equal("go", second.CloseStatusDescription);
        await Eventually.HoldsAsync(
            async () =>
            {
                await SendAsync(first, "who");
                string answer;
                do
                    answer = await ReceiveAsync(first);
                while (answer.Length != 1);
                return answer == "1";
            },
            "one is left");
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task A_client_is_read_as_its_actor_acknowledges(string engine)
    {
        var seen = new Seen();
        await using EmbeddedHost host = await StartSharedAsync(engine, () => new Holder(seen), route => (route.ReceiveWindow, route.MaximumMessage) = (3, 100_000));
        using ClientWebSocket socket = await ConnectAsync(host, "/", "1.1");
        byte[] message = new byte[100_000];
        int sent = 0;
        // More than all buffers between hold, so that the client comes to a halt.
        Task sending = Task.Run(async () =>
        {
            for (; sent < 500; sent++)
                await socket.SendAsync(message, WebSocketMessageType.Binary, true, Patience);
        });
        await Eventually.HoldsAsync(() => seen.Received == 3, "the window is full");
        int before = -1;
        await Eventually.HoldsAsync(() => Interlocked.Exchange(ref before, Volatile.Read(ref sent)) == Volatile.Read(ref sent) && sent > 0, "the client waits");
        Assert.Equal(3, seen.Received);
        seen.Actor!.Tell("go", ActorRefs.NoSender);
        await sending;
        await Eventually.HoldsAsync(() => seen.Received == 500, "all has come", TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task A_client_that_does_not_read_is_closed_and_costs_no_memory(string engine)
    {
        var seen = new Seen();
        await using EmbeddedHost host = await StartSharedAsync(engine, () => new Flooder(seen), route => (route.SendBuffer, route.CloseWithin) = (1_000_000, TimeSpan.FromMilliseconds(500)));
        using ClientWebSocket socket = await ConnectAsync(host, "/", "1.1");
        await SendAsync(socket, "flood");
        await Eventually.HoldsAsync(() => seen.Closed is { Status: WebSocketCloseStatus.PolicyViolation }, "it is closed", TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task An_acknowledged_message_has_gone_at_the_client_s_pace(string engine)
    {
        var seen = new Seen();
        await using EmbeddedHost host = await StartSharedAsync(engine, () => new Pacer(seen));
        using ClientWebSocket socket = await ConnectAsync(host, "/", "1.1");
        await SendAsync(socket, "begin");
        int before = -1;
        await Eventually.HoldsAsync(() => seen.Received > 0 && Interlocked.Exchange(ref before, seen.Received) == seen.Received, "it waits for its client", TimeSpan.FromSeconds(60));
        Assert.InRange(seen.Received, 1, 999);
        long length = 0;
        byte[] buffer = new byte[256 * 1024];
        while (length < 1000L * 64 * 1024)
            length += (await socket.ReceiveAsync(buffer, Patience)).Count;
        await Eventually.HoldsAsync(() => seen.Received == 1000, "all is acknowledged");
    }

    [Fact]
    public async Task An_actor_that_stops_closes_its_socket()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application => application.MapActorWebSocket("/", _ => Props.Create(() => new Thrower())));
        using ClientWebSocket socket = await ConnectAsync(host, "/", "1.1");
        await SendAsync(socket, "throw");
        await ReadToCloseAsync(socket);
        Assert.Equal(WebSocketCloseStatus.InternalServerError, socket.CloseStatus);
    }

    [Fact]
    public async Task A_message_too_long_closes_with_1009_and_a_cut_is_told()
    {
        var seen = new Seen();
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application =>
            application.MapActorWebSocket("/", _ => Props.Create(() => new Echo(seen)), route => route.MaximumMessage = 1000));
        using (ClientWebSocket socket = await ConnectAsync(host, "/", "1.1"))
        {
            await socket.SendAsync(new byte[1001], WebSocketMessageType.Binary, true, Patience);
            await ReadToCloseAsync(socket);
            Assert.Equal(WebSocketCloseStatus.MessageTooBig, socket.CloseStatus);
        }

        await Eventually.HoldsAsync(() => seen.Stopped == 1, "its actor is stopped");
        using (ClientWebSocket socket = await ConnectAsync(host, "/", "1.1"))
        {
            await SendAsync(socket, "one");
            await ReceiveAsync(socket);
            seen.Closed = null;
            socket.Abort();
        }

        await Eventually.HoldsAsync(() => seen.Closed is { Status: null }, "the cut is told", TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task What_is_no_socket_or_from_elsewhere_is_refused()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application =>
        {
            application.MapActorWebSocket("/", _ => Props.Create(() => new Echo(new Seen())), route => route.Origins = ["https://friend.example"]);
            application.MapActorWebSocket<Echo>("/nobody");
        });
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage plain = await client.GetAsync("/");
        Assert.Equal(HttpStatusCode.UpgradeRequired, plain.StatusCode);
        WebSocketException nobody = await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(host, "/nobody", "1.1"));
        Assert.Contains("503", nobody.Message, StringComparison.Ordinal);
        WebSocketException refused = await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(host, "/", "1.1", "https://evil.example"));
        Assert.Contains("403", refused.Message, StringComparison.Ordinal);
        using ClientWebSocket friend = await ConnectAsync(host, "/", "1.1", "https://friend.example");
        using ClientWebSocket own = await ConnectAsync(host, "/", "1.1", host.Https.GetLeftPart(UriPartial.Authority));
        Assert.Equal(WebSocketState.Open, own.State);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task A_server_that_stops_closes_with_1001(string engine)
    {
        await using EmbeddedHost host = await StartSharedAsync(engine, () => new Room());
        using ClientWebSocket socket = await ConnectAsync(host, "/", "1.1");
        await SendAsync(socket, "who");
        await ReceiveAsync(socket);
        Task stopping = host.StopAsync();
        await ReadToCloseAsync(socket);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
        await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, Patience);
        await stopping;
    }

    [Theory]
    [MemberData(nameof(EnginesAndVersions))]
    public async Task Events_come_as_they_happen_and_a_client_that_comes_back_says_where_it_was(string engine, string version)
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application =>
        {
            var system = (ActorSystem)application.Services.GetService(typeof(ActorSystem))!;
            application.MapActorEvents("/events", system.ActorOf(Props.Create(() => new Ticker())));
        });
        using HttpClient client = host.CreateClient(Version.Parse(version));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add("Last-Event-ID", "41");
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType!.MediaType);
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal("event: tick\nid: 42\nretry: 1500\ndata: two\ndata: lines\n\ndata: last\n\n", text);
    }

    [Theory]
    [MemberData(nameof(EnginesAndVersions))]
    public async Task What_is_pushed_to_a_connection_comes_as_a_message_and_as_an_event(string engine, string version)
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application =>
        {
            var system = (ActorSystem)application.Services.GetService(typeof(ActorSystem))!;
            application.MapActorWebSocket("/socket", system.ActorOf(Props.Create(() => new Room())));
            application.MapActorEvents("/events", system.ActorOf(Akka.TestKit.TestActors.BlackHoleActor.Props));
        });
        IConnectionDirectory directory = host.System.GetConnectionDirectory();
        using ClientWebSocket socket = await ConnectAsync(host, "/socket", version);
        using HttpClient client = host.CreateClient(Version.Parse(version));
        using HttpResponseMessage answer = await client.GetAsync(new Uri("/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await answer.Content.ReadAsStreamAsync());
        // An answer of the room: it is open on both sides.
        await SendAsync(socket, "who");
        await ReceiveAsync(socket);

        ConnectionsReached reached = await directory.PushAsync(ConnectionFilter.Parse("age < 1h"), Push.Text("to all"));
        Assert.Equal(2, reached.Count);
        Assert.Equal("to all", await ReceiveAsync(socket));
        Assert.Equal("data: to all", await events.ReadLineAsync(Patience));
        Assert.Equal(0, (await directory.PushAsync(ConnectionFilter.Parse("principal = alice"), Push.Text("to her"))).Count);
    }

    [Fact]
    public void An_event_s_name_and_id_are_one_line()
    {
        Assert.Throws<ArgumentException>(() => new ServerSentEvent("data", "a\nb"));
        Assert.Throws<ArgumentException>(() => new ServerSentEvent("data", id: "a\rb"));
    }

    [Fact]
    public async Task Wrong_options_are_named() =>
        Assert.Contains("ReceiveWindow", (await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StartSharedAsync("auto", () => new Room(), route => route.ReceiveWindow = 0))).Message, StringComparison.Ordinal);

    private static Task<EmbeddedHost> StartSharedAsync<TActor>(string engine, System.Linq.Expressions.Expression<Func<TActor>> make, Action<WebSocketRouteOptions>? configure = null)
        where TActor : ActorBase => EmbeddedHost.StartAsync(engine, application =>
        {
            var system = (ActorSystem)application.Services.GetService(typeof(ActorSystem))!;
            application.MapActorWebSocket("/", system.ActorOf(Props.Create(make)), configure);
        });

    private static async Task<ClientWebSocket> ConnectAsync(EmbeddedHost host, string path, string version, string? origin = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin);
        using var invoker = new HttpMessageInvoker(EmbeddedHost.CreateTrustingHandler(), disposeHandler: false);
        await socket.ConnectAsync(new UriBuilder(new Uri(host.Https, path)) { Scheme = "wss" }.Uri, invoker, Patience);
        return socket;
    }

    private static Task SendAsync(ClientWebSocket socket, string text) => socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, true, Patience);

    private static async Task<string> ReceiveAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[4096];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, Patience);
        Assert.Equal(WebSocketMessageType.Text, received.MessageType);
        return Encoding.UTF8.GetString(buffer, 0, received.Count);
    }

    private static async Task ReadToCloseAsync(ClientWebSocket socket)
    {
        byte[] buffer = new byte[64 * 1024];
        WebSocketReceiveResult received;
        do
            received = await socket.ReceiveAsync(buffer, Patience);
        while (received.MessageType != WebSocketMessageType.Close);
    }

    private sealed class Seen
    {
        public volatile WebSocketClosed? Closed;
        public volatile IActorRef? Actor;
        public int Received;
        public int Stopped;
    }

    private sealed class Echo : ReceiveActor
    {
        private readonly Seen _seen;

        public Echo(Seen seen)
        {
            _seen = seen;
            string name = "";
            Receive<WebSocketOpened>(opened => name = opened.Request.Route["name"].ToString());
            Receive<WebSocketReceived>(received =>
            {
                Sender.Tell(WebSocketSend.Text(received.IsText ? $"{name}: {received.Text}" : $"{name}: {received.Data.Length} bytes"));
                Sender.Tell(WebSocketAck.Instance);
            });
            Receive<WebSocketClosed>(closed => seen.Closed = closed);
        }

        protected override void PostStop() => Interlocked.Increment(ref _seen.Stopped);
    }

    private sealed class Room : ReceiveActor
    {
        private readonly HashSet<IActorRef> _members = [];

        public Room()
        {
            Receive<WebSocketOpened>(_ => _members.Add(Sender));
            Receive<WebSocketClosed>(_ => _members.Remove(Sender));
            Receive<WebSocketReceived>(received =>
            {
                Sender.Tell(WebSocketAck.Instance);
                switch (received.Text)
                {
                    case "who":
                        Sender.Tell(WebSocketSend.Text($"{_members.Count}"));
                        break;
                    case "close":
                        Sender.Tell(new CloseWebSocket((WebSocketCloseStatus)4001, "go"));
                        break;
                    default:
                        var message = WebSocketSend.Text(received.Text);
                        foreach (IActorRef member in _members)
                            member.Tell(message);
                        break;
                }
            });
        }
    }

    private sealed class Holder : ReceiveActor
    {
        private readonly List<IActorRef> _held = [];
        private bool _goes;

        public Holder(Seen seen)
        {
            Receive<WebSocketOpened>(_ => seen.Actor = Self);
            Receive<WebSocketReceived>(_ =>
            {
                Interlocked.Increment(ref seen.Received);
                if (_goes)
                    Sender.Tell(WebSocketAck.Instance);
                else
                    _held.Add(Sender);
            });
            Receive<string>(_ =>
            {
                _goes = true;
                _held.ForEach(socket => socket.Tell(WebSocketAck.Instance));
            });
        }
    }

    private sealed class Flooder : ReceiveActor
    {
        public Flooder(Seen seen)
        {
            Receive<WebSocketReceived>(_ =>
            {
                var message = new WebSocketSend(new byte[100_000]);
                for (int i = 0; i < 1000; i++)
                    Sender.Tell(message);
            });
            Receive<WebSocketClosed>(closed => seen.Closed = closed);
        }
    }

    private sealed class Pacer : ReceiveActor
    {
        private static readonly WebSocketSend Message = new(new byte[64 * 1024], Ack: "sent");
        private int _sent;

        public Pacer(Seen seen)
        {
            Receive<WebSocketReceived>(_ => Send());
            Receive<string>(_ =>
            {
                Interlocked.Increment(ref seen.Received);
                if (_sent < 1000)
                    Send();
            });
        }

        private void Send()
        {
            _sent++;
            Sender.Tell(Message);
        }
    }

    private sealed class Thrower : ReceiveActor
    {
        public Thrower() => Receive<WebSocketReceived>(received => throw new InvalidOperationException(received.Text));
    }

    private sealed class Ticker : ReceiveActor
    {
        public Ticker() => Receive<EventsOpened>(opened =>
        {
            int next = int.Parse(opened.LastEventId!, System.Globalization.CultureInfo.InvariantCulture) + 1;
            Sender.Tell(new ServerSentEvent("two\nlines", "tick", $"{next}") { Retry = TimeSpan.FromSeconds(1.5) });
            Sender.Tell(new ServerSentEvent("last"));
            Sender.Tell(ReplyEnd.Instance);
        });
    }
}
