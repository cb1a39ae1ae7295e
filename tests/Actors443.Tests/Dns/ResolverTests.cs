using System.Net;
using Actors443.Configuration;
using Actors443.Dns;
using Actors443.Dns.Cache;
using Actors443.Dns.Local;
using Actors443.Dns.Upstreams;
using Actors443.Dns.Wire;
using Actors443.Engine;
using Actors443.Telemetry;
using Actors443.Testing;
using Actors443.Testing.Dns;
using Akka.Actor;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Dns;

/// <summary>The resolver with upstreams and a clock of the test.</summary>
public sealed class ResolverTests : Akka.TestKit.Xunit2.TestKit
{
    private static readonly DnsClient Client = new(IPAddress.Loopback);

    private readonly FakeTimeProvider _time = new();
    private readonly ScriptedUpstream _upstream = new("one");
    private readonly ScriptedUpstream _second = new("two");
    private readonly DnsResolver _resolver;
    private readonly DnsMetrics _metrics;
    private readonly MonotonicClock _clock;

    public ResolverTests()
    {
        _clock = new MonotonicClock(_time);
        _resolver = new DnsResolver(_clock, _time);
        _metrics = new DnsMetrics(TestMeters.Factory, _resolver);
    }

    [Fact]
    public async Task Many_who_ask_at_once_put_one_question()
    {
        Start(new DnsSettings());
        Task<byte[]>[] asking = [.. Enumerable.Range(0, 100).Select(id => ResolveAsync(DnsTestMessage.Query("www.test", id: (ushort)id)))];
        await Eventually.HoldsAsync(() => _upstream.Count == 1 && _resolver.Counters.Coalesced == 99, "all wait for one question");

        _upstream.Answer(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]));

        byte[][] answers = await Task.WhenAll(asking);
        Assert.Equal(Enumerable.Range(0, 100), answers.Select(answer => (int)DnsHeader.Id(answer)));
        Assert.Equal(1, _upstream.Count);
        Assert.Equal(100, _resolver.Counters.Of(DnsOutcome.Miss));
    }

    [Fact]
    public async Task What_is_known_is_answered_at_once_with_what_is_left_of_its_time()
    {
        Start(new DnsSettings());
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 60)]);
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        _time.Advance(TimeSpan.FromSeconds(45.9));

        ValueTask<DnsAnswer> answering = _resolver.ResolveAsync(DnsTestMessage.Query("WwW.tEsT", id: 7), Client, CancellationToken.None);

        Assert.True(answering.IsCompletedSuccessfully);
        DnsAnswer answer = await answering;
        byte[] message = new byte[answer.Length];
        answer.WriteTo(message);
        DnsMessage read = DnsMessage.TryRead(message)!;
        Assert.Equal((7, 15u, "max-age=15", 15u), (read.Id, answer.SecondsToLive, answer.CacheControl, DnsTestMessage.TimeToLiveOf(message, read.Answers[0])));
        // The client's own spelling, which it may check.
        Assert.Equal("WwW.tEsT.", DnsName.ToText(message.AsSpan(12, 10)));
        Assert.Equal(1, _upstream.Count);
    }

    [Fact]
    public async Task An_expired_answer_is_asked_for_again()
    {
        Start(new DnsSettings { Cache = new DnsCacheSettings { Stale = null } });
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 60)]);
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        _time.Advance(TimeSpan.FromSeconds(60));
        _upstream.Problem = _second.Problem = "it is gone";

        byte[] answer = await ResolveAsync(DnsTestMessage.Query("www.test", options: []));

        Assert.Equal(DnsResponseCode.ServFail, DnsHeader.ResponseCode(answer));
        Assert.Equal(new byte[] { 0, (byte)DnsExtendedError.NoReachableAuthority }, DnsTestMessage.OptionsOf(answer)![15]);
        Assert.Equal(2, _upstream.Count);
        // That nobody answered is remembered, but not for long.
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        Assert.Equal(2, _upstream.Count);
        _time.Advance(TimeSpan.FromSeconds(5));
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        Assert.Equal(3, _upstream.Count);
    }

    [Fact]
    public async Task Where_nobody_answers_an_expired_answer_stands_in_for_a_day()
    {
        Start(new DnsSettings());
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 60)]);
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        _upstream.Problem = _second.Problem = "it is gone";
        _time.Advance(TimeSpan.FromHours(1));

        byte[] answer = await ResolveAsync(DnsTestMessage.Query("www.test", options: []));

        Assert.Equal(30u, DnsTestMessage.TimeToLiveOf(answer, DnsMessage.TryRead(answer)!.Answers[0]));
        Assert.Equal(new byte[] { 0, (byte)DnsExtendedError.StaleAnswer }, DnsTestMessage.OptionsOf(answer)![15]);
        // For half a minute nobody is asked again.
        Assert.Equal(2, _upstream.Count);
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        Assert.Equal(2, _upstream.Count);
        _time.Advance(TimeSpan.FromSeconds(31));
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        Assert.Equal(3, _upstream.Count);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(DnsResponseCode.ServFail, DnsHeader.ResponseCode(await ResolveAsync(DnsTestMessage.Query("www.test"))));
    }

    [Fact]
    public async Task A_client_waits_no_longer_than_it_should_for_better_than_an_expired_answer()
    {
        Start(new DnsSettings());
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 60)]);
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        _upstream.Always = null;
        _time.Advance(TimeSpan.FromMinutes(2));
        Task<byte[]> waiting = ResolveAsync(DnsTestMessage.Query("www.test"));
        await Eventually.HoldsAsync(() => _upstream.Count == 2, "it is asked for");
        Assert.False(waiting.IsCompleted);

        await Eventually.HoldsAsync(
            () =>
            {
                // Again and again: the actor begins to wait in its own time.
                _time.Advance(TimeSpan.FromMilliseconds(100));
                return waiting.IsCompleted;
            },
            "the expired answer stands in");

        Assert.Equal(30u, DnsTestMessage.TimeToLiveOf(await waiting, DnsMessage.TryRead(await waiting)!.Answers[0]));
    }

    [Fact]
    public async Task A_name_in_demand_is_asked_for_before_it_expires()
    {
        Start(new DnsSettings());
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 100)]);
        foreach (string name in (string[])["hot.test", "cold.test"])
            await ResolveAsync(DnsTestMessage.Query(name));
        for (int i = 0; i < 5; i++)
            await ResolveAsync(DnsTestMessage.Query("hot.test"));
        Assert.Equal(2, _upstream.Count);
        _time.Advance(TimeSpan.FromSeconds(91));

        // Both are answered from what is kept.
        foreach (string name in (string[])["hot.test", "cold.test"])
            await ResolveAsync(DnsTestMessage.Query(name));

        await Eventually.HoldsAsync(() => _upstream.Count == 3, "one is asked for again");
        Assert.Equal("hot.test.", _upstream.Queries[2].Name);
        Assert.Equal(1, _resolver.Counters.Prefetches);
        _time.Advance(TimeSpan.FromSeconds(20));
        byte[] answer = await ResolveAsync(DnsTestMessage.Query("hot.test"));
        Assert.Equal(80u, DnsTestMessage.TimeToLiveOf(answer, DnsMessage.TryRead(answer)!.Answers[0]));
    }

    [Fact]
    public async Task An_upstream_that_fails_is_passed_over_for_the_next_and_not_asked_again_until_it_is_back()
    {
        IActorRef supervisor = Start(new DnsSettings());
        _upstream.Problem = "it is gone";
        _second.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.2")]);
        for (int i = 0; i < 5; i++)
            Assert.Equal(DnsResponseCode.NoError, DnsHeader.ResponseCode(await ResolveAsync(DnsTestMessage.Query($"n{i}.test"))));
        Assert.Equal((3, 5), (_upstream.Count, _second.Count));
        Assert.True(_resolver.Runtime!.Upstreams.Upstreams[0].IsDown);

        _upstream.Problem = null;
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]);
        await _resolver.Runtime.Upstreams.ProbeAsync(CancellationToken.None);

        Assert.False(_resolver.Runtime.Upstreams.Upstreams[0].IsDown);
        await ResolveAsync(DnsTestMessage.Query("n9.test"));
        Assert.Equal((5, 5), (_upstream.Count, _second.Count));
        _ = supervisor;
    }

    [Fact]
    public async Task What_one_upstream_will_not_say_the_next_is_asked()
    {
        Start(new DnsSettings());
        _upstream.Always = query => query.Answer(DnsResponseCode.Refused);
        _second.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.2")]);

        Assert.Equal(DnsResponseCode.NoError, DnsHeader.ResponseCode(await ResolveAsync(DnsTestMessage.Query("www.test"))));
        Assert.Equal((1, 1), (_upstream.Count, _second.Count));
        Assert.False(_resolver.Runtime!.Upstreams.Upstreams[0].IsDown);
    }

    [Fact]
    public async Task In_a_race_the_first_good_answer_counts()
    {
        Start(new DnsSettings { Strategy = DnsUpstreamStrategy.Race });
        Task<byte[]> asking = ResolveAsync(DnsTestMessage.Query("www.test"));
        await Eventually.HoldsAsync(() => (_upstream.Count, _second.Count) == (1, 1), "both are asked");

        _upstream.Answer(query => query.Answer(DnsResponseCode.ServFail));
        _second.Answer(query => query.Answer(records: [DnsTestRecord.A("192.0.2.2")]));

        Assert.Equal(DnsResponseCode.NoError, DnsHeader.ResponseCode(await asking));
        Assert.All(_resolver.Runtime!.Upstreams.Upstreams, upstream => Assert.Equal(0, upstream.Failed));
    }

    [Fact]
    public async Task Who_is_in_no_network_that_may_ask_is_refused_unless_it_has_an_account()
    {
        Start(new DnsSettings { Allow = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8::/32")] });
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]);
        byte[] query = DnsTestMessage.Query("www.test", id: 9);

        foreach (string address in (string[])["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::1"])
            Assert.Equal(DnsVerdict.Answered, (await _resolver.ResolveAsync(query, new DnsClient(IPAddress.Parse(address)), CancellationToken.None)).Verdict);
        foreach (string address in (string[])["127.0.0.1", "11.0.0.1", "::1", "::ffff:192.0.2.1"])
        {
            DnsAnswer answer = await _resolver.ResolveAsync(query, new DnsClient(IPAddress.Parse(address)), CancellationToken.None);
            Assert.Equal(DnsVerdict.Denied, answer.Verdict);
            byte[] message = new byte[answer.Length];
            answer.WriteTo(message);
            Assert.Equal((9, DnsResponseCode.Refused), (DnsHeader.Id(message), DnsHeader.ResponseCode(message)));
        }

        Assert.Equal(DnsVerdict.Answered, (await _resolver.ResolveAsync(query, new DnsClient(IPAddress.Parse("192.0.2.1"), "somebody"), CancellationToken.None)).Verdict);
        Assert.Equal(4, _resolver.Counters.Of(DnsOutcome.Denied));
    }

    [Fact]
    public async Task A_client_that_asks_too_often_is_told_so_and_others_are_not()
    {
        Start(new DnsSettings { QueriesPerSecond = 2, Allow = [IPNetwork.Parse("127.0.0.0/8")] });
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")]);
        byte[] query = DnsTestMessage.Query("www.test");

        DnsVerdict[] verdicts = new DnsVerdict[25];
        for (int i = 0; i < verdicts.Length; i++)
            verdicts[i] = (await _resolver.ResolveAsync(query, Client, CancellationToken.None)).Verdict;

        // A burst of ten seconds.
        Assert.Equal(20, verdicts.Count(verdict => verdict == DnsVerdict.Answered));
        Assert.Equal(DnsVerdict.TooMany, verdicts[^1]);
        Assert.Equal(DnsVerdict.Answered, (await _resolver.ResolveAsync(query, new DnsClient(IPAddress.Parse("127.0.0.2")), CancellationToken.None)).Verdict);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(DnsVerdict.Answered, (await _resolver.ResolveAsync(query, Client, CancellationToken.None)).Verdict);
        Assert.Equal(26, _resolver.Runtime!.Clients.Top(1).Single().Queries);
    }

    [Fact]
    public async Task Beyond_the_most_questions_the_answer_is_SERVFAIL()
    {
        Start(new DnsSettings { MaximumInFlight = 3 });
        Task<byte[]>[] waiting = [.. Enumerable.Range(0, 3).Select(i => ResolveAsync(DnsTestMessage.Query($"n{i}.test")))];
        await Eventually.HoldsAsync(() => _upstream.Count == 3, "three questions are under way");

        Assert.Equal(DnsResponseCode.ServFail, DnsHeader.ResponseCode(await ResolveAsync(DnsTestMessage.Query("n4.test"))));
        Assert.Equal(3, _upstream.Count);
        Assert.All(waiting, task => Assert.False(task.IsCompleted));
    }

    [Fact]
    public async Task Padding_and_flags_are_as_the_query_asks()
    {
        Start(new DnsSettings());
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")], flags: 0x0020);

        byte[] plain = await ResolveAsync(DnsTestMessage.Query("www.test"));
        byte[] edns = await ResolveAsync(DnsTestMessage.Query("www.test", options: []));
        byte[] padded = await ResolveAsync(DnsTestMessage.Query("www.test", options: DnsTestMessage.Option(12)));
        byte[] signed = await ResolveAsync(DnsTestMessage.Query("www.test", options: [], dnssecOk: true));

        Assert.Null(DnsTestMessage.OptionsOf(plain));
        Assert.Empty(DnsTestMessage.OptionsOf(edns)!);
        Assert.Equal(468, padded.Length);
        Assert.All(DnsTestMessage.OptionsOf(padded)![12], value => Assert.Equal(0, value));
        // AD is for those who know it (RFC 6840 5.7).
        Assert.Equal([0, 0, DnsHeader.AuthenticData], new[] { plain, edns, signed }.Select(answer => answer[3] & DnsHeader.AuthenticData));
        Assert.Equal(2, _upstream.Count);
    }

    [Fact]
    public async Task A_lookup_actor_that_fails_is_restarted_and_nobody_waits_for_ever()
    {
        IActorRef lookups = Start(new DnsSettings());
        Task<byte[]> waiting = ResolveAsync(DnsTestMessage.Query("www.test"));
        await Eventually.HoldsAsync(() => _upstream.Count == 1, "it is asked for");

        lookups.Tell(Kill.Instance);

        Assert.Equal(DnsResponseCode.ServFail, DnsHeader.ResponseCode(await waiting));
    }

    [Fact]
    public async Task A_name_of_another_server_is_asked_of_it_and_of_upstreams_if_it_does_not_answer()
    {
        Start(new DnsSettings());
        var neighbor = new Neighbor();
        _resolver.Neighbors = neighbor;
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 60)]);
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        Assert.Equal(1, _upstream.Count);
        Assert.Equal([(DnsSharing.Answered, 0), (DnsSharing.Fallback, 1), (DnsSharing.Given, 0)], _resolver.Counters.Shared);

        var answer = new DnsTestQuery(DnsTestMessage.Query("ftp.test"), false);
        neighbor.Answers = _ => Task.FromResult<byte[]?>(answer.Answer(records: [DnsTestRecord.A("192.0.2.9", 60)]));
        byte[] shared = await ResolveAsync(DnsTestMessage.Query("ftp.test"));
        Assert.Equal("192.0.2.9", new IPAddress(shared.AsSpan(shared.Length - 4)).ToString());
        Assert.Equal(1, _upstream.Count);
        // It is kept, and not asked for again.
        neighbor.Answers = _ => throw new InvalidOperationException("it is known");
        await ResolveAsync(DnsTestMessage.Query("ftp.test"));
        // What is no answer to the question is none.
        neighbor.Answers = _ => Task.FromResult<byte[]?>([1, 2, 3]);
        await ResolveAsync(DnsTestMessage.Query("mail.test"));
        Assert.Equal(2, _upstream.Count);
        Assert.Equal([(DnsSharing.Answered, 1), (DnsSharing.Fallback, 2), (DnsSharing.Given, 0)], _resolver.Counters.Shared);
    }

    [Fact]
    public async Task What_another_server_answers_is_kept_for_what_is_left_of_its_time()
    {
        Start(new DnsSettings());
        _upstream.Always = query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 60)]);
        await ResolveAsync(DnsTestMessage.Query("www.test"));
        _time.Advance(TimeSpan.FromSeconds(20));
        byte[] key = KeyOf("www.test");
        byte[]? shared = await _resolver.AnswerNeighborAsync(key, false);

        var entry = DnsCacheEntry.TryMake(key, shared, new DnsTimesToLive(0, 86400, 3600), _clock.NowMs);

        Assert.Equal(40u, entry!.Lifetime);
        Assert.Equal(1, _upstream.Count);
        Assert.Contains((DnsSharing.Given, 1L), _resolver.Counters.Shared);
        // In its last tenth it will not do for one who wants to keep it.
        _time.Advance(TimeSpan.FromSeconds(35));
        Assert.NotNull(await _resolver.AnswerNeighborAsync(key, true));
        Assert.Equal(2, _upstream.Count);
        Assert.Null(await _resolver.AnswerNeighborAsync([9, 9, 9], false));
    }

    private static byte[] KeyOf(string name)
    {
        byte[] query = DnsTestMessage.Query(name);
        Assert.Equal(DnsQueryStatus.Good, DnsQuery.TryRead(query, out DnsQuery read));
        byte[] key = new byte[DnsCacheKey.Longest];
        return key[..DnsCacheKey.Write(query, read, false, key)];
    }

    private sealed class Neighbor : IDnsNeighbors
    {
        public Func<byte[], Task<byte[]?>> Answers { get; set; } = _ => Task.FromResult<byte[]?>(null);

        public Address? OwnerOf(ReadOnlySpan<byte> key) => new("akka", "other");

        public Task<byte[]?> AskAsync(Address owner, byte[] key, bool isRefresh, TimeSpan within) => Answers(key);
    }

    private IActorRef Start(DnsSettings settings)
    {
        var upstreams = new UpstreamGroup([new UpstreamState(_upstream), new UpstreamState(_second)], settings, _metrics, NullLogger.Instance, _time);
        var cache = new DnsCache(settings.Cache.Size, 1);
        var limits = new DnsLookupLimits(settings.MaximumInFlight, new DnsTimesToLive(0, 86400, 3600), 5, (long)(settings.Cache.Stale?.TotalMilliseconds ?? -1), settings.Cache.StaleAfter, settings.Cache.SharedWithin);
        IActorRef lookup = Sys.ActorOf(Props.Create<DnsLookupActor>(cache, cache.Parts[0], upstreams, limits, _resolver, _clock, (TimeProvider)_time, NullLogger.Instance));
        _resolver.Publish(new DnsRuntime(settings, cache, [lookup], upstreams, new DnsClients(settings), DnsLocalData.None));
        return lookup;
    }

    private async Task<byte[]> ResolveAsync(byte[] query)
    {
        DnsAnswer answer = await _resolver.ResolveAsync(query, Client, CancellationToken.None);
        Assert.Equal(DnsVerdict.Answered, answer.Verdict);
        byte[] message = new byte[answer.Length];
        answer.WriteTo(message);
        return message;
    }
}
