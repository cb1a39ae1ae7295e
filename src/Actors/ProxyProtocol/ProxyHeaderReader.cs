using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;
using Actors443.Engine;

namespace Actors443.ProxyProtocol;

/// <summary>How far reading a PROXY header got.</summary>
internal enum ProxyHeaderStatus
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>Read.</summary>
    Complete,

    /// <summary>It is none, or a wrong one.</summary>
    Malformed,
}

/// <summary>Reads a PROXY header of version 1 or 2 (haproxy.org/download/3.0/doc/proxy-protocol.txt). Pure; takes any bytes.</summary>
internal static class ProxyHeaderReader
{
    /// <summary>Longer ones are refused: the addresses and all TLVs that are known stay far below.</summary>
    public const int MaximumLength = 4096;

    private const int LongestLine = 107;
    private const int FixedLength = 16;
    public const byte TypeAlpn = 0x01;
    public const byte TypeAuthority = 0x02;
    public const byte TypeCrc32C = 0x03;
    public const byte TypeUniqueId = 0x05;
    public const byte TypeTls = 0x20;
    public const byte SubTypeVersion = 0x21;
    public const byte SubTypeCommonName = 0x22;
    public const byte SubTypeCipher = 0x23;

    /// <summary>PP2_CLIENT_SSL, PP2_CLIENT_CERT_CONN, PP2_CLIENT_CERT_SESS.</summary>
    public const byte ClientSsl = 1;
    public const byte CertificateOnConnection = 2;
    public const byte CertificateInSession = 4;

    /// <summary>What version 2 begins with.</summary>
    public static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> LinePrefix => "PROXY "u8;

    /// <param name="bytes">All that came so far.</param>
    /// <param name="header">If it is complete.</param>
    /// <param name="length">Of the header.</param>
    /// <param name="problem">What is wrong; null: nothing.</param>
    public static ProxyHeaderStatus TryRead(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int length, out string? problem)
    {
        header = null;
        length = 0;
        problem = null;
        if (bytes.Length >= Signature.Length ? bytes.StartsWith(Signature) : Signature.StartsWith(bytes))
            return bytes.Length < FixedLength ? ProxyHeaderStatus.Incomplete : TryReadBinary(bytes, out header, out length, out problem);
        if (bytes.Length >= LinePrefix.Length ? bytes.StartsWith(LinePrefix) : LinePrefix.StartsWith(bytes))
            return TryReadLine(bytes, out header, out length, out problem);
        problem = "does not begin with a PROXY header";
        return ProxyHeaderStatus.Malformed;
    }

    private static ProxyHeaderStatus TryReadLine(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int length, out string? problem)
    {
        header = null;
        length = 0;
        problem = null;
        ReadOnlySpan<byte> within = bytes[..Math.Min(bytes.Length, LongestLine)];
        int end = within.IndexOf("\r\n"u8);
        if (end < 0)
        {
            if (bytes.Length < LongestLine)
                return ProxyHeaderStatus.Incomplete;
            problem = $"its line is longer than {LongestLine} bytes";
            return ProxyHeaderStatus.Malformed;
        }

        length = end + 2;
        string[] parts = Encoding.Latin1.GetString(within[..end]).Split(' ');
        // What follows UNKNOWN is to be ignored.
        if (parts.Length >= 2 && parts[1] == "UNKNOWN")
        {
            header = new ProxyHeader { Version = 1 };
            return ProxyHeaderStatus.Complete;
        }

        if (parts.Length == 6
            && parts[1] is "TCP4" or "TCP6"
            && TryEndPoint(parts[1] == "TCP4", parts[2], parts[4]) is { } source
            && TryEndPoint(parts[1] == "TCP4", parts[3], parts[5]) is { } destination)
        {
            header = new ProxyHeader { Version = 1, Source = source, Destination = destination };
            return ProxyHeaderStatus.Complete;
        }

        problem = "its line is not \"PROXY TCP4|TCP6 SOURCE DESTINATION PORT PORT\"";
        return ProxyHeaderStatus.Malformed;
    }

    private static IPEndPoint? TryEndPoint(bool isIpv4, string address, string port)
    {
        // IPAddress takes 127.1 and fe80::1%eth0, too.
        bool canonical = isIpv4 ? address.Count(c => c == '.') == 3 : address.Contains(':', StringComparison.Ordinal) && !address.Contains('%', StringComparison.Ordinal);
        return canonical
            && IPAddress.TryParse(address, out IPAddress? ip)
            && ip.AddressFamily == (isIpv4 ? AddressFamily.InterNetwork : AddressFamily.InterNetworkV6)
            && ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out ushort number)
            && (port == "0" || port[0] != '0')
                ? new IPEndPoint(PlainAddress.Of(ip), number)
                : null;
    }

    private static ProxyHeaderStatus TryReadBinary(ReadOnlySpan<byte> bytes, out ProxyHeader? header, out int length, out string? problem)
    {
        header = null;
        problem = null;
        int body = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        length = FixedLength + body;
        if (length > MaximumLength)
            return Fail($"it is {length} bytes long, more than {MaximumLength}", out problem);
        if (bytes[12] >> 4 != 2)
            return Fail($"its version is {bytes[12] >> 4}", out problem);
        if ((bytes[12] & 0x0F) > 1)
            return Fail($"its command is {bytes[12] & 0x0F}, neither LOCAL nor PROXY", out problem);
        if (bytes.Length < length)
            return ProxyHeaderStatus.Incomplete;
        ReadOnlySpan<byte> whole = bytes[..length];
        bool isLocal = (bytes[12] & 0x0F) == 0;
        int family = bytes[13] >> 4;
        int addresses = family switch { 1 => 12, 2 => 36, 3 => 216, _ => 0 };
        if (body < addresses)
            return Fail("its addresses are cut off", out problem);
        var tlvs = new List<ProxyTlv>();
        if (!TryReadTlvs(whole[(FixedLength + addresses)..], tlvs, out problem) || !HasRightSum(whole, FixedLength + addresses, out problem))
            return ProxyHeaderStatus.Malformed;

        // Datagrams and local sockets: taken for the proxy's own, as UNSPEC is to be.
        bool isTcp = (bytes[13] & 0x0F) == 1 && family is 1 or 2;
        ReadOnlySpan<byte> body1 = whole[FixedLength..];
        header = new ProxyHeader
        {
            Version = 2,
            Source = isLocal || !isTcp ? null : family == 1 ? EndPoint(body1[..4], body1[8..]) : EndPoint(body1[..16], body1[32..]),
            Destination = isLocal || !isTcp ? null : family == 1 ? EndPoint(body1[4..8], body1[10..]) : EndPoint(body1[16..32], body1[34..]),
            Authority = Text(tlvs, TypeAuthority),
            ApplicationProtocol = Text(tlvs, TypeAlpn),
            UniqueId = Find(tlvs, TypeUniqueId) ?? default,
            Tls = Find(tlvs, TypeTls) is { } tls ? ReadTls(tls) : null,
            Tlvs = tlvs,
        };
        return ProxyHeaderStatus.Complete;
    }

    private static ProxyHeaderStatus Fail(string what, out string? problem)
    {
        problem = what;
        return ProxyHeaderStatus.Malformed;
    }

    private static IPEndPoint EndPoint(ReadOnlySpan<byte> address, ReadOnlySpan<byte> port) => new(PlainAddress.Of(new IPAddress(address)), BinaryPrimitives.ReadUInt16BigEndian(port));

    private static bool TryReadTlvs(ReadOnlySpan<byte> bytes, List<ProxyTlv> tlvs, out string? problem)
    {
        problem = null;
        while (bytes.Length > 0)
        {
            if (bytes.Length < 3 || bytes.Length < 3 + BinaryPrimitives.ReadUInt16BigEndian(bytes[1..]))
            {
                problem = "a TLV is cut off";
                return false;
            }

            int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[1..]);
            tlvs.Add(new ProxyTlv(bytes[0], bytes.Slice(3, length).ToArray()));
            bytes = bytes[(3 + length)..];
        }

        return true;
    }

    /// <summary>CRC32c over the whole header with its own field zero, if there is one.</summary>
    private static bool HasRightSum(ReadOnlySpan<byte> whole, int at, out string? problem)
    {
        problem = null;
        while (at < whole.Length)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(whole[(at + 1)..]);
            if (whole[at] == TypeCrc32C)
            {
                if (length == sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(whole[(at + 3)..]) == Sum(whole, at + 3))
                    return true;
                problem = "its checksum (CRC32c) is wrong";
                return false;
            }

            at += 3 + length;
        }

        return true;
    }

    /// <summary>CRC32c (RFC 3309) of a header whose sum itself counts as zero.</summary>
    public static uint Sum(ReadOnlySpan<byte> whole, int zeroAt)
    {
        uint sum = uint.MaxValue;
        for (int i = 0; i < whole.Length; i++)
            sum = BitOperations.Crc32C(sum, i >= zeroAt && i < zeroAt + sizeof(uint) ? (byte)0 : whole[i]);
        return ~sum;
    }

    private static ProxyTls? ReadTls(ReadOnlyMemory<byte> value)
    {
        if (value.Length < 5 || (value.Span[0] & ClientSsl) == 0)
            return null;
        var tlvs = new List<ProxyTlv>();
        if (!TryReadTlvs(value.Span[5..], tlvs, out _))
            return null;
        bool hasCertificate = (value.Span[0] & (CertificateOnConnection | CertificateInSession)) != 0;
        return new ProxyTls
        {
            HasClientCertificate = hasCertificate,
            IsClientCertificateVerified = hasCertificate && BinaryPrimitives.ReadUInt32BigEndian(value.Span[1..]) == 0,
            Version = Text(tlvs, SubTypeVersion),
            Cipher = Text(tlvs, SubTypeCipher),
            ClientCommonName = Text(tlvs, SubTypeCommonName),
        };
    }

    private static ReadOnlyMemory<byte>? Find(List<ProxyTlv> tlvs, byte type)
    {
        foreach (ProxyTlv tlv in tlvs)
        {
            if (tlv.Type == type)
                return tlv.Value;
        }

        return null;
    }

    private static string? Text(List<ProxyTlv> tlvs, byte type) => Find(tlvs, type) is { } value ? Encoding.UTF8.GetString(value.Span) : null;
}
