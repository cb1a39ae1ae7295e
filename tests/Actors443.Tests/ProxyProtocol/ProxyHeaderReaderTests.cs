using System.Net;
using System.Text;
using Actors443.ProxyProtocol;
using Actors443.Testing;

namespace Actors443.Tests.ProxyProtocol;

/// <summary>PROXY headers, right and wrong.</summary>
public sealed class ProxyHeaderReaderTests
{
    private static readonly IPEndPoint Client = IPEndPoint.Parse("198.51.100.7:51234");
    private static readonly IPEndPoint Server = IPEndPoint.Parse("203.0.113.1:443");
    private static readonly IPEndPoint Client6 = IPEndPoint.Parse("[2001:db8::7]:51234");
    private static readonly IPEndPoint Server6 = IPEndPoint.Parse("[2001:db8::1]:443");

    public static TheoryData<byte[]> Right => new()
    {
        ProxyHeaders.Line(Client, Server),
        ProxyHeaders.Line(Client6, Server6),
        ProxyHeaders.Binary(Client, Server),
        ProxyHeaders.Binary(Client6, Server6),
        ProxyHeaders.Binary(Client, Server, sum: true),
        ProxyHeaders.Binary(Client, Server, tlvs: [(2, "www.a.test"u8.ToArray()), (0xE0, [1, 2, 3]), (4, [])], sum: true),
    };

    [Theory]
    [MemberData(nameof(Right))]
    public void It_says_who_the_client_is_and_nothing_behind_it_is_taken(byte[] header)
    {
        Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeaderReader.TryRead([.. header, 0x16, 3, 1], out ProxyHeader? read, out int length, out string? problem));

        Assert.Equal(header.Length, length);
        Assert.Null(problem);
        bool isIpv6 = read!.Source!.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        Assert.Equal(isIpv6 ? (Client6, Server6) : (Client, Server), (read.Source, read.Destination!));
        Assert.Equal(header[0] == 'P' ? 1 : 2, read.Version);
    }

    [Theory]
    [MemberData(nameof(Right))]
    public void Until_it_is_whole_more_is_waited_for(byte[] header)
    {
        for (int length = 0; length < header.Length; length++)
            Assert.Equal(ProxyHeaderStatus.Incomplete, ProxyHeaderReader.TryRead(header.AsSpan(0, length), out _, out _, out _));
    }

    [Fact]
    public void Tlvs_are_read()
    {
        byte[] tls = [0x07, 0, 0, 0, 0, .. ProxyHeaders.Tlv(0x21, "TLSv1.3"u8.ToArray()), .. ProxyHeaders.Tlv(0x22, "alice"u8.ToArray()), .. ProxyHeaders.Tlv(0x23, "TLS_AES_128_GCM_SHA256"u8.ToArray())];
        byte[] header = ProxyHeaders.Binary(Client, Server, tlvs: [(1, "h2"u8.ToArray()), (2, "www.a.test"u8.ToArray()), (5, [9, 8, 7]), (0x20, tls), (0xE1, [1])], sum: true);

        ProxyHeaderReader.TryRead(header, out ProxyHeader? read, out _, out _);

        Assert.Equal(("h2", "www.a.test"), (read!.ApplicationProtocol, read.Authority));
        Assert.Equal([9, 8, 7], read.UniqueId.ToArray());
        Assert.Equal(new ProxyTls { Version = "TLSv1.3", Cipher = "TLS_AES_128_GCM_SHA256", ClientCommonName = "alice", HasClientCertificate = true, IsClientCertificateVerified = true }, read.Tls);
        Assert.Equal("1 2 5 32 225 3", string.Join(' ', read.Tlvs.Select(tlv => tlv.Type)));
    }

    [Theory]
    [InlineData(0x07, 0, true, true)]
    [InlineData(0x03, 1, true, false)]
    [InlineData(0x01, 0, false, false)]
    public void A_client_certificate_counts_only_if_it_was_shown_and_verified(byte flags, byte verify, bool has, bool verified)
    {
        ProxyHeaderReader.TryRead(ProxyHeaders.Binary(Client, Server, tlvs: [(0x20, [flags, 0, 0, 0, verify])]), out ProxyHeader? read, out _, out _);

        Assert.Equal((has, verified), (read!.Tls!.HasClientCertificate, read.Tls.IsClientCertificateVerified));
    }

    [Fact]
    public void The_proxys_own_connections_and_those_it_cannot_name_have_no_client()
    {
        foreach (byte[] header in new[] { ProxyHeaders.Binary(Client, Server, local: true), "PROXY UNKNOWN\r\n"u8.ToArray(), "PROXY UNKNOWN ffff::1 whatever 1 2\r\n"u8.ToArray(), [.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x00, 0, 0] })
        {
            Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeaderReader.TryRead(header, out ProxyHeader? read, out int length, out _));
            Assert.Equal((null, header.Length), (read!.Source, length));
        }
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n", "does not begin with a PROXY header")]
    [InlineData("\u0016\u0003\u0001", "does not begin with a PROXY header")]
    [InlineData("PROXY\r\n", "does not begin with a PROXY header")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "its line is not")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", "its line is not")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", "its line is not")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", "its line is not")]
    [InlineData("PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", "its line is not")]
    [InlineData("PROXY TCP4 1.2.3 5.6.7.8 1 2\r\n", "its line is not")]
    [InlineData("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n", "its line is not")]
    [InlineData("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", "its line is not")]
    [InlineData("PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n", "its line is not")]
    [InlineData("PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", "its line is not")]
    [InlineData("PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n", "its line is not")]
    [InlineData("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", "its line is not")]
    public void Lines_that_are_none(string line, string said) => Refuses(Encoding.Latin1.GetBytes(line), said);

    [Fact]
    public void A_line_without_end() => Refuses([.. "PROXY TCP4 "u8, .. new byte[200]], "its line is longer than 107 bytes");

    [Fact]
    public void Binary_headers_that_are_none()
    {
        byte[] good = ProxyHeaders.Binary(Client, Server, tlvs: [(2, "a"u8.ToArray())], sum: true);
        Refuses(With(good, 12, 0x11), "its version is 1");
        Refuses(With(good, 12, 0x22), "its command is 2");
        Refuses(With(good, 14, 0x7F), "more than 4096");
        Refuses(With(good, 20, 77), "its checksum (CRC32c) is wrong");
        Refuses(With(good, good.Length - 1, (byte)(good[^1] + 1)), "its checksum (CRC32c) is wrong");
        Refuses(With(ProxyHeaders.Binary(Client, Server, tlvs: [(2, [1, 2])]), 30, 9), "a TLV is cut off");
        Refuses([.. "\r\n\r\n\0\r\nQUIT\n"u8, 0x21, 0x11, 0, 4, 1, 2, 3, 4], "its addresses are cut off");
        Refuses([.. ProxyHeaders.Binary(Client, Server)[..15], 14, .. new byte[14]], "a TLV is cut off");
    }

    [Fact]
    public void Whatever_is_changed_in_a_header_is_read_or_refused_and_never_thrown_at()
    {
        var random = new Random(443);
        byte[][] seeds = [.. Right.Cast<object[]>().Select(row => (byte[])row[0]), ProxyHeaders.Binary(Client, Server, tlvs: [(0x20, [7, 0, 0, 0, 0, 0x21, 0, 2, 65, 66])])];
        for (int round = 0; round < 100_000; round++)
        {
            byte[] bytes = [.. seeds[random.Next(seeds.Length)]];
            for (int changes = random.Next(1, 4); changes > 0; changes--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            ReadOnlySpan<byte> part = bytes.AsSpan(0, random.Next(bytes.Length + 1));
            ProxyHeaderStatus status = ProxyHeaderReader.TryRead(part, out ProxyHeader? header, out int length, out string? problem);
            Assert.True(status switch
            {
                ProxyHeaderStatus.Complete => header is not null && problem is null && length <= part.Length,
                ProxyHeaderStatus.Malformed => header is null && problem is not null,
                _ => header is null && problem is null,
            });
        }
    }

    private static byte[] With(byte[] header, int at, byte value)
    {
        byte[] changed = [.. header];
        changed[at] = value;
        return changed;
    }

    private static void Refuses(byte[] bytes, string said)
    {
        Assert.Equal(ProxyHeaderStatus.Malformed, ProxyHeaderReader.TryRead(bytes, out ProxyHeader? header, out _, out string? problem));
        Assert.Null(header);
        Assert.Contains(said, problem, StringComparison.Ordinal);
    }
}
