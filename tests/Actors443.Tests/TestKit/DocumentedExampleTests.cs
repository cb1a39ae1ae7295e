using System.Net;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Hosting;
using Actors443.Requests;
using Actors443.Routing.Conversations;
using Actors443.Testing;
using Actors443.TestKit;
using Akka.Actor;
using Akka.Hosting;
using Akka.TestKit;
using Microsoft.AspNetCore.Builder;

namespace Actors443.Tests.TestKit;

/// <summary>The tests that docs/embedding.md shows to embedders, as they are written there.</summary>
public sealed class DocumentedExampleTests
{
    // <actors>
    public sealed class PresenceTests : Akka.TestKit.Xunit2.TestKit
    {
        public PresenceTests()
            : base("akka { scheduler.implementation = \"Akka.TestKit.TestScheduler, Akka.TestKit\", test.single-expect-default = 30s }")
        {
        }

        [Fact]
        public async Task An_idle_client_is_seen_to_go()
        {
            using var connections = new TestConnections(Sys, new Actors443Settings { Deadlines = new() { Idle = TimeSpan.FromMinutes(1) } });
            connections.Observe(TestActor);
            DrivenConnection client = await connections.OpenAsync(new TestClient { ServerName = "shop.example.com" });
            ConnectionOpened opened = await ExpectMsgAsync<ConnectionOpened>();
            Assert.Equal("shop.example.com", opened.Facts.ServerName);

            using (client.BeginRequest())
                ((TestScheduler)Sys.Scheduler).Advance(TimeSpan.FromMinutes(5));
            Assert.Equal(ConnectionState.Open, client.State);
            ((TestScheduler)Sys.Scheduler).Advance(TimeSpan.FromSeconds(61));

            Assert.Equal(CloseReason.IdleTimeout, (await ExpectMsgAsync<ConnectionClosed>()).Reason);
        }

        [Fact]
        public async Task The_shouter_answers()
        {
            using var connections = new TestConnections(Sys);
            TestConnection client = await connections.OpenProtocolAsync(Sys.ActorOf(Props.Create<Shouter>()), new TestClient { ApplicationProtocol = "shout" });

            await client.Stream.WriteAsync("hello"u8.ToArray());

            byte[] answer = new byte[5];
            await client.Stream.ReadExactlyAsync(answer);
            Assert.Equal("HELLO"u8.ToArray(), answer);
        }
    }
    // </actors>

    // <requests>
    [Fact]
    public async Task An_order_is_told()
    {
        var door = new TestFrontDoor();
        WebApplicationBuilder builder = WebApplication.CreateBuilder();
        builder.Services.AddAkka("test", akka => akka
            .WithActors443(o => o.ConnectInMemory(door))
            .WithActors((system, registry) => registry.Register<Orders>(system.ActorOf(Props.Create<Orders>()))));
        builder.WebHost.UseActors443();
        await using WebApplication app = builder.Build();
        app.MapActor<Orders>("/orders/{id}");
        await app.StartAsync();

        using HttpClient client = door.CreateClient(TestClient.Http2);
        Assert.Equal("order 7 of https", await client.GetStringAsync("/orders/7"));

        using HttpResponseMessage unknown = await client.GetAsync("/orders/0");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }
    // </requests>

    [Theory]
    [InlineData("actors")]
    [InlineData("requests")]
    public void The_documentation_shows_what_is_tested_here(string part)
    {
        string source = File.ReadAllText(Path.Combine(Repository.Folder, "tests/Actors443.Tests/TestKit/DocumentedExampleTests.cs"));
        string example = source[(source.IndexOf($"// <{part}>\n", StringComparison.Ordinal) + part.Length + 6)..source.IndexOf($"    // </{part}>", StringComparison.Ordinal)];
        string inDocumentation = string.Join('\n', example.Split('\n').Select(line => line.StartsWith("    ", StringComparison.Ordinal) ? line[4..] : line));

        Assert.Contains(inDocumentation, File.ReadAllText(Path.Combine(Repository.Folder, "docs/embedding.md")), StringComparison.Ordinal);
    }

    private sealed class Orders : ReceiveActor
    {
        public Orders() => Receive<ActorRequest>(request => Sender.Tell(request.Route["id"] == "0" ? ActorReply.Problem(404, "No such order.") : ActorReply.Text($"order {request.Route["id"]} of {request.Scheme}")));
    }

    private sealed class Shouter : ReceiveActor
    {
        public Shouter()
        {
            Receive<ProtocolOpened>(opened => opened.Connection.Read());
            Receive<BytesReceived>(received =>
            {
                received.Connection.Write(received.Bytes.ToArray().Select(letter => (byte)char.ToUpperInvariant((char)letter)).ToArray());
                received.Connection.Read();
            });
        }
    }
}
