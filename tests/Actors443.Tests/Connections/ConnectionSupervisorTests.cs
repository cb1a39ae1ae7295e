using System.Net.Security;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Connections.Draining;
using Actors443.Engine;
using Actors443.Hosting;
using Actors443.Testing;
using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Connections;

/// <summary>A supervisor with real connection actors on their real dispatcher and mailbox; only the engine is the test's.</summary>
public sealed class ConnectionSupervisorTests : Akka.TestKit.Xunit2.TestKit
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private readonly MonotonicClock _clock;
    private readonly AdmissionGate _gate;
    private readonly IActorRef _supervisor;

    public ConnectionSupervisorTests()
        : base(ActorSystemHocon.For(new Actors443Settings()))
    {
        _clock = new MonotonicClock(_time);
        _gate = new AdmissionGate(new AdmissionSettings { MaximumHandshakes = 3 }, _time);
        var lifetimes = new ConnectionLifetimes(new DeadlineSettings(), new DrainSettings { Deadline = TimeSpan.FromSeconds(30) });
        _supervisor = Sys.ActorOf(ConnectionSupervisor.Props(ActorPlace.ThreadPool, _gate, new HandshakeQueue(_gate), lifetimes, _clock, NullLoggerFactory.Instance));
        Sys.EventStream.Subscribe(TestActor, typeof(Obituary));
    }

    [Fact]
    public async Task Each_of_a_crowd_has_the_actor_that_answers_for_it()
    {
        FakeConnection[] crowd = await AcceptAsync(2000);

        foreach (FakeConnection connection in crowd)
            Assert.Equal(connection.Id, (await connection.Actor.Ask<ConnectionSnapshot>(GetConnection.Instance, Patience)).Id);
        Assert.Equal(crowd.Length, crowd.Select(connection => connection.Actor.Path).Distinct().Count());
    }

    [Fact]
    public async Task A_connection_that_ends_in_order_leaves_no_actor_and_no_obituary()
    {
        FakeConnection connection = await OpenAsync();
        Watch(connection.Actor);

        connection.End();

        ExpectTerminated(connection.Actor, Patience);
        await Eventually.HoldsAsync(async () => (await ListAsync()).Count == 0, "nothing is listed");
        ExpectNoMsg(TimeSpan.Zero);
    }

    [Fact]
    public async Task An_abnormal_end_has_an_obituary_with_the_story()
    {
        FakeConnection connection = await OpenAsync();

        connection.End(CloseReason.ProtocolError);

        Obituary obituary = ExpectMsg<Obituary>(Patience);
        Assert.Equal((connection.Id, CloseReason.ProtocolError), (obituary.Id, obituary.Reason));
        Assert.Equal(LifecycleEvent.Accepted, obituary.Events[0].Kind);
    }

    [Fact]
    public void What_was_refused_before_it_had_an_owner_has_its_obituary_too()
    {
        FakeConnection connection = new(_clock);
        connection.End(CloseReason.NoSharedCipher);

        _supervisor.Tell(new ConnectionAccepted(connection));

        Assert.Equal(connection.Id, ExpectMsg<Obituary>(Patience).Id);
        Assert.Equal(ActorRefs.Nobody, connection.Actor);
    }

    [Fact]
    public async Task An_actor_that_is_killed_takes_its_connection_along_and_no_other()
    {
        FakeConnection victim = await OpenAsync();
        FakeConnection neighbour = await OpenAsync();

        victim.Actor.Tell(Kill.Instance);

        Assert.Equal((victim.Id, CloseReason.ActorFailed), (ExpectMsg<Obituary>(Patience) is { } obituary ? obituary.Id : "", victim.Reason));
        Assert.True(victim.IsAborted);
        Assert.False(neighbour.IsAborted);
        Assert.Equal(neighbour.Id, Assert.Single(await ListAsync()).Id);
    }

    [Fact]
    public async Task Close_ends_it_with_the_reason_that_was_given()
    {
        FakeConnection connection = await OpenAsync();

        connection.Actor.Tell(new Close(CloseReason.ClosedByRequest, "by hand"));

        await Eventually.HoldsAsync(() => connection.Stage == ConnectionState.Closed, "the connection is closed");
        Assert.Equal((CloseReason.ClosedByRequest, "by hand"), (connection.Reason, connection.ReasonDetail));
    }

    [Theory]
    [InlineData("idle http/1.1", 0)]
    [InlineData("busy http/1.1", 1)]
    [InlineData("used h2", 1)]
    [InlineData("idle new h2", 0)]
    public async Task A_drain_asks_for_the_end_where_the_client_can_be_told(string kind, int asked)
    {
        FakeConnection connection = await OpenAsync(kind.EndsWith("h2", StringComparison.Ordinal) ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11);
        if (!kind.StartsWith("idle", StringComparison.Ordinal))
            connection.RequestStarted();
        if (kind.StartsWith("used", StringComparison.Ordinal))
            connection.RequestCompleted();

        connection.Actor.Tell(new Drain());

        await Eventually.HoldsAsync(() => connection.State == ConnectionState.Draining, "the connection drains");
        await connection.Actor.Ask<ConnectionSnapshot>(GetConnection.Instance, Patience);
        Assert.Equal(asked, connection.ClosesAsked);
        if (kind.StartsWith("idle", StringComparison.Ordinal))
        {
            // The next request is the last, and after a quiet second there is no next.
            Tick(1.5);
            await Eventually.HoldsAsync(() => connection.ClosesAsked == 1, "the end is asked for");
            Assert.Equal(CloseReason.Drained, connection.Reason);
        }
    }

    [Fact]
    public async Task All_drained_is_answered_when_the_last_has_ended_with_the_number_of_those_cut()
    {
        FakeConnection orderly = await OpenAsync();
        FakeConnection stubborn = await OpenAsync();
        stubborn.RequestStarted();
        stubborn.EndsWhenAborted = false;

        _supervisor.Tell(new DrainAll(new Drain(TimeSpan.FromSeconds(5))), TestActor);
        await Eventually.HoldsAsync(() => stubborn.State == ConnectionState.Draining && orderly.State == ConnectionState.Draining, "both drain");
        orderly.End();
        Tick(5.5);
        await Eventually.HoldsAsync(() => stubborn.IsAborted, "the deadline cuts it");
        // Looked at again while it takes its time: it counts once.
        for (int i = 0; i < 3; i++)
        {
            Tick(6);
            await ListAsync();
        }

        stubborn.End();

        Assert.Equal((stubborn.Id, CloseReason.DrainTimeout), ExpectMsg<Obituary>(Patience) is { } obituary ? (obituary.Id, obituary.Reason) : default);
        Assert.Equal(1, ExpectMsg<AllDrained>(Patience).Aborted);
    }

    [Fact]
    public void A_supervisor_without_connections_is_drained_at_once()
    {
        _supervisor.Tell(new DrainAll(new Drain()), TestActor);

        Assert.Equal(0, ExpectMsg<AllDrained>(Patience).Aborted);
    }

    [Fact]
    public async Task A_newcomer_during_the_drain_is_drained_as_well()
    {
        FakeConnection first = await OpenAsync();
        _supervisor.Tell(new DrainAll(new Drain()), TestActor);
        await Eventually.HoldsAsync(() => first.State == ConnectionState.Draining, "the first drains");

        FakeConnection late = await OpenAsync();

        await Eventually.HoldsAsync(() => late.State == ConnectionState.Draining, "the newcomer drains");
    }

    [Fact]
    public async Task Connections_that_are_held_go_as_a_step_allows_and_a_newcomer_is_held_as_well()
    {
        FakeConnection[] crowd = [.. await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => OpenAsync()))];
        var nameless = new DrainTenant(false, "");
        _supervisor.Tell(new DrainAll(new Drain(), Held: true), TestActor);

        StillHeld held = await LetGoAsync(new DrainStep([], 0, 0, DrainLimit.None));
        Assert.Equal((0, 5), (held.LetGo, held.ByTenant[nameless]));
        Assert.All(crowd, connection => Assert.Equal(ConnectionState.Open, connection.State));

        held = await LetGoAsync(new DrainStep([(nameless, 3, 0)], 2, 0, DrainLimit.Credit));
        Assert.Equal((2, 3), (held.LetGo, held.ByTenant[nameless]));
        await Eventually.HoldsAsync(() => crowd.Count(connection => connection.State == ConnectionState.Draining) == 2, "two drain");

        // One that drains for another reason is nobody's to hold.
        FakeConnection old = crowd.First(connection => connection.State == ConnectionState.Open);
        old.Actor.Tell(new Drain(Reason: CloseReason.AgeLimit));
        await Eventually.HoldsAsync(() => old.State == ConnectionState.Draining, "the old one drains");
        FakeConnection late = await OpenAsync();
        held = await LetGoAsync(new DrainStep([], 0, 0, DrainLimit.None));
        Assert.Equal((1, 3), (held.LetGo, held.ByTenant[nameless]));
        Assert.Equal(ConnectionState.Open, late.State);

        held = await LetGoAsync(null);
        Assert.Equal((3, 0), (held.LetGo, held.Count));
        FakeConnection last = await OpenAsync();
        await Eventually.HoldsAsync(() => last.State == ConnectionState.Draining, "from now on a newcomer drains at once");
        foreach (FakeConnection connection in crowd.Append(late).Append(last))
            connection.End();
        Assert.Equal(0, ExpectMsg<AllDrained>(Patience).Aborted);
    }

    [Fact]
    public async Task A_drain_holds_during_the_handshake_as_well()
    {
        FakeConnection connection = (await AcceptAsync(1))[0];
        connection.Reach(ConnectionState.Handshaking);
        _supervisor.Tell(new DrainAll(new Drain(TimeSpan.FromSeconds(2))), TestActor);
        await Eventually.HoldsAsync(() => connection.DrainingSinceMs != 0, "the connection drains");

        Tick(2.5);

        Assert.Equal(CloseReason.DrainTimeout, ExpectMsg<Obituary>(Patience).Reason);
        Assert.Equal(1, ExpectMsg<AllDrained>(Patience).Aborted);
    }

    [Fact]
    public async Task A_shorter_drain_shortens_a_longer_one()
    {
        FakeConnection connection = await OpenAsync();
        connection.RequestStarted();
        connection.Actor.Tell(new Drain(TimeSpan.FromMinutes(10)));
        connection.Actor.Tell(new Drain(TimeSpan.FromSeconds(2)));
        connection.Actor.Tell(new Drain(TimeSpan.FromMinutes(5)));
        await connection.Actor.Ask<ConnectionSnapshot>(GetConnection.Instance, Patience);

        Tick(2.5);

        Assert.Equal(CloseReason.DrainTimeout, ExpectMsg<Obituary>(Patience).Reason);
    }

    [Fact]
    public async Task A_supervisor_that_ends_during_the_drain_answers_who_asked()
    {
        FakeConnection connection = await OpenAsync();
        connection.RequestStarted();
        IActorRef first = CreateTestProbe().Ref;
        _supervisor.Tell(new DrainAll(new Drain()), first);
        _supervisor.Tell(new DrainAll(new Drain()), TestActor);
        await Eventually.HoldsAsync(() => connection.State == ConnectionState.Draining, "the connection drains");

        ((IInternalActorRef)_supervisor).Restart(new InvalidOperationException("scripted"));

        ExpectMsg<Obituary>(Patience);
        Assert.Equal(1, ExpectMsg<AllDrained>(Patience).Aborted);
    }

    [Fact]
    public async Task The_handshake_deadline_cuts_and_has_an_obituary()
    {
        FakeConnection connection = (await AcceptAsync(1))[0];
        connection.Reach(ConnectionState.Handshaking);

        Tick(11);

        Assert.Equal(CloseReason.HandshakeTimeout, ExpectMsg<Obituary>(Patience).Reason);
        Assert.True(connection.IsAborted);
    }

    [Fact]
    public async Task Too_many_handshakes_cost_the_oldest_unfinished_one()
    {
        FakeConnection finished = await OpenAsync();
        for (int i = 0; i < 4; i++)
            _gate.TryEnter(System.Net.IPAddress.Loopback);
        FakeConnection[] unfinished = await AcceptAsync(3);

        Assert.Equal((unfinished[0].Id, CloseReason.HandshakeShed), ExpectMsg<Obituary>(Patience) is { } obituary ? (obituary.Id, obituary.Reason) : default);
        Assert.False(finished.IsAborted);
        Assert.False(unfinished[1].IsAborted);
        Assert.False(unfinished[2].IsAborted);
    }

    [Fact]
    public async Task A_connection_is_told_by_its_id()
    {
        FakeConnection connection = await OpenAsync();
        await OpenAsync();

        Assert.True(await _supervisor.Ask<bool>(new TellConnection(connection.Id, new Close()), Patience));
        await Eventually.HoldsAsync(() => connection.Stage == ConnectionState.Closed, "the connection is closed");
        Assert.False(await _supervisor.Ask<bool>(new TellConnection("c0", new Close()), Patience));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_supervisor_that_ends_closes_its_connections_with_obituaries(bool restarts)
    {
        FakeConnection[] connections = [await OpenAsync(), await OpenAsync(), await OpenAsync()];

        _supervisor.Tell(restarts ? new FailNow() : PoisonPill.Instance);
        if (restarts)
        {
            // As its parent does after a failure: until the new instance is there, no message is for the old one.
            ((IInternalActorRef)_supervisor).Suspend();
            ((IInternalActorRef)_supervisor).Restart(new InvalidOperationException("scripted"));
        }

        HashSet<string> buried = [ExpectMsg<Obituary>(Patience).Id, ExpectMsg<Obituary>(Patience).Id, ExpectMsg<Obituary>(Patience).Id];
        Assert.Equal(connections.Select(connection => connection.Id).ToHashSet(), buried);
        Assert.All(connections, connection => Assert.True(connection.IsAborted));
        if (!restarts)
            return;
        Assert.Empty(await ListAsync());
        FakeConnection next = await OpenAsync();
        Assert.Equal(next.Id, Assert.Single(await ListAsync()).Id);
        next.End();
        _supervisor.Tell(new DrainAll(new Drain()), TestActor);
        ExpectMsg<AllDrained>(Patience);
    }

    private async Task<FakeConnection> OpenAsync(SslApplicationProtocol protocol = default)
    {
        FakeConnection connection = (await AcceptAsync(1))[0];
        connection.Open(protocol);
        return connection;
    }

    private async Task<FakeConnection[]> AcceptAsync(int count)
    {
        FakeConnection[] connections = [.. Enumerable.Range(0, count).Select(_ => new FakeConnection(_clock) { Ending = () => _gate.HandshakeEnded(System.Net.IPAddress.Loopback) })];
        foreach (FakeConnection connection in connections)
            _supervisor.Tell(new ConnectionAccepted(connection));
        await Eventually.HoldsAsync(() => connections.All(connection => !connection.Actor.IsNobody()), "every connection has its actor");
        return connections;
    }

    private Task<StillHeld> LetGoAsync(DrainStep? step) => _supervisor.Ask<StillHeld>(new LetGo(new Drain(TimeSpan.FromSeconds(30)), step), Patience);

    private async Task<IReadOnlyList<ConnectionSnapshot>> ListAsync() => (await _supervisor.Ask<ConnectionList>(ListConnections.Instance, Patience)).Connections;

    private void Tick(double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _supervisor.Tell(WheelTick.Instance);
    }

    private sealed record FailNow;
}
