using System.Net;
using System.Security.Cryptography;
using Actors443.Acme.Dns;
using Actors443.Dns.Wire;

namespace Actors443.Tests.Acme;

public sealed class DnsTests
{
    private static readonly DateTimeOffset Then = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    [Fact]
    public void A_message_is_read_as_it_was_written()
    {
        var writer = new DnsWriter();
        writer.Header(7, 0x8580, 1, 2, 0, 0);
        writer.Question("A.example.COM.", DnsType.Txt, DnsClass.In);
        writer.Record("a.example.com", DnsType.Txt, DnsClass.In, 60, DnsWriter.TxtData(new string('x', 300)));
        // A pointer to the question's name (RFC 1035 4.1.4).
        writer.Bytes([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1]);

        DnsMessage message = DnsMessage.TryRead(writer.Written.ToArray())!;

        Assert.Equal((7, true, false, "NOERROR"), (message.Id, message.IsAuthoritative, message.IsTruncated, message.Outcome));
        Assert.Equal(new string('x', 300), message.TextOf(message.Answers[0]));
        Assert.Equal(("a.example.com", IPAddress.Parse("192.0.2.1")), (message.Answers[1].Name, message.AddressIn(message.Answers[1])));
    }

    [Fact]
    public void Whatever_is_cut_off_or_loops_is_no_message()
    {
        var writer = new DnsWriter();
        writer.Header(7, 0x8180, 1, 1, 0, 0);
        writer.Question("a.example.com", DnsType.Txt, DnsClass.In);
        writer.Record("a.example.com", DnsType.Txt, DnsClass.In, 60, DnsWriter.TxtData("abc"));
        byte[] whole = writer.Written.ToArray();
        for (int length = 0; length < whole.Length; length++)
            Assert.Null(DnsMessage.TryRead(whole[..length]));
        byte[] loop = [.. whole[..12], 0xC0, 12, 0, 16, 0, 1];
        Assert.Null(DnsMessage.TryRead(loop));
        byte[] query = [.. whole];
        query[2] = 0;
        Assert.Null(DnsMessage.TryRead(query));
    }

    [Fact]
    public void Any_bytes_are_a_message_or_none()
    {
        var random = new Random(443);
        byte[] bytes = new byte[120];
        for (int i = 0; i < 20_000; i++)
        {
            random.NextBytes(bytes);
            bytes[2] |= 0x80;
            // Few records, so that some are read through.
            bytes.AsSpan(4, 8).Clear();
            bytes[5] = 1;
            bytes[7] = 1;
            if (DnsMessage.TryRead(bytes) is { } message)
                Assert.Single(message.Answers);
        }
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData("m\u00fcnchen.de")]
    public void A_name_that_is_none_is_refused(string name) => Assert.Throws<DnsNameException>(() => new DnsWriter().Name(name));

    /// <summary>The bytes that RFC 8945 4.2 and 4.3 ask for, put together here once more by hand; a real server checks them in the integration tests.</summary>
    [Fact]
    public void A_signature_covers_message_and_variables()
    {
        var message = new DnsWriter();
        message.Header(0x1234, 5 << 11, 1, 0, 0, 0);
        message.Question("example.com", DnsType.Soa, DnsClass.In);
        byte[] secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

        SignedDnsMessage signed = new TsigKey("Update.", Convert.ToBase64String(secret)).Sign(message.Written, Then);

        byte[] variables =
        [
            6, .. "update"u8, 0, 0, 255, 0, 0, 0, 0, 11, .. "hmac-sha256"u8, 0,
            0, 0, 0x65, 0x53, 0xF1, 0x00, 1, 44, 0, 0, 0, 0,
        ];
        Assert.Equal(HMACSHA256.HashData(secret, (byte[])[.. message.Written, .. variables]), signed.Mac);
        Assert.Equal(1, signed.Message[11]);
        Assert.Equal(message.Written[12..].ToArray(), signed.Message[12..message.Written.Length]);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("other secret", "does not hold")]
    [InlineData("other name", "another key")]
    [InlineData("late", "out of time")]
    [InlineData("changed", "does not hold")]
    [InlineData("unsigned", "not signed")]
    public void An_answer_is_trusted_only_with_its_signature(string? fault, string? problem)
    {
        var key = new TsigKey("update", Convert.ToBase64String(new byte[32]));
        TsigKey theirs = fault switch
        {
            "other secret" => new TsigKey("update", Convert.ToBase64String([.. Enumerable.Repeat((byte)1, 32)])),
            "other name" => new TsigKey("another", Convert.ToBase64String(new byte[32])),
            _ => key,
        };
        SignedDnsMessage request = key.Sign(Message(0x2800), Then);
        byte[] answer = fault == "unsigned" ? Message(0xA800) : theirs.SignAnswer(request, Message(0xA800), Then);
        if (fault == "changed")
            answer[3] ^= 5;

        string? found = key.Examine(DnsMessage.TryRead(answer)!, request, fault == "late" ? Then.AddMinutes(10) : Then);

        Assert.Equal(problem is null, found is null);
        Assert.Contains(problem ?? "", found ?? "", StringComparison.Ordinal);
    }

    private static byte[] Message(ushort flags)
    {
        var message = new DnsWriter();
        message.Header(9, flags, 1, 0, 0, 0);
        message.Question("example.com", DnsType.Soa, DnsClass.In);
        return message.Written.ToArray();
    }
}
