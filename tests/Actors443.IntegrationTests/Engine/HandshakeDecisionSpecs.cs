using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Testing;
using Actors443.Tls.Deciding;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Engine;

public sealed class PortableHandshakeDecisionSpecs() : HandshakeDecisionSpecs(EngineKind.Portable);

public sealed class EventLoopHandshakeDecisionSpecs() : HandshakeDecisionSpecs(EngineKind.EventLoop);

/// <summary>A handshake that waits while an actor, or whoever else, decides.</summary>
public abstract class HandshakeDecisionSpecs(EngineKind kind) : IAsyncLifetime
{
    private readonly ConcurrentQueue<DecideHandshake> _asked = new();
    private EngineHost _host = null!;

    public async Task InitializeAsync() => _host = await StartAsync(settings => settings with { Deadlines = settings.Deadlines with { Handshake = TimeSpan.FromMinutes(2) } });

    public Task DisposeAsync() => _host.EndAsync();

    [Fact]
    public async Task A_handshake_waits_for_its_actor_and_goes_on()
    {
        Task<TlsClient> connecting = TlsClient.ConnectAsync(_host.Port, "later.test", configure: options => options.ApplicationProtocols = [System.Net.Security.SslApplicationProtocol.Http11]);
        DecideHandshake asked = await AskedAsync();

        Assert.Equal(("later.test", true, IPAddress.Loopback), (asked.Hello.ServerName, asked.Hello.OffersTls13, asked.Hello.Remote.Address));
        Assert.Equal(["http/1.1"], asked.Hello.ApplicationProtocols);
        Assert.True(asked.Reply.IsWanted);
        Assert.False(connecting.IsCompleted);
        Assert.True(asked.Reply.Accept());
        await using TlsClient client = await connecting;
        Assert.Equal(200, (await client.GetAsync()).Status);
        Assert.False(asked.Reply.Refuse("too late"));
        ConnectionSnapshot connection = Assert.Single(await _host.ConnectionsAsync());
        Assert.Equal((asked.Hello.ConnectionId, asked.Hello.Ja4), (connection.Id, connection.Ja4));
        Assert.Matches("^t13d[0-9]{4}h1_[0-9a-f]{12}_[0-9a-f]{12}$", connection.Ja4);
    }

    [Fact]
    public async Task A_name_that_needs_no_decision_does_not_wait()
    {
        await using TlsClient client = await TlsClient.ConnectAsync(_host.Port, "now.test");

        Assert.Equal(200, (await client.GetAsync()).Status);
        Assert.Empty(_asked);
    }

    [Fact]
    public async Task A_refusal_is_an_alert_and_has_an_obituary()
    {
        Task<TlsClient> connecting = TlsClient.ConnectAsync(_host.Port, "later.test");
        (await AskedAsync()).Reply.Refuse("not today");

        await Assert.ThrowsAnyAsync<AuthenticationException>(() => connecting);
        await _host.AwaitObituaryAsync(obituary => obituary is { Reason: CloseReason.HandshakeRefused, Detail: "not today" });
        Assert.Equal(AccessDenied, await new RawClientHello { ServerName = "never.test" }.SendAsync(_host.Port));
    }

    [Fact]
    public async Task An_actor_that_never_answers_costs_the_handshake_its_deadline()
    {
        await using EngineHost host = await StartAsync(settings => settings with { Deadlines = settings.Deadlines with { Handshake = TimeSpan.FromMilliseconds(500) } });
        Task<TlsClient> connecting = TlsClient.ConnectAsync(host.Port, "later.test");
        DecideHandshake asked = await AskedAsync();

        await Assert.ThrowsAnyAsync<IOException>(() => connecting);
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.HandshakeTimeout);
        await Eventually.HoldsAsync(() => !asked.Reply.IsWanted, "nobody waits for the answer any more");
        Assert.False(asked.Reply.Accept());
    }

    [Fact]
    public async Task While_the_actor_is_dead_handshakes_are_refused_at_once_and_others_go_on()
    {
        var registry = _host.Services.GetRequiredService<IReadOnlyActorRegistry>();
        IActorRef decider = registry.Get<Decider>();
        Assert.True(await decider.GracefulStop(TimeSpan.FromSeconds(10)));

        await Assert.ThrowsAnyAsync<AuthenticationException>(() => TlsClient.ConnectAsync(_host.Port, "later.test"));
        await _host.AwaitObituaryAsync(obituary => obituary is { Reason: CloseReason.HandshakeRefused, Detail: "the actor Decider has ended" });
    }

    [Fact]
    public async Task A_decider_that_throws_refuses()
    {
        Assert.Equal(InternalError, await new RawClientHello { ServerName = "throws.test" }.SendAsync(_host.Port));
        await _host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.InternalError);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_leaves_while_it_waits_is_forgotten(bool reset)
    {
        using (var tcp = new TcpClient(AddressFamily.InterNetwork))
        {
            await tcp.ConnectAsync(IPAddress.Loopback, _host.Port);
            await tcp.GetStream().WriteAsync(new RawClientHello { ServerName = "later.test" }.ToRecord());
            DecideHandshake asked = await AskedAsync();
            tcp.LingerState = new LingerOption(reset, 0);
            tcp.Close();

            await Eventually.HoldsAsync(() => !asked.Reply.IsWanted, "its end is noticed");
            Assert.False(asked.Reply.Accept());
        }

        await Eventually.HoldsAsync(() => _host.Environment.Gate is { Connections: 0, Handshakes: 0 }, "it is counted no more");
    }

    [Fact]
    public async Task Whoever_sends_without_end_while_it_waits_is_cut_off()
    {
        await using EngineHost host = await StartAsync(settings => settings with { Deadlines = settings.Deadlines with { Handshake = TimeSpan.FromSeconds(1) } });
        using var tcp = new TcpClient(AddressFamily.InterNetwork);
        await tcp.ConnectAsync(IPAddress.Loopback, host.Port);
        await tcp.GetStream().WriteAsync(new RawClientHello { ServerName = "later.test" }.ToRecord());
        DecideHandshake asked = await AskedAsync();

        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            byte[] more = new byte[8 * 1024];
            while (true)
                await tcp.GetStream().WriteAsync(more);
        });
        // One engine cuts it off, the other reads no more and lets the deadline come.
        await host.AwaitObituaryAsync(obituary => obituary.Reason == (kind == EngineKind.EventLoop ? CloseReason.ProtocolError : CloseReason.HandshakeTimeout));
        await Eventually.HoldsAsync(() => !asked.Reply.IsWanted, "nobody waits for the answer any more");
    }

    [Fact]
    public async Task A_drain_ends_the_wait_at_its_deadline()
    {
        Task<TlsClient> connecting = TlsClient.ConnectAsync(_host.Port, "later.test");
        DecideHandshake asked = await AskedAsync();
        _host.Tell(asked.Hello.ConnectionId, new Drain(TimeSpan.FromMilliseconds(100)));

        await Assert.ThrowsAnyAsync<IOException>(() => connecting);
        await Eventually.HoldsAsync(() => !asked.Reply.IsWanted, "nobody waits for the answer any more");
        await _host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.DrainTimeout);
    }

    [Fact]
    public async Task Many_wait_and_another_is_served_at_once()
    {
        const int Many = 1000;
        byte[] hello = new RawClientHello { ServerName = "later.test" }.ToRecord();
        TcpClient[] waiting = [.. Enumerable.Range(0, Many).Select(_ => new TcpClient(AddressFamily.InterNetwork))];
        foreach (TcpClient client in waiting)
        {
            await client.ConnectAsync(IPAddress.Loopback, _host.Port);
            await client.GetStream().WriteAsync(hello);
        }

        await Eventually.HoldsAsync(() => _asked.Count == Many, "all wait", TimeSpan.FromSeconds(60));

        await using (TlsClient other = await TlsClient.ConnectAsync(_host.Port, "now.test"))
            Assert.Equal(200, (await other.GetAsync()).Status);
        Assert.All(waiting, client => Assert.Equal(0, client.Available));
        Assert.Equal(Many, _host.Environment.Gate.Handshakes);

        foreach (DecideHandshake asked in _asked)
            Assert.True(asked.Reply.Accept());
        const int HandshakeRecord = 22;
        byte[] first = new byte[1];
        foreach (TcpClient client in waiting)
        {
            await client.GetStream().ReadExactlyAsync(first);
            Assert.Equal(HandshakeRecord, first[0]);
            client.Dispose();
        }
    }

    private const int AccessDenied = 49;
    private const int InternalError = 80;

    private Task<EngineHost> StartAsync(Func<Actors443Settings, Actors443Settings> configure) => EngineHost.StartAsync(
        kind,
        configure,
        options: options => options.DecideHandshakes(new ByName()).DecideHandshakesBy<Decider>(),
        akka: builder => builder.WithActors((system, registry) => registry.Register<Decider>(system.ActorOf(Props.Create(() => new Decider(_asked)), "decider"))));

    private async Task<DecideHandshake> AskedAsync()
    {
        await Eventually.HoldsAsync(() => !_asked.IsEmpty, "the actor is asked");
        return Assert.Single(_asked);
    }

    /// <summary>Keeps who asks about later.test; the test answers.</summary>
    private sealed class Decider(ConcurrentQueue<DecideHandshake> asked) : UntypedActor
    {
        protected override void OnReceive(object message)
        {
            if (message is not DecideHandshake decide)
                Unhandled(message);
            else if (decide.Hello.ServerName == "later.test")
                asked.Enqueue(decide);
            else
                decide.Reply.Accept();
        }
    }

    /// <summary>Decides at once.</summary>
    private sealed class ByName : IHandshakeDecider
    {
        public HandshakeReply? Decide(HandshakeHello hello) => hello.ServerName switch
        {
            "never.test" => HandshakeReply.Refused("never"),
            "throws.test" => throw new InvalidOperationException("of the test"),
            _ => null,
        };
    }
}
