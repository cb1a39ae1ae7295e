using System.Net;
using System.Text;
using System.Text.Json;
using Actors443.Connections;
using Actors443.Requests;
using Actors443.Testing;
using Akka.Actor;
using Akka.Hosting;
using Akka.Routing;
using Microsoft.AspNetCore.Builder;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>Requests told to actors, and what the client sees of how that goes.</summary>
public sealed class ActorRouteTests
{
    // Far more than any test takes: what is answered earlier was not waited for.
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(10);

    public static TheoryData<string, string> EnginesAndVersions => new() { { "auto", "1.1" }, { "auto", "2.0" }, { "portable", "1.1" }, { "portable", "2.0" } };

    [Theory]
    [MemberData(nameof(EnginesAndVersions))]
    public async Task An_actor_gets_the_whole_request_and_answers(string engine, string version)
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application =>
            application.MapActor<Describer>("/orders/{id}/{part?}"), akka: With<Describer>(() => new Describer()));
        using HttpClient client = host.CreateClient(Version.Parse(version));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/orders/4%202/x?q=a%20b&q=c") { Content = new StringContent("the body") };
        request.Headers.Add("X-Two", ["1", "2"]);
        using HttpResponseMessage answer = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        Assert.Equal("yes", answer.Headers.GetValues("X-Answered").Single());
        using JsonDocument seen = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.Equal("POST /orders/4 2/x id=4 2 part=x q=a b,c x-two=1,2 body=the body length=8", seen.RootElement.GetProperty("text").GetString()!.Replace("1, 2", "1,2", StringComparison.Ordinal));
        Assert.StartsWith("/user/actors443/listeners/", seen.RootElement.GetProperty("connection").GetString(), StringComparison.Ordinal);
        Assert.Equal("127.0.0.1", seen.RootElement.GetProperty("remote").GetString());
        using HttpResponseMessage head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/orders/1"));
        Assert.Equal(HttpStatusCode.Accepted, head.StatusCode);
    }

    [Fact]
    public async Task References_selections_routers_and_envelopes_are_targets()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(
            TestEngine.Name,
            application =>
            {
                ActorSystem system = (ActorSystem)application.Services.GetService(typeof(ActorSystem))!;
                application.MapActor("/reference", system.ActorOf(Props.Create(() => new Namer()), "reference"));
                application.MapActor("/selection", system.ActorSelection("/user/reference"));
                application.MapActor("/router", system.ActorOf(Props.Create(() => new Namer()).WithRouter(new RoundRobinPool(3)), "router"));
                IActorRef region = system.ActorOf(Props.Create(() => new Region()), "region");
                application.MapActor("/entity/{id}", region, route => route.Envelope = request => new EntityMessage(request.Route["id"].ToString(), request));
            });
        using HttpClient client = host.CreateClient();
        Assert.Equal("/user/reference", await client.GetStringAsync("/reference"));
        Assert.Equal("/user/reference", await client.GetStringAsync("/selection"));
        var routees = new HashSet<string>();
        for (int i = 0; i < 6; i++)
            routees.Add(await client.GetStringAsync("/router"));
        Assert.Equal(3, routees.Count);
        Assert.Equal("/user/region/e-7", await client.GetStringAsync("/entity/7"));
    }

    [Fact]
    public async Task Methods_are_those_of_the_route()
    {
        await using EmbeddedHost host = await StartAsync(() => new Namer(), route => route.Methods = ["GET"]);
        using HttpClient client = host.CreateClient();
        Assert.Equal("/user/target", await client.GetStringAsync("/"));
        using HttpResponseMessage posted = await client.PostAsync("/", null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
    }

    [Fact]
    public async Task Who_takes_too_long_is_told_and_the_client_gets_504()
    {
        var keeper = new Keeper.Seen();
        await using EmbeddedHost host = await StartAsync(() => new Keeper(keeper), route => route.Timeout = TimeSpan.FromMilliseconds(300));
        using HttpClient client = host.CreateClient();
        using (HttpResponseMessage answer = await client.GetAsync("/"))
            await AssertProblemAsync(answer, 504, "The answer took too long.");
        await Eventually.HoldsAsync(() => keeper.Abandoned == 1, "the actor is told");
        // Its late answer is nobody's.
        keeper.Last!.Tell(ActorReply.Text("too late"), ActorRefs.NoSender);
        using HttpResponseMessage next = await client.GetAsync("/");
        await AssertProblemAsync(next, 504, "The answer took too long.");
    }

    [Fact]
    public async Task Where_nobody_is_503_comes_at_once()
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application =>
        {
            ActorSystem system = (ActorSystem)application.Services.GetService(typeof(ActorSystem))!;
            IActorRef stopped = system.ActorOf(Props.Create(() => new Namer()), "stopped");
            application.MapGet("/stop", async () => await stopped.GracefulStop(TimeSpan.FromSeconds(30)));
            application.MapActor("/stopped", stopped, route => route.Timeout = Long);
            application.MapActor("/enveloped", stopped, route => (route.Timeout, route.Envelope) = (Long, request => new EntityMessage("1", request)));
            application.MapActor("/selection", system.ActorSelection("/user/nowhere"), route => route.Timeout = Long);
            application.MapActor<Namer>("/key", route => route.Timeout = Long);
            application.MapActor("/nobody", _ => ActorRefs.Nobody, route => route.Timeout = Long);
        });
        using HttpClient client = host.CreateClient();
        Assert.Equal("true", await client.GetStringAsync("/stop"));
        foreach (string path in new[] { "/stopped", "/enveloped", "/selection", "/key", "/nobody" })
        {
            using HttpResponseMessage answer = await client.GetAsync(path);
            await AssertProblemAsync(answer, 503, "Nobody is there to answer.");
        }
    }

    [Theory]
    [InlineData("throw")]
    [InlineData("failure")]
    [InlineData("stop")]
    [InlineData("nonsense")]
    [InlineData("header")]
    [InlineData("status")]
    public async Task Who_fails_gives_500_at_once_and_tells_nothing(string how)
    {
        await using EmbeddedHost host = await StartAsync(() => new Failer(), route => route.Timeout = Long);
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage answer = await client.GetAsync($"/?{how}");
        string text = await AssertProblemAsync(answer, 500, "The request failed.");
        Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/top")]
    [InlineData("/top?async")]
    [InlineData("/child")]
    [InlineData("/child?async")]
    public async Task Any_actor_that_throws_gives_500_at_once_and_lives_on(string path)
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(TestEngine.Name, application =>
        {
            var system = (ActorSystem)application.Services.GetService(typeof(ActorSystem))!;
            IActorRef helper = system.ActorOf(Props.Create(() => new Helper()));
            application.MapActor("/top", system.ActorOf(Props.Create(() => new Thrower(helper))), route => route.Timeout = Long);
            application.MapActor("/child", system.ActorOf(Props.Create(() => new Parent(helper))), route => route.Timeout = Long);
        });
        using HttpClient client = host.CreateClient(HttpVersion.Version20);
        string route = path.Split('?')[0];
        // Two that it has given to a helper are none of those it has thrown at.
        Task<string>[] others = [client.GetStringAsync($"{route}?held"), client.GetStringAsync($"{route}?held")];
        await Eventually.HoldsAsync(async () => await client.GetStringAsync($"{route}?count") == "2", "two are held");
        using HttpResponseMessage answer = await client.GetAsync(path);
        await AssertProblemAsync(answer, 500, "The request failed.");
        Assert.DoesNotContain(others, other => other.IsCompleted);
        Assert.Equal("2", await client.GetStringAsync($"{route}?release"));
        Assert.Equal(["held", "held"], await Task.WhenAll(others));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_long_is_refused(bool lengthIsKnown)
    {
        await using EmbeddedHost host = await StartAsync(() => new Namer(), route => route.MaximumBody = 1000);
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage taken = await client.PostAsync("/", new ByteArrayContent(new byte[1000]));
        Assert.Equal(HttpStatusCode.OK, taken.StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(new byte[1001]) };
        request.Headers.TransferEncodingChunked = !lengthIsKnown;
        using HttpResponseMessage refused = await client.SendAsync(request);
        await AssertProblemAsync(refused, 413, "The body is too long.");
    }

    [Theory]
    [MemberData(nameof(EnginesAndVersions))]
    public async Task A_client_that_goes_is_told_to_the_actor_and_ends_a_watch(string engine, string version)
    {
        var keeper = new Keeper.Seen();
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application => MapTarget(application, Props.Create(() => new Keeper(keeper)), route => route.Timeout = Long));
        using HttpClient client = host.CreateClient(Version.Parse(version));
        using var patience = new CancellationTokenSource();
        Task<HttpResponseMessage> asked = client.GetAsync("/?watch", patience.Token);
        await Eventually.HoldsAsync(() => keeper.Last is not null, "the request has come");
        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await Eventually.HoldsAsync(() => keeper is { Abandoned: 1, Terminated: 1 }, "the actor is told, and its watch has ended", TimeSpan.FromSeconds(30));
    }

    [Theory]
    [MemberData(nameof(EnginesAndVersions))]
    public async Task A_body_is_read_only_as_far_as_the_actor_asks(string engine, string version)
    {
        const int Size = 24 * 1024 * 1024;
        var taker = new Taker.Seen();
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application =>
        {
            MapTarget(application, Props.Create(() => new Taker(taker)), route => (route.StreamBody, route.Timeout) = (true, Long));
            application.MapGet("/other", () => "served");
        });
        using HttpClient client = host.CreateClient(Version.Parse(version));
        var content = new CountedContent(Size);
        Task<HttpResponseMessage> posted = client.PostAsync("/", content);
        await Eventually.HoldsAsync(() => taker.Sender is not null, "the request has come");
        Assert.Equal(0, taker.Bytes);
        taker.Actor!.Tell(new Taker.Ask(1000), ActorRefs.NoSender);
        await Eventually.HoldsAsync(() => taker.Bytes == 1000, "a thousand bytes");
        // While this one waits for its actor, others are served.
        using (HttpClient other = host.CreateClient(Version.Parse(version)))
            Assert.Equal("served", await other.GetStringAsync("/other"));
        Assert.Equal(1000, taker.Bytes);
        Assert.True(content.Written < Size, $"{content.Written} bytes were taken from the client");
        taker.Actor.Tell(Taker.AskAll.Instance, ActorRefs.NoSender);
        using HttpResponseMessage answer = await posted;
        Assert.Equal($"{Size} {CountedContent.Digest(Size)}", await answer.Content.ReadAsStringAsync());
        Assert.True(taker.LargestChunk <= 64 * 1024);
    }

    [Theory]
    [MemberData(nameof(EnginesAndVersions))]
    public async Task A_streamed_answer_goes_only_as_fast_as_its_client_reads(string engine, string version)
    {
        const int Size = 32 * 1024 * 1024;
        var giver = new Giver.Seen();
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application =>
        {
            MapTarget(application, Props.Create(() => new Giver(giver, Size)), route => route.ReplyWindow = 32 * 1024);
            application.MapGet("/other", () => "served");
        });
        using HttpClient client = host.CreateClient(Version.Parse(version));
        using HttpResponseMessage answer = await client.GetAsync("/", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/x-stream", answer.Content.Headers.ContentType!.MediaType);
        // It comes to a halt, for nobody reads: the same count twice in a row, with other work between.
        long sent = -1;
        await Eventually.HoldsAsync(
            async () =>
            {
                using HttpClient other = host.CreateClient(Version.Parse(version));
                for (int i = 0; i < 5; i++)
                    Assert.Equal("served", await other.GetStringAsync("/other"));
                long before = Interlocked.Exchange(ref sent, giver.Bytes);
                return sent == before && sent > 0;
            },
            "the actor waits",
            TimeSpan.FromSeconds(60));
        Assert.InRange(sent, 1, Size / 2);
        byte[] all = await answer.Content.ReadAsByteArrayAsync();
        Assert.Equal(Size, all.Length);
        Assert.Equal(CountedContent.Digest(Size), CountedContent.Digest(all));
    }

    [Theory]
    [InlineData("fails")]
    [InlineData("stops")]
    [InlineData("floods")]
    public async Task A_streamed_answer_that_breaks_off_never_looks_whole(string how)
    {
        await using EmbeddedHost host = await StartAsync(() => new Breaker(), route => route.ReplyWindow = 1000);
        using HttpClient client = host.CreateClient();
        var broken = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            using HttpResponseMessage answer = await client.GetAsync($"/?{how}", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            await answer.Content.ReadAsByteArrayAsync();
        });
        Assert.True(broken is HttpRequestException or IOException, broken.ToString());
    }

    [Fact]
    public async Task The_connection_of_a_request_can_be_closed_by_its_actor()
    {
        await using EmbeddedHost host = await StartAsync(() => new Closer(), route => route.Timeout = Long);
        using HttpClient client = host.CreateClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/"));
    }

    [Fact]
    public async Task Thousands_at_once_are_each_answered()
    {
        await using EmbeddedHost host = await StartAsync(() => new Echo(), _ => { });
        using HttpClient client = host.CreateClient(HttpVersion.Version20);
        await Parallel.ForAsync(0, 4000, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, stop) =>
        {
            using HttpResponseMessage answer = await client.PostAsync("/", new StringContent($"{i}"), stop);
            Assert.Equal($"{i}", await answer.Content.ReadAsStringAsync(stop));
        });
        Assert.Equal(0, ActorRequests.Of(host.System).Exchanges.Count);
    }

    [Fact]
    public async Task Wrong_options_are_named()
    {
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StartAsync(() => new Namer(), route => route.Timeout = TimeSpan.Zero));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StartAsync(() => new Namer(), route => route.MaximumBody = -1));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => StartAsync(() => new Namer(), route => route.ReplyWindow = 0));
    }

    private static Task<EmbeddedHost> StartAsync<TActor>(System.Linq.Expressions.Expression<Func<TActor>> make, Action<ActorRouteOptions> configure)
        where TActor : ActorBase => EmbeddedHost.StartAsync(TestEngine.Name, application => MapTarget(application, Props.Create(make), configure));

    private static void MapTarget(WebApplication application, Props props, Action<ActorRouteOptions> configure)
    {
        var system = (ActorSystem)application.Services.GetService(typeof(ActorSystem))!;
        application.MapActor("/", system.ActorOf(props, "target"), configure);
    }

    private static Action<AkkaConfigurationBuilder> With<TActor>(System.Linq.Expressions.Expression<Func<TActor>> make)
        where TActor : ActorBase => akka => akka.WithActors((system, registry) => registry.Register<TActor>(system.ActorOf(Props.Create(make))));

    private static async Task<string> AssertProblemAsync(HttpResponseMessage answer, int status, string title)
    {
        string text = await answer.Content.ReadAsStringAsync();
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        using JsonDocument problem = JsonDocument.Parse(text);
        Assert.Equal(status, problem.RootElement.GetProperty("status").GetInt32());
        Assert.Equal(title, problem.RootElement.GetProperty("title").GetString());
        return text;
    }

    private sealed class Describer : ReceiveActor
    {
        public Describer() => Receive<ActorRequest>(request =>
        {
            string text = $"{request.Method} {request.Path} id={request.Route["id"]} part={request.Route["part"]} q={request.Query["q"]} x-two={request.Headers["x-TWO"]} body={Encoding.UTF8.GetString(request.Body.Span)} length={request.BodyLength}";
            Sender.Tell(ActorReply.Json(new { Text = text, Connection = request.Connection.Path.ToStringWithoutAddress(), Remote = request.Remote!.Address.ToString() }, 202).WithHeader("X-Answered", "yes"));
        });
    }

    private sealed class Namer : ReceiveActor
    {
        public Namer() => Receive<ActorRequest>(_ => Sender.Tell(ActorReply.Text(Self.Path.ToStringWithoutAddress())));
    }

    private sealed class Echo : ReceiveActor
    {
        public Echo() => Receive<ActorRequest>(request => Sender.Tell(new ActorReply { Body = request.Body }));
    }

    private sealed class Closer : ReceiveActor
    {
        public Closer() => Receive<ActorRequest>(request => request.Connection.Tell(new Close(Detail: "by its actor")));
    }

    private sealed record EntityMessage(string Id, object Message);

    private sealed class Region : ReceiveActor
    {
        public Region() => Receive<EntityMessage>(envelope =>
        {
            IActorRef entity = Context.Child($"e-{envelope.Id}");
            if (entity.IsNobody())
                entity = Context.ActorOf(Props.Create(() => new Namer()), $"e-{envelope.Id}");
            entity.Forward(envelope.Message);
        });
    }

    private sealed class Keeper : ReceiveActor
    {
        public Keeper(Seen seen)
        {
            Receive<ActorRequest>(request =>
            {
                if (request.QueryString == "?watch")
                    Context.Watch(Sender);
                seen.Last = Sender;
            });
            Receive<RequestAbandoned>(_ => Interlocked.Increment(ref seen.Abandoned));
            Receive<Terminated>(_ => Interlocked.Increment(ref seen.Terminated));
        }

        public sealed class Seen
        {
            public volatile IActorRef? Last;
            public int Abandoned;
            public int Terminated;
        }
    }

    private sealed class Failer : ReceiveRequestActor
    {
        public Failer() => Receive<ActorRequest>(request =>
        {
            switch (request.QueryString)
            {
                case "?throw":
                    throw new InvalidOperationException("a secret");
                case "?failure":
                    Sender.Tell(new Status.Failure(new InvalidOperationException("a secret")));
                    break;
                case "?stop":
                    Context.Stop(Self);
                    break;
                case "?nonsense":
                    Sender.Tell("a secret");
                    break;
                case "?header":
                    Sender.Tell(ActorReply.Text("a secret").WithHeader("X-Broken", "line\r\nbreak"));
                    break;
                default:
                    Sender.Tell(new ActorReply(99));
                    break;
            }
        });
    }

    /// <summary>Throws, and is none of ours.</summary>
    private sealed class Thrower : ReceiveActor
    {
        public Thrower(IActorRef helper)
        {
            Receive<ActorRequest>(request => request.QueryString is "?held" or "?count" or "?release", helper.Forward);
            ReceiveAsync<ActorRequest>(request => request.QueryString == "?async", async _ =>
            {
                await Task.Yield();
                throw new InvalidOperationException("scripted");
            });
            Receive<ActorRequest>(_ => throw new InvalidOperationException("scripted"));
        }
    }

    private sealed class Helper : ReceiveActor
    {
        private readonly List<IActorRef> _held = [];

        public Helper() => Receive<ActorRequest>(request =>
        {
            if (request.QueryString == "?held")
            {
                _held.Add(Sender);
                return;
            }

            if (request.QueryString == "?release")
                _held.ForEach(held => held.Tell(ActorReply.Text("held")));
            Sender.Tell(ActorReply.Text($"{_held.Count}"));
        });
    }

    private sealed class Parent : ReceiveActor
    {
        public Parent(IActorRef helper)
        {
            IActorRef child = Context.ActorOf(Props.Create(() => new Thrower(helper)));
            ReceiveAny(child.Forward);
        }

        protected override SupervisorStrategy SupervisorStrategy() => new RequestSupervisorStrategy();
    }

    /// <summary>Takes a body as it is asked to.</summary>
    private sealed class Taker : ReceiveActor
    {
        private readonly System.Security.Cryptography.IncrementalHash _hash = System.Security.Cryptography.IncrementalHash.CreateHash(System.Security.Cryptography.HashAlgorithmName.SHA256);
        private bool _all;

        public Taker(Seen seen)
        {
            Receive<ActorRequest>(request =>
            {
                Assert.True(request.BodyIsStream);
                seen.Actor = Self;
                seen.Sender = Sender;
            });
            Receive<Ask>(ask => seen.Sender!.Tell(new ReadBody(ask.Bytes)));
            Receive<AskAll>(_ =>
            {
                _all = true;
                seen.Sender!.Tell(new ReadBody(64 * 1024));
            });
            Receive<BodyChunk>(chunk =>
            {
                _hash.AppendData(chunk.Data.Span);
                Interlocked.Add(ref seen.Bytes, chunk.Data.Length);
                seen.LargestChunk = Math.Max(seen.LargestChunk, chunk.Data.Length);
                if (_all)
                    Sender.Tell(new ReadBody(chunk.Data.Length));
            });
            Receive<BodyEnd>(_ => Sender.Tell(ActorReply.Text($"{seen.Bytes} {Convert.ToHexString(_hash.GetHashAndReset())}")));
        }

        protected override void PostStop() => _hash.Dispose();

        public sealed record Ask(int Bytes);

        public sealed record AskAll
        {
            public static AskAll Instance { get; } = new();
        }

        public sealed class Seen
        {
            public volatile IActorRef? Actor;
            public volatile IActorRef? Sender;
            public long Bytes;
            public int LargestChunk;
        }
    }

    /// <summary>Gives what it is granted.</summary>
    private sealed class Giver : ReceiveActor
    {
        private int _at;

        public Giver(Seen seen, int size)
        {
            Receive<ActorRequest>(_ => Sender.Tell(new ReplyStart(200, "text/x-stream")));
            Receive<ReplyCredit>(credit =>
            {
                int give = Math.Min(credit.Bytes, size - _at);
                if (give == 0)
                    return;
                Sender.Tell(new ReplyChunk(CountedContent.Bytes(_at, give)));
                _at += give;
                Interlocked.Add(ref seen.Bytes, give);
                if (_at == size)
                    Sender.Tell(ReplyEnd.Instance);
            });
        }

        public sealed class Seen
        {
            public long Bytes;
        }
    }

    private sealed class Breaker : ReceiveRequestActor
    {
        private string _how = "";

        public Breaker()
        {
            Receive<ActorRequest>(request =>
            {
                _how = request.QueryString;
                Sender.Tell(new ReplyStart());
            });
            Receive<ReplyCredit>(_ =>
            {
                switch (_how)
                {
                    case "?fails":
                        Sender.Tell(new ReplyChunk(new byte[100]));
                        throw new InvalidOperationException("half-way");
                    case "?stops":
                        Sender.Tell(new ReplyChunk(new byte[100]));
                        Context.Stop(Self);
                        break;
                    default:
                        // More than all buffers between here and a client that does not read: nothing is granted meanwhile.
                        for (int i = 0; i < 2; i++)
                            Sender.Tell(new ReplyChunk(new byte[64 * 1024 * 1024]));
                        Sender.Tell(ReplyEnd.Instance);
                        break;
                }

                _how = "";
            });
        }
    }
}
