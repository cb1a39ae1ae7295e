using System.Net.Security;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Akka.Actor;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Connections;

/// <summary>What connection actors are made of.</summary>
public sealed class ConnectionPartsTests
{
    private static readonly DeadlineSettings Deadlines = new()
    {
        Handshake = TimeSpan.FromSeconds(10),
        Headers = TimeSpan.FromSeconds(5),
        Idle = TimeSpan.FromSeconds(60),
        Age = TimeSpan.FromMinutes(10),
        UpgradedIdle = TimeSpan.FromSeconds(30),
    };

    private readonly FakeTimeProvider _time = new();
    private readonly MonotonicClock _clock;

    public ConnectionPartsTests() => _clock = new MonotonicClock(_time);

    [Fact]
    public void A_handshake_has_its_deadline_whatever_is_dripped()
    {
        FakeConnection connection = new(_clock);
        connection.Reach(ConnectionState.Handshaking);

        Assert.Equal(CloseReason.None, PassedAfter(connection, 9.9));
        connection.Bytes(100);
        Assert.Equal(CloseReason.HandshakeTimeout, PassedAfter(connection, 0.2));
    }

    [Fact]
    public void Headers_have_a_deadline_from_their_first_byte()
    {
        FakeConnection connection = Opened();
        Advance(20);
        connection.Bytes(1);

        Assert.Equal(CloseReason.None, PassedAfter(connection, 4.9));
        connection.Bytes(1);
        Assert.Equal(CloseReason.HeadersTimeout, PassedAfter(connection, 0.2));
    }

    [Fact]
    public void Headers_that_were_in_time_leave_no_deadline_behind()
    {
        FakeConnection connection = Opened();
        connection.Bytes(1);
        connection.RequestStarted();

        Assert.Equal(CloseReason.None, PassedAfter(connection, 100));
        connection.RequestCompleted();
        Assert.Equal(CloseReason.None, PassedAfter(connection, 59));
        Assert.Equal(CloseReason.IdleTimeout, PassedAfter(connection, 2));
    }

    [Fact]
    public void Frames_between_requests_of_HTTP_2_are_not_headers()
    {
        FakeConnection connection = Opened(SslApplicationProtocol.Http2);
        connection.Bytes(9);

        Assert.Equal(CloseReason.None, PassedAfter(connection, 30));
        Assert.Equal(CloseReason.IdleTimeout, PassedAfter(connection, 31));
    }

    [Fact]
    public void A_shorter_idle_limit_holds_at_once()
    {
        FakeConnection connection = Opened();
        Advance(10);

        Assert.Equal(CloseReason.IdleTimeout, ConnectionDeadlines.Next(connection, _clock.NowMs, Deadlines, TimeSpan.FromSeconds(5)).Passed);
    }

    [Fact]
    public void An_old_connection_is_to_go_even_if_busy()
    {
        FakeConnection connection = Opened();
        connection.RequestStarted();

        Assert.Equal(CloseReason.AgeLimit, PassedAfter(connection, 601));
    }

    [Fact]
    public void A_web_socket_is_idle_when_no_byte_moves()
    {
        FakeConnection connection = Opened();
        connection.RequestStarted();
        connection.ProtocolUpgraded();
        Assert.Equal(CloseReason.None, PassedAfter(connection, 1));

        for (int i = 0; i < 5; i++)
        {
            connection.Bytes(10);
            Assert.Equal(CloseReason.None, PassedAfter(connection, 25));
        }

        Assert.Equal(CloseReason.IdleTimeout, PassedAfter(connection, 31));
    }

    [Fact]
    public void A_drained_connection_has_a_quiet_second_and_a_deadline()
    {
        FakeConnection quiet = Opened();
        quiet.BeginDrain(_clock.NowMs + 30_000);
        FakeConnection busy = Opened();
        busy.RequestStarted();
        busy.BeginDrain(_clock.NowMs + 30_000);

        Assert.Equal(CloseReason.None, PassedAfter(quiet, 0.9));
        Assert.Equal(CloseReason.Drained, PassedAfter(quiet, 0.2));
        Assert.Equal(CloseReason.None, PassedAfter(busy, 28));
        Assert.Equal(CloseReason.DrainTimeout, PassedAfter(busy, 1));
    }

    [Theory]
    [InlineData(10, 1, 60)]
    [InlineData(10, 60, 2)]
    [InlineData(3, 60, 60)]
    public void The_next_look_is_soon_enough_for_the_shortest_deadline(int handshake, int headers, int idle)
    {
        var deadlines = new DeadlineSettings { Handshake = TimeSpan.FromSeconds(handshake), Headers = TimeSpan.FromSeconds(headers), Idle = TimeSpan.FromSeconds(idle) };
        FakeConnection connection = new(_clock);

        (_, long lookAgain) = ConnectionDeadlines.Next(connection, _clock.NowMs, deadlines, deadlines.Idle);

        // Two seconds after its accept it may be open.
        Assert.Equal(_clock.NowMs + 1000L * Math.Min(2, Math.Min(handshake, Math.Min(headers, idle))), lookAgain);
    }

    [Theory]
    [InlineData(250)]
    [InlineData(1000)]
    [InlineData(60_000)]
    [InlineData(10_000_000)]
    public void The_wheel_shows_each_connection_once_and_not_before_its_time(long dueMs)
    {
        var wheel = new TimerWheel<EngineConnection>(250, 1024, _clock.NowMs);
        FakeConnection connection = new(_clock);
        long due = _clock.NowMs + dueMs;
        long horizon = 250L * 1023;
        wheel.Add(connection, due);
        int shown = 0;

        for (long now = _clock.NowMs; shown == 0; now += 250)
        {
            wheel.Advance(now, this, (_, _) => shown++);
            if (shown > 0)
                Assert.InRange(now, Math.Min(due, _clock.NowMs + horizon) - 250, Math.Min(due, _clock.NowMs + horizon) + 500);
        }

        wheel.Advance(due + 10_000_000, this, (_, _) => shown++);
        Assert.Equal(1, shown);
    }

    [Fact]
    public void The_wheel_bears_a_long_pause_removals_and_putting_in_again()
    {
        var wheel = new TimerWheel<EngineConnection>(250, 64, _clock.NowMs);
        var random = new Random(443);
        List<FakeConnection> all = [.. Enumerable.Range(0, 2000).Select(_ => new FakeConnection(_clock))];
        foreach (FakeConnection connection in all)
            wheel.Add(connection, _clock.NowMs + random.Next(20_000));
        foreach (FakeConnection connection in all.Where((_, i) => i % 3 == 0))
            wheel.Remove(connection);
        var shown = new HashSet<EngineConnection>();
        long later = _clock.NowMs + 3_600_000;

        wheel.Advance(later, shown, (connection, seen) =>
        {
            // After a pause longer than the wheel it may be shown more than once: it is the looker that knows what is due.
            seen.Add(connection);
            wheel.Add(connection, later + 1000);
        });

        Assert.Equal(all.Where((_, i) => i % 3 != 0).ToHashSet<EngineConnection>(), shown);
        int again = 0;
        wheel.Advance(later + 2000, this, (_, _) => again++);
        Assert.Equal(shown.Count, again);
    }

    [Fact]
    public void The_ring_keeps_the_beginning_of_a_life_and_its_end()
    {
        FakeConnection connection = new(_clock);
        connection.Record(LifecycleEvent.HandshakeCompleted);
        for (int i = 0; i < 100; i++)
        {
            Advance(1);
            connection.Record(LifecycleEvent.DeadlinePassed, (ushort)i);
        }

        IReadOnlyList<LifecycleEntry> events = connection.Events;

        Assert.Equal(LifecycleRing.Capacity, events.Count);
        Assert.Equal([LifecycleEvent.Accepted, LifecycleEvent.HandshakeCompleted], events.Take(2).Select(entry => entry.Kind));
        Assert.Equal(99, events[^1].Detail);
        Assert.Equal(100_000u, events[^1].SinceAcceptMs);
    }

    [Fact]
    public async Task The_mailbox_keeps_the_order_of_each_writer()
    {
        const int Writers = 8;
        const int Messages = 5_000;
        var queue = new ConnectionMailbox.MessageQueue();
        Task writers = Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            for (int i = 0; i < Messages; i++)
                queue.Enqueue(ActorRefs.Nobody, new Envelope((writer, i), ActorRefs.NoSender));
        })));
        int[] next = new int[Writers];

        for (int taken = 0; taken < Writers * Messages;)
        {
            if (!queue.TryDequeue(out Envelope envelope))
            {
                await Task.Yield();
                continue;
            }

            (int writer, int number) = ((int, int))envelope.Message;
            Assert.Equal(next[writer]++, number);
            taken++;
        }

        await writers;
        Assert.False(queue.HasMessages);
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Reasons_have_names_of_their_own_in_snake_case()
    {
        string[] tags = [.. Enum.GetValues<CloseReason>().Select(reason => reason.ToTag())];

        Assert.Equal(tags.Length, tags.Distinct().Count());
        Assert.All(tags, tag => Assert.Matches("^[a-z]+(_[a-z]+)*$", tag));
        Assert.Equal("client_handshake_rate", CloseReason.ClientHandshakeRate.ToTag());
        Assert.False(CloseReason.Drained.IsAbnormal());
        Assert.True(CloseReason.ProtocolError.IsAbnormal());
    }

    [Theory]
    [InlineData(1, "c1")]
    [InlineData(35, "cz")]
    [InlineData(36, "c10")]
    [InlineData(long.MaxValue, "c1y2p0ij32e8e7")]
    public void Ids_are_short_for_people(long number, string text) => Assert.Equal(text, ConnectionId.ToText(number));

    private FakeConnection Opened(SslApplicationProtocol protocol = default)
    {
        FakeConnection connection = new(_clock);
        connection.Open(protocol);
        return connection;
    }

    private void Advance(double seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    private CloseReason PassedAfter(FakeConnection connection, double seconds)
    {
        Advance(seconds);
        return ConnectionDeadlines.Next(connection, _clock.NowMs, Deadlines, Deadlines.Idle).Passed;
    }
}
