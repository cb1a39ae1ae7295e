using System.Net.WebSockets;
using System.Text;
using Actors443.Connections;
using Actors443.Hosting;
using Actors443.Requests;
using Actors443.Routing.Conversations;
using Actors443.Testing;
using Actors443.TestKit;
using Actors443.WebSockets;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace Actors443.Tests.TestKit;

/// <summary>A host whose clients are in memory.</summary>
public sealed class TestFrontDoorTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestFrontDoor _door = new();
    private WebApplication _application = null!;

    public static TheoryData<string> Protocols => ["http/1.1", "h2"];

    public async Task InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddAkka("memory", akka => akka
            .AddHocon("akka.stdout-loglevel = OFF\nakka.loglevel = WARNING\nactors443 { drain.deadline = 5s, admission.per-client.connections = 3, deadlines.idle = 30s }", HoconAddMode.Append)
            .WithActors443(options => options.ConnectInMemory(_door).MapProtocol<Echo>("echo"))
            .WithActors((system, registry) => registry.Register<Echo>(system.ActorOf(Props.Create<Echo>()))));
        builder.WebHost.UseActors443();
        _application = builder.Build();
        _application.MapActor<Echo>("/echo");
        _application.MapActorWebSocket<Echo>("/socket");
        await _application.StartAsync();
    }

    public async Task DisposeAsync() => await _application.DisposeAsync();

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task Requests_come_over_connections_with_actors(string protocol)
    {
        using HttpClient http = _door.CreateClient(new TestClient { ApplicationProtocol = protocol, ServerName = "a.example" });
        using HttpResponseMessage answer = await http.PostAsync("/echo?x=1", new StringContent(new string('x', 300_000)));
        Assert.Equal(300_000, (await answer.Content.ReadAsStringAsync()).Length);
        Assert.Equal("https localhost", answer.Headers.GetValues("X-Asked").Single());
        TestConnection connection = Assert.Single(_door.Connections);
        Assert.Equal(("a.example", protocol, 1), (connection.Snapshot.ServerName, connection.Snapshot.ApplicationProtocol, connection.Snapshot.Requests));

        connection.Actor.Tell(new Drain());
        await connection.ClosedAsync().WaitAsync(Patience);
        Assert.Equal(CloseReason.Drained, connection.Reason);
    }

    [Theory]
    [MemberData(nameof(Protocols))]
    public async Task WebSockets_speak_with_their_actor(string protocol)
    {
        using WebSocket socket = await _door.ConnectWebSocketAsync("/socket", new TestClient { ApplicationProtocol = protocol });
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, CancellationToken.None);
        byte[] buffer = new byte[100];
        WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Patience);
        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));

        Task stopped = _application.StopAsync();
        WebSocketReceiveResult closed = await socket.ReceiveAsync(buffer, CancellationToken.None).WaitAsync(Patience);
        Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, closed.CloseStatus);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        await stopped.WaitAsync(Patience);
    }

    [Fact]
    public async Task Mapped_protocols_are_spoken()
    {
        TestConnection connection = await _door.ConnectAsync(new TestClient { ApplicationProtocol = "echo" });
        await connection.Stream.WriteAsync("hello"u8.ToArray());
        byte[] answer = new byte[5];
        await connection.Stream.ReadExactlyAsync(answer).AsTask().WaitAsync(Patience);
        Assert.Equal("hello"u8.ToArray(), answer);
        connection.EndOutput();
        await connection.ClosedAsync().WaitAsync(Patience);
        Assert.Equal(CloseReason.ServerClosed, connection.Reason);
    }

    [Fact]
    public async Task Limits_hold()
    {
        for (int i = 0; i < 3; i++)
            await _door.ConnectAsync();
        IOException refused = await Assert.ThrowsAsync<IOException>(() => _door.ConnectAsync());
        Assert.Contains("client_connection_limit", refused.Message, StringComparison.Ordinal);
        await _door.ConnectAsync(new TestClient { Remote = new(System.Net.IPAddress.Parse("192.0.2.99"), 1) });
    }

    [Fact]
    public async Task A_client_that_goes_is_noticed_by_the_actor_of_its_request()
    {
        using HttpClient http = _door.CreateClient();
        using var patience = new CancellationTokenSource();
        Task<HttpResponseMessage> asked = http.GetAsync("/echo?keep", patience.Token);
        await Eventually.HoldsAsync(() => _door.Connections is [{ Snapshot.RequestsInFlight: 1 }], "it is in flight");
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await _door.Connections[0].ClosedAsync().WaitAsync(Patience);
        Assert.Equal(CloseReason.ClientClosed, _door.Connections[0].Reason);
    }

    [Fact]
    public async Task Without_a_host_nobody_is_served()
    {
        var door = new TestFrontDoor();
        InvalidOperationException problem = await Assert.ThrowsAsync<InvalidOperationException>(() => door.ConnectAsync());
        Assert.Contains("ConnectInMemory(door)", problem.Message, StringComparison.Ordinal);
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo()
        {
            Receive<ActorRequest>(request => request.QueryString == "?keep", _ => { });
            Receive<ActorRequest>(request => Sender.Tell(new ActorReply { Body = request.Body }.WithHeader("X-Asked", $"{request.Scheme} {request.Host}")));
            Receive<WebSocketReceived>(received =>
            {
                Sender.Tell(WebSocketAck.Instance);
                Sender.Tell(new WebSocketSend(received.Data, received.IsText));
            });
            Receive<ProtocolOpened>(opened => opened.Connection.Read());
            Receive<BytesReceived>(received =>
            {
                received.Connection.Write(received.Bytes);
                received.Connection.Read();
            });
            Receive<InputEnded>(ended => ended.Connection.Close());
            ReceiveAny(_ => { });
        }
    }
}
