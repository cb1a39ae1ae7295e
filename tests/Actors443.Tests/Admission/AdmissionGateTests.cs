using System.Net;
using Actors443.Admission;
using Actors443.Admission.Sharing;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Remoting;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Admission;

public sealed class AdmissionGateTests
{
    private static readonly IPAddress Client = IPAddress.Parse("192.0.2.1");
    private static readonly IPAddress Other = IPAddress.Parse("192.0.2.2");

    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void A_connection_counts_until_it_leaves_and_a_handshake_until_it_ends()
    {
        AdmissionGate gate = Gate();

        Assert.Equal(CloseReason.None, gate.TryEnter(Client));
        Assert.Equal((1, 1, 1), (gate.Connections, gate.Handshakes, gate.TrackedClients));
        gate.HandshakeEnded(Client);
        Assert.Equal((1, 0), (gate.Connections, gate.Handshakes));
        gate.Leave(Client);
        Assert.Equal((0, 0), (gate.Connections, gate.Handshakes));
    }

    [Fact]
    public void What_cannot_be_served_after_all_is_as_if_it_had_never_come()
    {
        AdmissionGate gate = Gate();
        gate.TryEnter(Client);

        gate.Withdraw(Client);

        Assert.Equal((0, 0), (gate.Connections, gate.Handshakes));
    }

    [Fact]
    public void One_client_has_its_limits_and_another_its_own()
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { Connections = 3, UnfinishedHandshakes = 2, Exempt = [] });
        gate.TryEnter(Client);
        gate.TryEnter(Client);

        Assert.Equal(CloseReason.ClientHandshakeLimit, gate.TryEnter(Client));
        gate.HandshakeEnded(Client);
        Assert.Equal(CloseReason.None, gate.TryEnter(Client));
        gate.HandshakeEnded(Client);
        Assert.Equal(CloseReason.ClientConnectionLimit, gate.TryEnter(Client));
        Assert.Equal(CloseReason.None, gate.TryEnter(Other));
        Assert.Equal(4, gate.Connections);
    }

    [Fact]
    public void A_burst_of_rate_times_interval_is_allowed_and_then_the_rate()
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { NewHandshakesPerSecond = 5, RateInterval = TimeSpan.FromSeconds(2), Ban = TimeSpan.FromSeconds(1), Exempt = [] });
        gate.TryEnter(Client);

        Assert.All(Enumerable.Range(0, 10), _ => Assert.Equal(CloseReason.None, gate.TryHandshake(Client, offersResumption: false)));
        Assert.Equal(CloseReason.ClientHandshakeRate, gate.TryHandshake(Client, offersResumption: false));

        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.All(Enumerable.Range(0, 5), _ => Assert.Equal(CloseReason.None, gate.TryHandshake(Client, offersResumption: false)));
        Assert.Equal(CloseReason.ClientHandshakeRate, gate.TryHandshake(Client, offersResumption: false));
    }

    [Fact]
    public void However_low_the_rate_one_by_itself_is_never_too_many()
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { NewHandshakesPerSecond = 0.1, RateInterval = TimeSpan.FromSeconds(1), Exempt = [] });
        gate.TryEnter(Client);

        Assert.Equal(CloseReason.None, gate.TryHandshake(Client, offersResumption: false));
        Assert.Equal(CloseReason.ClientHandshakeRate, gate.TryHandshake(Client, offersResumption: false));
        Assert.Equal(CloseReason.ClientHandshakeRate, gate.TryHandshake(Client, offersResumption: false));
        Assert.Equal(1, gate.Bans);
    }

    [Fact]
    public void New_and_resumed_handshakes_have_rates_of_their_own()
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { NewHandshakesPerSecond = 1, ResumedHandshakesPerSecond = 3, RateInterval = TimeSpan.FromSeconds(1), Exempt = [] });
        gate.TryEnter(Client);

        Assert.Equal(CloseReason.None, gate.TryHandshake(Client, offersResumption: false));
        Assert.All(Enumerable.Range(0, 3), _ => Assert.Equal(CloseReason.None, gate.TryHandshake(Client, offersResumption: true)));
        Assert.Equal(CloseReason.ClientHandshakeRate, gate.TryHandshake(Client, offersResumption: true));
    }

    [Fact]
    public void A_client_over_its_rate_is_banned_for_a_while_and_its_neighbour_is_not()
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { NewHandshakesPerSecond = 1, RateInterval = TimeSpan.FromSeconds(1), Ban = TimeSpan.FromSeconds(10), Exempt = [] });
        gate.TryEnter(Client);
        gate.TryHandshake(Client, offersResumption: false);
        gate.TryHandshake(Client, offersResumption: false);

        Assert.Equal((CloseReason.ClientBanned, 1), (gate.TryEnter(Client), gate.Bans));
        Assert.Equal(CloseReason.None, gate.TryEnter(Other));
        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.Equal(CloseReason.ClientBanned, gate.TryEnter(Client));
        _time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal(CloseReason.None, gate.TryEnter(Client));
    }

    [Theory]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8::1", "2001:db8::ffff:1", true)]
    [InlineData("2001:db8::1", "2001:db8:0:1::1", false)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    public void A_client_is_an_address_under_its_mask(string first, string second, bool same)
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { Connections = 1, Exempt = [] });
        gate.TryEnter(IPAddress.Parse(first));

        Assert.Equal(same ? CloseReason.ClientConnectionLimit : CloseReason.None, gate.TryEnter(IPAddress.Parse(second)));
    }

    [Theory]
    [InlineData("10.1.2.3")]
    [InlineData("::ffff:10.1.2.3")]
    public void An_exempt_network_has_no_limits_but_counts(string address)
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { Connections = 1, NewHandshakesPerSecond = 1, Exempt = [IPNetwork.Parse("10.0.0.0/8")] });

        Assert.All(Enumerable.Range(0, 50), _ => Assert.Equal(CloseReason.None, gate.TryEnter(IPAddress.Parse(address))));
        Assert.All(Enumerable.Range(0, 50), _ => Assert.Equal(CloseReason.None, gate.TryHandshake(IPAddress.Parse(address), offersResumption: false)));
        Assert.Equal((50, 0), (gate.Connections, gate.TrackedClients));
    }

    [Fact]
    public void A_client_that_has_left_is_forgotten_when_its_rate_and_ban_have_run_out()
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { NewHandshakesPerSecond = 1, RateInterval = TimeSpan.FromSeconds(5), Ban = TimeSpan.FromSeconds(30), Exempt = [] });
        gate.TryEnter(Client);
        gate.TryEnter(Other);
        for (int i = 0; i < 6; i++)
            gate.TryHandshake(Client, offersResumption: false);
        gate.HandshakeEnded(Client);
        gate.Leave(Client);

        _time.Advance(TimeSpan.FromSeconds(10));
        gate.Sweep();
        Assert.Equal(2, gate.TrackedClients);
        _time.Advance(TimeSpan.FromSeconds(25));
        gate.Sweep();
        // The other is still connected.
        Assert.Equal(1, gate.TrackedClients);
        Assert.Equal(CloseReason.None, gate.TryEnter(Client));
    }

    [Fact]
    public void Beyond_the_clients_tracked_those_without_connections_go_first()
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { TrackedClients = 10, NewHandshakesPerSecond = 1, RateInterval = TimeSpan.FromHours(1), Exempt = [] });
        for (int i = 0; i < 50; i++)
        {
            IPAddress client = new([198, 51, 100, (byte)i]);
            gate.TryEnter(client);
            gate.TryHandshake(client, offersResumption: false);
            gate.HandshakeEnded(client);
            if (i >= 5)
                gate.Leave(client);
        }

        gate.Sweep();

        Assert.Equal(5, gate.TrackedClients);
    }

    [Fact]
    public async Task At_the_limit_of_all_an_accept_waits_for_the_next_to_leave()
    {
        AdmissionGate gate = Gate(maximum: 2);
        gate.TryEnter(Client);
        Assert.True(gate.WaitUntilAcceptingAsync(default).AsTask().IsCompleted);
        gate.TryEnter(Client);

        Task waiting = gate.WaitUntilAcceptingAsync(default).AsTask();
        Assert.False(waiting.IsCompleted);
        gate.Leave(Client);

        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task While_paused_an_accept_waits_and_can_be_given_up()
    {
        AdmissionGate gate = Gate();
        gate.SetMode(AdmissionMode.Paused);
        using var giveUp = new CancellationTokenSource();
        Task given = gate.WaitUntilAcceptingAsync(giveUp.Token).AsTask();
        Task waiting = gate.WaitUntilAcceptingAsync(default).AsTask();

        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        gate.SetMode(AdmissionMode.Shedding);

        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task When_nobody_is_let_in_for_a_second_nodes_are_and_others_are_refused_instead_of_waiting()
    {
        var time = new FakeTimeProvider();
        IAcceptGate gate = new AdmissionGate(new AdmissionSettings { MaximumConnections = 1, PerClient = new ClientLimitSettings { Exempt = [] } }, time) { Nodes = new KnownPeers { AreExpected = true } };
        Assert.Equal(CloseReason.None, gate.TryEnter(Client, null, out _));
        Task waiting = gate.WaitUntilAcceptingAsync(default).AsTask();
        Assert.False(waiting.IsCompleted);

        time.Advance(TimeSpan.FromSeconds(1));
        await waiting.WaitAsync(TimeSpan.FromSeconds(10));

        // Whether one is a node is known when it has spoken; of strangers only so many may.
        for (int number = 0; number < 64; number++)
        {
            Assert.Equal(CloseReason.None, gate.TryEnter(Client, null, out CloseReason unless));
            Assert.Equal(CloseReason.LoadShed, unless);
        }

        Assert.Equal(CloseReason.LoadShed, gate.TryEnter(Client, null, out _));
        gate.LeaveAsNode();
        Assert.Equal(CloseReason.None, gate.TryEnter(Client, null, out _));
        Assert.True(gate.WaitUntilAcceptingAsync(default).AsTask().IsCompleted);
        for (int number = 0; number < 64; number++)
            gate.LeaveAsNode();
        gate.Leave(Client);
        Assert.True(gate.WaitUntilAcceptingAsync(default).AsTask().IsCompleted);
        Assert.Equal(CloseReason.None, gate.TryEnter(Client, null, out CloseReason ordinary));
        Assert.Equal(CloseReason.None, ordinary);
        // As long again.
        Assert.False(gate.WaitUntilAcceptingAsync(default).AsTask().IsCompleted);
    }

    [Fact]
    public async Task A_raised_limit_lets_the_waiting_in()
    {
        AdmissionGate gate = Gate(maximum: 1);
        gate.TryEnter(Client);
        Task waiting = gate.WaitUntilAcceptingAsync(default).AsTask();

        gate.Apply(new AdmissionSettings { MaximumConnections = 2 });

        await waiting.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Connections_that_entered_by_another_mask_leave_without_a_count_below_zero()
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { Exempt = [], Ipv4Mask = 24 });
        gate.TryEnter(Client);

        gate.Apply(new AdmissionSettings { PerClient = new ClientLimitSettings { Exempt = [], Connections = 1 } });
        gate.TryEnter(Client);
        gate.Leave(Client);
        gate.Leave(Client);

        Assert.Equal(0, gate.Connections);
        Assert.Equal(CloseReason.None, gate.TryEnter(Client));
        Assert.Equal(CloseReason.ClientConnectionLimit, gate.TryEnter(Client));
    }

    [Fact]
    public async Task However_many_threads_come_and_go_no_limit_is_passed_and_no_count_is_lost()
    {
        const int Limit = 7;
        AdmissionGate gate = new(new AdmissionSettings { PerClient = new ClientLimitSettings { Connections = Limit, UnfinishedHandshakes = 0, NewHandshakesPerSecond = 0, Exempt = [] } }, TimeProvider.System);
        IPAddress[] clients = [.. Enumerable.Range(1, 4).Select(i => new IPAddress([203, 0, 113, (byte)i]))];
        int[] inside = new int[clients.Length];
        int worst = 0;
        using var stop = new CancellationTokenSource();
        Task sweeper = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
                gate.Sweep();
        });

        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            var random = new Random(worker);
            for (int i = 0; i < 40_000; i++)
            {
                int client = random.Next(clients.Length);
                if (gate.TryEnter(clients[client]) != CloseReason.None)
                    continue;
                int now = Interlocked.Increment(ref inside[client]);
                InterlockedMax(ref worst, now);
                gate.TryHandshake(clients[client], offersResumption: i % 2 == 0);
                Interlocked.Decrement(ref inside[client]);
                gate.HandshakeEnded(clients[client]);
                gate.Leave(clients[client]);
            }
        })));
        await stop.CancelAsync();
        await sweeper;

        Assert.InRange(worst, 1, Limit);
        Assert.Equal((0, 0), (gate.Connections, gate.Handshakes));
    }

    [Fact]
    public async Task No_wait_at_the_gate_is_forgotten()
    {
        AdmissionGate gate = new(new AdmissionSettings { MaximumConnections = 2 }, TimeProvider.System);
        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 3_000; i++)
            {
                await gate.WaitUntilAcceptingAsync(default);
                gate.TryEnter(Client);
                gate.HandshakeEnded(Client);
                gate.Leave(Client);
            }
        }))).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(0, gate.Connections);
    }

    [Fact]
    public void The_longest_lag_is_kept_until_it_is_taken()
    {
        AdmissionGate gate = Gate();
        gate.ReportMailboxLag(TimeSpan.FromMilliseconds(30));
        gate.ReportMailboxLag(TimeSpan.FromMilliseconds(80));
        gate.ReportMailboxLag(TimeSpan.FromMilliseconds(10));

        Assert.Equal(TimeSpan.FromMilliseconds(80), gate.TakeMailboxLag());
        Assert.Equal(TimeSpan.Zero, gate.TakeMailboxLag());
    }

    [Fact]
    public void What_a_client_has_on_other_nodes_counts_and_a_record_of_it_stays()
    {
        AdmissionGate gate = Gate(new ClientLimitSettings { Connections = 3, Exempt = [] });
        ISharedCounts counts = gate;
        gate.TryEnter(Client);
        string key = Assert.Single(counts.All).Key;
        gate.Withdraw(Client);

        SharedCount record = counts.Find(key, make: false)!;
        record.Others = 2;
        _time.Advance(TimeSpan.FromHours(1));
        gate.Sweep();

        Assert.Same(record, counts.Find(key, make: true));
        Assert.Equal((CloseReason.None, CloseReason.ClientConnectionLimit), (gate.TryEnter(Client), gate.TryEnter(Client)));
        Assert.Equal((1, 3), (record.Here, counts.LimitOf(record)));
    }

    [Theory]
    [InlineData("client:")]
    [InlineData("client:0000000000000000ffffc0000201")]
    [InlineData("client:0000000000000000g000ffffc0000201")]
    public void A_key_that_is_no_client_makes_none(string key)
    {
        ISharedCounts counts = Gate();

        Assert.Null(counts.Find(key, make: true));
        Assert.Empty(counts.All);
    }

    private AdmissionGate Gate(ClientLimitSettings? limits = null, int maximum = 1000) =>
        new(new AdmissionSettings { MaximumConnections = maximum, PerClient = limits ?? new ClientLimitSettings { Exempt = [] } }, _time);

    private static void InterlockedMax(ref int target, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref target)) && Interlocked.CompareExchange(ref target, value, seen) != seen)
        {
            // Another thread was larger meanwhile.
        }
    }
}
