using Actors443.Dns.Cache;
using Actors443.Dns.Upstreams;
using Actors443.Dns.Wire;
using Actors443.Testing.Dns;

namespace Actors443.Tests.Dns;

public sealed class DnsCacheTests
{
    private static readonly DnsTimesToLive Limits = new(0, 86400, 3600);

    [Fact]
    public void An_answer_is_kept_for_the_lowest_time_to_live_of_its_answers()
    {
        DnsCacheEntry entry = Entry(query => query.Answer(records: [DnsTestRecord.Alias("b.test", 300), DnsTestRecord.A("192.0.2.1", 60)]));

        Assert.Equal(60u, entry.Lifetime);
        byte[] aged = new byte[entry.Length];
        entry.CopyTo(aged, 50, null);
        DnsMessage message = DnsMessage.TryRead(aged)!;
        Assert.Equal([250u, 10u], message.Answers.Select(record => DnsTestMessage.TimeToLiveOf(aged, record)));
        entry.CopyTo(aged, 100, null);
        Assert.Equal([200u, 0u], message.Answers.Select(record => DnsTestMessage.TimeToLiveOf(aged, record)));
        entry.CopyTo(aged, 100, 30);
        Assert.Equal([30u, 30u], message.Answers.Select(record => DnsTestMessage.TimeToLiveOf(aged, record)));
    }

    [Fact]
    public void What_is_for_one_hop_is_not_kept()
    {
        DnsCacheEntry entry = Entry(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")], flags: 0x0420));

        DnsMessage message = DnsMessage.TryRead(entry.Message.ToArray())!;
        Assert.Empty(message.Additionals);
        Assert.Equal((0, false), (message.Id, message.IsAuthoritative));
        Assert.Equal(DnsHeader.RecursionAvailable | DnsHeader.AuthenticData, entry.Message[3]);
    }

    [Fact]
    public void That_it_was_validated_is_believed_only_where_nobody_can_have_changed_it()
    {
        DnsCacheEntry entry = Entry(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1")], flags: 0x0020), isTrusted: false);

        Assert.Equal(DnsHeader.RecursionAvailable, entry.Message[3]);
    }

    [Theory]
    [InlineData(3600, 60, 60)]
    [InlineData(60, 3600, 60)]
    [InlineData(100_000, 100_000, 3600)]
    public void That_there_is_none_is_kept_as_long_as_the_zone_says(uint timeToLive, uint minimum, uint expected)
    {
        foreach (DnsResponseCode code in (DnsResponseCode[])[DnsResponseCode.NoError, DnsResponseCode.NxDomain])
        {
            DnsCacheEntry entry = Entry(query => query.Answer(code, authorities: [DnsTestRecord.Soa("test", timeToLive, minimum)]));

            Assert.Equal(expected, entry.Lifetime);
            // What clients compute from it is the same.
            DnsMessage message = DnsMessage.TryRead(entry.Message.ToArray())!;
            Assert.Equal(expected, DnsTestMessage.TimeToLiveOf(entry.Message.ToArray(), message.Authorities[0]));
        }
    }

    [Fact]
    public void Times_stay_within_their_limits()
    {
        var limits = new DnsTimesToLive(30, 100, 50);

        Assert.Equal(30u, Entry(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 5)]), limits).Lifetime);
        Assert.Equal(100u, Entry(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 500)]), limits).Lifetime);
        Assert.Equal(50u, Entry(query => query.Answer(DnsResponseCode.NxDomain, authorities: [DnsTestRecord.Soa("test", 500, 500)]), limits).Lifetime);
        // RFC 2181 8: the highest bit makes it 0.
        Assert.Equal(0u, Entry(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 0x80000001)])).Lifetime);
        // RFC 8484 5.1: what a cache on the way has had it for.
        Assert.Equal(40u, Entry(query => query.Answer(records: [DnsTestRecord.A("192.0.2.1", 100)]), age: 60).Lifetime);
    }

    [Fact]
    public void An_answer_of_another_name_s_length_is_none()
    {
        byte[] answer = new DnsTestQuery(DnsTestMessage.Query("other.name.test"), false).Answer();

        Assert.Null(DnsCacheEntry.TryMake(Key("www.test"), answer, Limits, 0));
    }

    [Fact]
    public void Answers_are_found_by_name_in_any_case_type_and_what_they_depend_on()
    {
        var cache = new DnsCache(1_000_000, 2);
        byte[] key = Key("www.test");
        cache.Parts[cache.PartOf(key)].Put(DnsCacheEntry.Empty(key, DnsResponseCode.NoError, 60, DnsExtendedError.None, 0));

        Assert.NotNull(cache.Find(Key("WWW.Test")));
        Assert.Null(cache.Find(Key("www.test", DnsType.Aaaa)));
        Assert.Null(cache.Find(Key("www.test.test")));
        Assert.Null(cache.Find(Key("www.test", options: [], dnssecOk: true)));
        Assert.NotNull(cache.Find(Key("www.test", options: DnsTestMessage.Option(8, 0, 1, 24, 0, 192, 0, 2))));
        Assert.Null(cache.Find(Key("www.test", options: DnsTestMessage.Option(8, 0, 1, 24, 0, 192, 0, 2), withSubnet: true)));
    }

    [Fact]
    public void Memory_is_bounded_and_what_is_asked_for_stays()
    {
        var cache = new DnsCache(64 * 1024, 1);
        DnsCachePart part = cache.Parts[0];
        byte[] wanted = Key("wanted.test");
        part.Put(DnsCacheEntry.Empty(wanted, DnsResponseCode.NoError, 60, DnsExtendedError.None, 0));
        for (int i = 0; i < 10_000; i++)
        {
            part.Put(DnsCacheEntry.Empty(Key($"n{i}.test"), DnsResponseCode.NoError, 60, DnsExtendedError.None, 0));
            if (i % 100 == 0)
                cache.Find(wanted)!.NoteHit(3);
            Assert.InRange(cache.Bytes, 0, 64 * 1024);
        }

        Assert.NotNull(cache.Find(wanted));
        Assert.NotNull(cache.Find(Key("n9999.test")));
        Assert.Null(cache.Find(Key("n1.test")));
        Assert.Equal(10_001, cache.Count + cache.Evictions);
    }

    [Fact]
    public void An_answer_that_comes_again_replaces_the_one_before()
    {
        var cache = new DnsCache(1_000_000, 1);
        byte[] key = Key("www.test");
        for (int i = 0; i < 1_000; i++)
            cache.Parts[0].Put(DnsCacheEntry.Empty(key, DnsResponseCode.NoError, 60, DnsExtendedError.None, i));

        Assert.Equal((1, 999), (cache.Count, cache.Find(key)!.StoredAtMs));
        Assert.Equal(cache.Find(key)!.Size, cache.Bytes);
    }

    [Fact]
    public void An_upstream_is_asked_nothing_but_what_the_answer_depends_on()
    {
        byte[] key = Key("Www.Test", DnsType.Mx, [.. DnsTestMessage.Option(8, 0, 1, 24, 0, 192, 0, 2), .. DnsTestMessage.Option(10, 1, 2, 3, 4, 5, 6, 7, 8)], dnssecOk: true);

        var asked = new DnsTestQuery(new UpstreamQuery(key).Write(7, mixCase: true, padded: false), false);

        Assert.Equal((7, "www.test.", DnsType.Mx, true, 0), (asked.Read.Id, asked.Name, asked.Type, asked.Read.DnssecOk, asked.Read.SubnetLength));
        Assert.Empty(DnsTestMessage.OptionsOf(asked.Answer())!);
    }

    [Fact]
    public void A_question_to_an_encrypted_upstream_is_padded_to_128_bytes_and_passes_the_subnet_on_if_it_is_to()
    {
        byte[] key = Key("www.test", options: DnsTestMessage.Option(8, 0, 1, 24, 0, 192, 0, 2), withSubnet: true);

        byte[] message = new UpstreamQuery(key).Write(7, mixCase: false, padded: true);

        Assert.Equal(128, message.Length);
        Assert.Equal(DnsQueryStatus.Good, DnsQuery.TryRead(message, out DnsQuery query));
        Assert.Equal((true, 7), (query.IsPadded, query.SubnetLength));
        Assert.Equal(new byte[] { 192, 0, 2 }, message[(query.SubnetOffset + 4)..(query.SubnetOffset + 7)]);
    }

    [Fact]
    public void Letters_are_mixed_and_an_answer_must_repeat_them()
    {
        var query = new UpstreamQuery(Key("abcdefghijklmnopqrstuvwxyz.test"));
        byte[] one = query.Write(7, mixCase: true, padded: false);
        byte[] answer = new DnsTestQuery(one, false).Answer();

        Assert.NotEqual(one, query.Write(7, mixCase: true, padded: false));
        Assert.Equal(AnswerMatch.Answer, UpstreamQuery.Match(one, answer));
        Assert.Equal(AnswerMatch.OtherCase, UpstreamQuery.Match(query.Write(7, mixCase: false, padded: false), answer));
        Assert.Equal(AnswerMatch.Foreign, UpstreamQuery.Match(query.Write(8, mixCase: true, padded: false), answer));
        Assert.Equal(AnswerMatch.Foreign, UpstreamQuery.Match(one, one));
    }

    private static DnsCacheEntry Entry(Func<DnsTestQuery, byte[]> answer, DnsTimesToLive? limits = null, uint age = 0, bool isTrusted = true) =>
        DnsCacheEntry.TryMake(Key("www.test"), answer(new DnsTestQuery(DnsTestMessage.Query("www.test"), false)), limits ?? Limits, 0, age, isTrusted)!;

    internal static byte[] Key(string name, DnsType type = DnsType.A, byte[]? options = null, bool dnssecOk = false, bool withSubnet = false)
    {
        byte[] message = DnsTestMessage.Query(name, type, 0, options, dnssecOk);
        Assert.Equal(DnsQueryStatus.Good, DnsQuery.TryRead(message, out DnsQuery query));
        byte[] key = new byte[DnsCacheKey.Longest];
        return key[..DnsCacheKey.Write(message, query, withSubnet, key)];
    }
}
