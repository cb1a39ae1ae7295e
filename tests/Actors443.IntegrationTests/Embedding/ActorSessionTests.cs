using System.Net.WebSockets;
using System.Security.Claims;
using Actors443.Sessions;
using Actors443.Testing;
using Actors443.TestKit;
using Actors443.WebSockets;
using Akka.Actor;
using Microsoft.AspNetCore.Builder;
using static Actors443.IntegrationTests.Embedding.SessionSockets;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>Sessions that outlive their connections.</summary>
public sealed class ActorSessionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task A_session_goes_on_after_its_connection_was_lost(string engine)
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application => application.MapActorSession("/live", _ => Props.Create<Counter>()));
        (ClientWebSocket first, string cookie) = await ConnectAsync(host.Https.Authority, "/live");
        Assert.Matches("^__Host-session=[A-Za-z0-9_-]{43}; path=/; secure; samesite=strict; httponly$", cookie);
        Assert.Equal("\u00160", await HearAsync(first));
        await SayAsync(first, "count");
        Assert.Equal("1", await HearAsync(first));
        first.Abort();
        first.Dispose();

        // It says something as it notices, and to nobody: that waits.
        (ClientWebSocket second, string again) = await ConnectAsync(host.Https.Authority, "/live?received=1", cookie);
        using (second)
        {
            Assert.Equal("", again);
            Assert.Equal("\u00161", await HearAsync(second));
            Assert.Equal("detached", await HearAsync(second));
            await SayAsync(second, "count");
            Assert.Equal("2", await HearAsync(second));
            // What is confirmed is not sent again; the third connection takes the place of the second.
            await SayAsync(second, "\u00062");
            (ClientWebSocket third, _) = await ConnectAsync(host.Https.Authority, "/live?received=2", cookie);
            using (third)
            {
                Assert.Equal("PolicyViolation the session goes on on another connection", await HearAsync(second));
                Assert.Equal("\u00162", await HearAsync(third));
                Assert.Equal("2", await HearAsync(third));
                Assert.Equal("detached", await HearAsync(third));
                await SayAsync(third, "\u0006100");
                Assert.Equal("PolicyViolation more confirmed than sent", await HearAsync(third));
            }
        }
    }

    [Fact]
    public async Task An_id_that_the_server_has_not_made_or_made_for_another_is_not_taken()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application =>
        {
            UseNames(application);
            application.MapActorSession("/live", _ => Props.Create<Counter>());
        });
        string planted = $"__Host-session={new string('a', 43)}";
        (ClientWebSocket stranger, string given) = await ConnectAsync(host.Https.Authority, "/live", planted);
        Assert.NotEqual("", given);
        Assert.DoesNotContain(planted, given, StringComparison.Ordinal);
        stranger.Dispose();

        (ClientWebSocket alice, string hers) = await ConnectAsync(host.Https.Authority, "/live", user: "alice");
        Assert.Equal("\u00160", await HearAsync(alice));
        (ClientWebSocket same, string none) = await ConnectAsync(host.Https.Authority, "/live", hers, "alice");
        Assert.Equal("", none);
        foreach (string? other in new[] { "bob", null })
        {
            (ClientWebSocket socket, string own) = await ConnectAsync(host.Https.Authority, "/live", hers, other);
            Assert.NotEqual("", own);
            await HearAsync(socket);
            await SayAsync(socket, "count");
            Assert.Equal("1", await HearAsync(socket));
            socket.Dispose();
        }

        alice.Dispose();
        same.Dispose();
    }

    [Fact]
    public async Task What_is_kept_and_how_long_is_bounded()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application => application.MapActorSession("/live", _ => Props.Create<Counter>(), options =>
        {
            (options.Buffer, options.Idle, options.MaximumSessions) = (8, TimeSpan.FromSeconds(2), 1);
        }));
        (ClientWebSocket first, string cookie) = await ConnectAsync(host.Https.Authority, "/live");
        Assert.Equal("\u00160", await HearAsync(first));
        for (int i = 1; i <= 9; i++)
        {
            await SayAsync(first, "count");
            Assert.Equal($"{i}", await HearAsync(first));
        }

        (ClientWebSocket refused, _) = await ConnectAsync(host.Https.Authority, "/live");
        Assert.Equal("1013 too many sessions", await HearAsync(refused));
        refused.Dispose();
        // It takes the place of the first, of whose messages one did not fit any more, and the word about the first is the last.
        (ClientWebSocket second, string again) = await ConnectAsync(host.Https.Authority, "/live", cookie);
        Assert.Equal("", again);
        string position = await HearAsync(second);
        Assert.NotEqual("\u00160", position);
        second.Dispose();
        first.Dispose();
        await Eventually.HoldsAsync(
            async () =>
            {
                // Not with the cookie, which would keep it alive.
                (ClientWebSocket late, _) = await ConnectAsync(host.Https.Authority, "/live");
                using (late)
                    return await HearAsync(late) == "\u00160";
            },
            "the session has ended, and there is room for another",
            Patience);
    }

    [Fact]
    public async Task Tokens_and_certificates_name_sessions_too()
    {
        using var certificates = new TestCertificates();
        var door = new TestFrontDoor();
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(
            TestEngine.Name,
            application =>
            {
                UseNames(application);
                application.MapActorSession("/token", _ => Props.Create<Counter>(), options => options.By = SessionBy.Bearer);
                application.MapActorSession("/certificate", _ => Props.Create<Counter>(), options => options.By = SessionBy.ClientCertificate);
                ActorSystem system = (ActorSystem)application.Services.GetService(typeof(ActorSystem))!;
                application.MapActorSession("/region", system.ActorOf(Props.Create<Region>()));
            },
            options: options => options.ConnectInMemory(door));
        foreach (string path in new[] { "/token", "/certificate" })
            Assert.Equal(401, await RefusedAsync(door, path));

        foreach ((string path, TestClient client, string user) in new[] { ("/token", TestClient.Default, "alice"), ("/certificate", new TestClient { Certificate = certificates.Certificate }, "") })
        {
            for (int i = 0; i < 2; i++)
            {
                using WebSocket socket = await door.ConnectWebSocketAsync($"{path}?received={i}", client, options =>
                {
                    options.SetRequestHeader("Authorization", "Bearer a-token-of-the-application");
                    options.SetRequestHeader("X-User", user);
                });
                Assert.Equal($"\u0016{i}", await HearAsync(socket));
                await SayAsync(socket, "count");
                string heard = await HearAsync(socket);
                // The second begins with what was said as the first went.
                Assert.Equal($"{i + 1}", heard == "detached" ? await HearAsync(socket) : heard);
            }
        }

        using WebSocket sharded = await door.ConnectWebSocketAsync("/region");
        Assert.Equal("\u00160", await HearAsync(sharded));
        await SayAsync(sharded, "count");
        Assert.Equal("1", await HearAsync(sharded));
    }

    [Fact]
    public async Task Wrong_options_are_named()
    {
        ArgumentOutOfRangeException wrong = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => EmbeddedHost.StartAsync(TestEngine.Name, application =>
            application.MapActorSession("/live", _ => Props.Create<Counter>(), options => options.CookieName = "session")));
        Assert.Contains("/live: CookieName cannot be that; write __Host- and a name", wrong.Message, StringComparison.Ordinal);

        wrong = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => EmbeddedHost.StartAsync(TestEngine.Name, application =>
            application.MapActorSession("/live", _ => Props.Create<Counter>(), options => options.Region = "a region")));
        Assert.Contains("/live: Region cannot be that; write a name of letters", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_region_without_a_cluster_is_said_to_have_none()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application => application.MapActorSession("/live", _ => Props.Create<Counter>()));

        InvalidOperationException alone = Assert.Throws<InvalidOperationException>(() => SessionRegion.Start(host.System, "games", _ => Props.Create<Counter>()));

        Assert.Contains("'games', and this actor system is in no cluster; make it a node (Akka.Cluster.Hosting: WithClustering)", alone.Message, StringComparison.Ordinal);
    }

    private static void UseNames(WebApplication application) => application.Use((context, next) =>
    {
        if (context.Request.Headers["X-User"].ToString() is { Length: > 0 } name)
            context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, name)], "test"));
        return next(context);
    });

    private static async Task<int> RefusedAsync(TestFrontDoor door, string path)
    {
        using var http = new HttpMessageInvoker(door.CreateHandler());
        using var request = new HttpRequestMessage(HttpMethod.Get, "https://localhost" + path);
        foreach ((string name, string value) in new[] { ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==") })
            request.Headers.TryAddWithoutValidation(name, value);
        using HttpResponseMessage answer = await http.SendAsync(request, CancellationToken.None);
        return (int)answer.StatusCode;
    }

    /// <summary>Counts over all connections.</summary>
    private sealed class Counter : ReceiveActor
    {
        private int _count;

        public Counter()
        {
            Receive<SessionDetached>(_ => Context.Parent.Tell(WebSocketSend.Text("detached")));
            Receive<SessionAttached>(_ => { });
            Receive<WebSocketReceived>(received =>
            {
                Sender.Tell(WebSocketAck.Instance);
                Sender.Tell(WebSocketSend.Text($"{++_count}"));
            });
        }
    }

    /// <summary>In the place of a shard region.</summary>
    private sealed class Region : ReceiveActor
    {
        public Region() => Receive<SessionEnvelope>(envelope =>
        {
            IActorRef entity = Context.Child(envelope.Session);
            if (entity.IsNobody())
                entity = Context.ActorOf(SessionActor.Props(envelope.Session, Props.Create<Counter>(), new SessionRouteOptions()), envelope.Session);
            entity.Forward(envelope.Message);
        });
    }
}
