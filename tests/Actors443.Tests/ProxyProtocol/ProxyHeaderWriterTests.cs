using System.Net;
using System.Text;
using Actors443.ProxyProtocol;

namespace Actors443.Tests.ProxyProtocol;

/// <summary>PROXY headers as they are sent to upstreams.</summary>
public sealed class ProxyHeaderWriterTests
{
    [Theory]
    [InlineData("198.51.100.7:51234", "203.0.113.1:443", "PROXY TCP4 198.51.100.7 203.0.113.1 51234 443\r\n")]
    [InlineData("[2001:db8::7]:51234", "[2001:db8::1]:443", "PROXY TCP6 2001:db8::7 2001:db8::1 51234 443\r\n")]
    [InlineData("[::ffff:198.51.100.7]:1", "203.0.113.1:443", "PROXY TCP4 198.51.100.7 203.0.113.1 1 443\r\n")]
    [InlineData("[fe80::1%3]:1", "[fe80::2%3]:443", "PROXY TCP6 fe80::1 fe80::2 1 443\r\n")]
    [InlineData("198.51.100.7:1", "[2001:db8::1]:443", "PROXY TCP6 ::ffff:198.51.100.7 2001:db8::1 1 443\r\n")]
    public void Version_1_is_a_line(string source, string destination, string line) =>
        Assert.Equal(line, Encoding.ASCII.GetString(ProxyHeaderWriter.Write(new ProxyHeader { Version = 1, Source = IPEndPoint.Parse(source), Destination = IPEndPoint.Parse(destination) })));

    [Theory]
    [InlineData("198.51.100.7:51234", "203.0.113.1:443")]
    [InlineData("[2001:db8::7]:51234", "[2001:db8::1]:443")]
    public void Version_2_reads_as_it_was_written_and_its_checksum_holds(string source, string destination)
    {
        var header = new ProxyHeader
        {
            Version = 2,
            Source = IPEndPoint.Parse(source),
            Destination = IPEndPoint.Parse(destination),
            Authority = "mq.example.com",
            ApplicationProtocol = "mqtt",
            UniqueId = "c1a"u8.ToArray(),
            Tls = new ProxyTls { Version = "TLSv1.3", Cipher = "TLS_AES_128_GCM_SHA256", ClientCommonName = "alice", HasClientCertificate = true, IsClientCertificateVerified = true },
        };
        byte[] bytes = ProxyHeaderWriter.Write(header);

        Assert.Equal(ProxyHeaderStatus.Complete, ProxyHeaderReader.TryRead([.. bytes, 0x16], out ProxyHeader? read, out int length, out _));
        Assert.Equal(bytes.Length, length);
        Assert.Equal((header.Source, header.Destination, header.Authority, header.ApplicationProtocol, header.Tls), (read!.Source, read.Destination, read.Authority, read.ApplicationProtocol, read.Tls));
        Assert.Equal("c1a"u8.ToArray(), read.UniqueId.ToArray());
        Assert.Equal("1 2 5 32 3", string.Join(' ', read.Tlvs.Select(tlv => tlv.Type)));
        // Whatever is changed behind the length, but that there is a sum, is seen by it, or does not hold together.
        for (int index = 16; index < bytes.Length; index += index == bytes.Length - 8 ? 2 : 1)
        {
            byte[] changed = [.. bytes];
            changed[index] ^= 1;
            Assert.Equal(ProxyHeaderStatus.Malformed, ProxyHeaderReader.TryRead(changed, out _, out _, out _));
        }
    }

    [Fact]
    public void What_there_is_not_is_not_said()
    {
        byte[] bytes = ProxyHeaderWriter.Write(new ProxyHeader { Version = 2, Source = IPEndPoint.Parse("192.0.2.1:1"), Destination = IPEndPoint.Parse("192.0.2.2:2"), Tls = new ProxyTls { Version = "TLSv1.2", HasClientCertificate = false, IsClientCertificateVerified = false } });

        ProxyHeaderReader.TryRead(bytes, out ProxyHeader? read, out _, out _);
        Assert.Equal("32 3", string.Join(' ', read!.Tlvs.Select(tlv => tlv.Type)));
        Assert.Equal(new ProxyTls { Version = "TLSv1.2", HasClientCertificate = false, IsClientCertificateVerified = false }, read.Tls);
    }
}
