using System.Buffers;
using System.Net.Security;
using System.Security.Authentication;
using System.Text;
using Actors443.Certificates;
using Actors443.Testing;
using Actors443.Tls;

namespace Actors443.Tests.Tls;

public sealed class ClientHelloReaderTests
{
    [Theory]
    [InlineData(SslProtocols.Tls12, true, false)]
    [InlineData(SslProtocols.Tls13, false, true)]
    [InlineData(SslProtocols.Tls12 | SslProtocols.Tls13, true, true)]
    public async Task What_a_real_client_offers_is_read(SslProtocols protocols, bool tls12, bool tls13)
    {
        ClientHello hello = Read(await CaptureAsync("Example.COM", protocols, SslApplicationProtocol.Http2, SslApplicationProtocol.Http11));

        Assert.Equal("example.com", hello.ServerName);
        Assert.Equal((tls12, tls13), (hello.OffersTls12, hello.OffersTls13));
        Assert.Equal(["h2", "http/1.1"], hello.ApplicationProtocols);
        Assert.Equal(CertificateKeyKinds.Any, hello.SignatureKeyKinds);
        Assert.Equal(tls12 ? CertificateKeyKinds.Any : CertificateKeyKinds.None, hello.Tls12AeadKeyKinds);
        Assert.False(hello.OffersResumption);
    }

    [Fact]
    public async Task What_was_not_sent_is_null()
    {
        ClientHello hello = Read(await CaptureAsync("", SslProtocols.Tls13));

        Assert.Null(hello.ServerName);
        Assert.Null(hello.ApplicationProtocols);
    }

    [Theory]
    [InlineData(new ushort[] { 0xC02F }, CertificateKeyKinds.Rsa)]
    [InlineData(new ushort[] { 0xC02C }, CertificateKeyKinds.Ecdsa)]
    [InlineData(new ushort[] { 0x0035, 0xC030, 0xC02B }, CertificateKeyKinds.Any)]
    [InlineData(new ushort[] { 0x009C, 0xC013, 0xCCA8 }, CertificateKeyKinds.None)]
    public void Suites_are_told_by_the_key_they_need(ushort[] suites, object expected) =>
        Assert.Equal((CertificateKeyKinds)expected, Read(new RawClientHello { CipherSuites = suites }.ToRecord()).Tls12AeadKeyKinds);

    [Theory]
    [InlineData(new ushort[] { 0x0403 }, CertificateKeyKinds.Ecdsa)]
    [InlineData(new ushort[] { 0x0804 }, CertificateKeyKinds.Rsa)]
    [InlineData(new ushort[] { 0x0401, 0x0603 }, CertificateKeyKinds.Any)]
    [InlineData(new ushort[] { 0x0807 }, CertificateKeyKinds.None)]
    public void Signatures_are_told_by_the_key_they_check(ushort[] algorithms, object expected) =>
        Assert.Equal((CertificateKeyKinds)expected, Read(new RawClientHello { SignatureAlgorithms = algorithms }.ToRecord()).SignatureKeyKinds);

    [Fact]
    public async Task Every_beginning_of_a_hello_is_incomplete_and_however_it_is_cut_it_reads_the_same()
    {
        byte[] hello = await CaptureAsync("example.com", SslProtocols.Tls13);

        for (int cut = 0; cut < hello.Length; cut++)
        {
            Assert.Equal(ClientHelloStatus.Incomplete, ClientHelloReader.TryRead(new ReadOnlySequence<byte>(hello, 0, cut), out ClientHello? none));
            Assert.Null(none);
            Assert.Equal(ClientHelloStatus.Complete, ClientHelloReader.TryRead(Segments(hello[..cut], hello[cut..]), out ClientHello? whole));
            Assert.Equal("example.com", whole!.ServerName);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    public void A_hello_in_many_records_is_put_together(int recordLength)
    {
        byte[] message = new RawClientHello { ServerName = "example.com" }.ToRecord()[5..];
        byte[] records = [.. message.Chunk(recordLength).SelectMany(part => (byte[])[22, 3, 1, 0, (byte)part.Length, .. part])];

        Assert.Equal("example.com", Read(records).ServerName);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n", ClientHelloStatus.PlainHttp)]
    [InlineData("PRI * HTTP/2.0\r\n", ClientHelloStatus.PlainHttp)]
    [InlineData("CONNECT a:443 HTTP/1.1", ClientHelloStatus.PlainHttp)]
    [InlineData("GE", ClientHelloStatus.Incomplete)]
    [InlineData("GETTING", ClientHelloStatus.NotTls)]
    [InlineData("SSH-2.0-OpenSSH", ClientHelloStatus.NotTls)]
    [InlineData("\u0080\u002e\u0001", ClientHelloStatus.NotTls)]
    [InlineData("", ClientHelloStatus.Incomplete)]
    public void What_is_not_TLS_is_told_apart(string bytes, object expected) =>
        Assert.Equal((ClientHelloStatus)expected, ClientHelloReader.TryRead(new ReadOnlySequence<byte>(Encoding.Latin1.GetBytes(bytes)), out _));

    [Fact]
    public void What_claims_to_be_larger_than_any_real_one_is_refused_before_it_is_all_there()
    {
        byte[] hello = [22, 3, 1, 0x40, 0, 1, 0, 0xff, 0xff, .. new byte[100]];

        Assert.Equal(ClientHelloStatus.Malformed, ClientHelloReader.TryRead(new ReadOnlySequence<byte>(hello), out _));
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("with\0nul")]
    [InlineData("")]
    public void Names_that_are_none_are_refused(string name) =>
        Assert.Equal(ClientHelloStatus.Malformed, ClientHelloReader.TryRead(new ReadOnlySequence<byte>(new RawClientHello { ServerName = name }.ToRecord()), out _));

    [Theory]
    [InlineData("160301 0000", ClientHelloStatus.UnexpectedMessage)]
    [InlineData("160301 0004 02000000", ClientHelloStatus.UnexpectedMessage)]
    [InlineData("160301 4001", ClientHelloStatus.RecordOverflow)]
    [InlineData("160301 0002 0100 170303 0001 00", ClientHelloStatus.UnexpectedMessage)]
    [InlineData("150303 0002 0228", ClientHelloStatus.UnexpectedMessage)]
    [InlineData("14", ClientHelloStatus.Incomplete)]
    [InlineData("1404", ClientHelloStatus.NotTls)]
    [InlineData("160201 0001", ClientHelloStatus.Malformed)]
    public void What_is_wrong_with_a_record_is_told_apart(string record, object status) =>
        Assert.Equal((ClientHelloStatus)status, ClientHelloReader.TryRead(new ReadOnlySequence<byte>(Convert.FromHexString(record.Replace(" ", "", StringComparison.Ordinal))), out _));

    [Fact]
    public async Task Whatever_is_changed_in_a_hello_is_read_or_refused_and_never_thrown_at()
    {
        var random = new Random(443);
        byte[][] seeds = [await CaptureAsync("example.com", SslProtocols.Tls13, SslApplicationProtocol.Http2), await CaptureAsync("a", SslProtocols.Tls12), new RawClientHello { ApplicationProtocols = ["h2"] }.ToRecord()];
        var seen = new Dictionary<ClientHelloStatus, int>();

        for (int i = 0; i < 60_000; i++)
        {
            byte[] hello = [.. seeds[i % seeds.Length]];
            for (int change = random.Next(1, 6); change > 0; change--)
                hello[random.Next(hello.Length)] = (byte)random.Next(256);
            ReadOnlyMemory<byte> sent = hello.AsMemory(0, random.Next(4) == 0 ? random.Next(hello.Length) : hello.Length);
            ClientHelloStatus status = ClientHelloReader.TryRead(new ReadOnlySequence<byte>(sent), out ClientHello? read);
            Assert.Equal(status == ClientHelloStatus.Complete, read is not null);
            seen[status] = seen.GetValueOrDefault(status) + 1;
        }

        // The changes reach every way out; otherwise this test shows nothing.
        Assert.Superset(new HashSet<ClientHelloStatus> { ClientHelloStatus.Complete, ClientHelloStatus.Incomplete, ClientHelloStatus.Malformed, ClientHelloStatus.NotTls }, seen.Keys.ToHashSet());
    }

    private static ClientHello Read(byte[] bytes)
    {
        Assert.Equal(ClientHelloStatus.Complete, ClientHelloReader.TryRead(new ReadOnlySequence<byte>(bytes), out ClientHello? hello));
        return hello!;
    }

    /// <summary>The first flight of the platform's own TLS client.</summary>
    private static async Task<byte[]> CaptureAsync(string name, SslProtocols protocols, params SslApplicationProtocol[] applicationProtocols)
    {
        using var sent = new FirstFlightStream();
        using var client = new SslStream(sent);
        var options = new SslClientAuthenticationOptions { TargetHost = name, EnabledSslProtocols = protocols };
        if (applicationProtocols.Length > 0)
            options.ApplicationProtocols = [.. applicationProtocols];
        await Assert.ThrowsAnyAsync<Exception>(() => client.AuthenticateAsClientAsync(options));
        return sent.Written.ToArray();
    }

    private static ReadOnlySequence<byte> Segments(params byte[][] parts)
    {
        Segment first = new(parts[0], 0);
        Segment last = first;
        foreach (byte[] part in parts[1..])
            last = last.Append(part);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(byte[] part, long index)
        {
            Memory = part;
            RunningIndex = index;
        }

        public Segment Append(byte[] part)
        {
            var next = new Segment(part, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
