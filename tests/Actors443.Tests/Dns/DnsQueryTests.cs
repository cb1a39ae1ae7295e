using Actors443.Dns.Wire;
using Actors443.Testing.Dns;

namespace Actors443.Tests.Dns;

public sealed class DnsQueryTests
{
    public static IEnumerable<object[]> Corpus => DnsCorpus.Read("queries.txt").Select(message => (object[])[message.Name, message.Expected]);

    [Theory]
    [MemberData(nameof(Corpus))]
    public void A_message_that_is_not_as_it_should_be_is_called_by_its_fault(string name, string expected)
    {
        byte[] bytes = DnsCorpus.Read("queries.txt").Single(message => message.Name == name).Bytes;

        DnsQueryStatus status = DnsQuery.TryRead(bytes, out DnsQuery query);

        Assert.Equal(expected, status switch
        {
            DnsQueryStatus.NoQuery => "400",
            DnsQueryStatus.Malformed => "FORMERR",
            DnsQueryStatus.NotImplemented => "NOTIMP",
            DnsQueryStatus.BadVersion => "BADVERS",
            DnsQueryStatus.Refused => "REFUSED",
            _ => "NOERROR",
        });
        Assert.InRange(query.QuestionEnd, 0, Math.Max(bytes.Length, DnsHeader.Length));
    }

    [Fact]
    public void A_query_is_read_with_all_that_its_answer_depends_on()
    {
        byte[] bytes = DnsTestMessage.Query(
            "wWw.Example.com", DnsType.Aaaa, 0x1234, [.. DnsTestMessage.Option(8, 0, 1, 24, 0, 192, 0, 2), .. DnsTestMessage.Option(12, 0, 0)], dnssecOk: true);

        Assert.Equal(DnsQueryStatus.Good, DnsQuery.TryRead(bytes, out DnsQuery query));

        Assert.Equal((0x1234, 17, DnsType.Aaaa, true, true, true, 7), (query.Id, query.NameLength, query.Type, query.HasEdns, query.DnssecOk, query.IsPadded, query.SubnetLength));
        Assert.Equal(new byte[] { 0, 1, 24, 0, 192, 0, 2 }, bytes[query.SubnetOffset..(query.SubnetOffset + query.SubnetLength)]);
    }

    [Fact]
    public void A_good_query_cut_off_anywhere_is_none()
    {
        byte[] whole = DnsTestMessage.Query("www.example.com", DnsType.A, 1, DnsTestMessage.Option(12, 0, 0, 0));
        for (int length = 0; length < whole.Length; length++)
            Assert.NotEqual(DnsQueryStatus.Good, DnsQuery.TryRead(whole.AsSpan(0, length), out _));
    }

    [Fact]
    public void Any_bytes_are_read_or_refused()
    {
        var random = new Random(443);
        byte[][] seeds = [.. DnsCorpus.Read("queries.txt").Where(message => message.Bytes.Length < 600).Select(message => message.Bytes)];
        int good = 0;
        for (int i = 0; i < 200_000; i++)
        {
            byte[] bytes = [.. seeds[random.Next(seeds.Length)]];
            for (int changes = random.Next(1, 4); changes > 0 && bytes.Length > 0; changes--)
                bytes[random.Next(bytes.Length)] = random.Next(3) == 0 ? (byte)0xC0 : (byte)random.Next(256);
            if (DnsQuery.TryRead(bytes, out DnsQuery query) == DnsQueryStatus.Good)
            {
                good++;
                Assert.InRange(query.QuestionEnd, DnsHeader.Length + 5, bytes.Length);
                Assert.InRange(query.SubnetOffset + query.SubnetLength, 0, bytes.Length);
            }
        }

        Assert.NotEqual(0, good);
    }

    [Theory]
    [InlineData("", ".")]
    [InlineData("Example.COM", "example.com.")]
    [InlineData("example.com.", "example.com.")]
    public void Names_are_written_and_shown(string name, string shown) => Assert.Equal(shown, DnsName.ToText(DnsName.Parse(name)));

    [Fact]
    public void Odd_bytes_of_a_name_are_shown_escaped() => Assert.Equal(@"a\.b\000\200.c.", DnsName.ToText([5, (byte)'a', (byte)'.', (byte)'b', 0, 200, 1, (byte)'c', 0]));

    [Fact]
    public void Names_beyond_ASCII_become_lower_case_only_where_they_are_letters()
    {
        byte[] name = [4, (byte)'A', 0xC4, (byte)'Z', (byte)'[', 0];
        byte[] lower = new byte[name.Length];

        DnsName.ToLower(name, lower);

        Assert.Equal([4, (byte)'a', 0xC4, (byte)'z', (byte)'[', 0], lower);
    }
}
