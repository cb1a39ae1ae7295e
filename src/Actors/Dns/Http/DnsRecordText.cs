using System.Globalization;
using System.Net;
using System.Text;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Http;

/// <summary>Data of records as master files write it (RFC 1035 5.1); of types that have no form here as RFC 3597 5 writes any.</summary>
internal static class DnsRecordText
{
    public static string Of(DnsMessage message, DnsRecord record)
    {
        ReadOnlySpan<byte> data = message.Bytes.Span.Slice(record.DataOffset, record.DataLength);
        try
        {
            return record.Type switch
            {
                DnsType.A when data.Length == 4 => new IPAddress(data).ToString(),
                DnsType.Aaaa when data.Length == 16 => new IPAddress(data).ToString(),
                DnsType.Cname or DnsType.Ns or DnsType.Ptr or DnsType.Dname => NameAt(message, record.DataOffset),
                DnsType.Mx when data.Length > 2 => Invariant($"{message.UInt16(record.DataOffset)} {NameAt(message, record.DataOffset + 2)}"),
                DnsType.Srv when data.Length > 6 => Invariant(
                    $"{message.UInt16(record.DataOffset)} {message.UInt16(record.DataOffset + 2)} {message.UInt16(record.DataOffset + 4)} {NameAt(message, record.DataOffset + 6)}"),
                DnsType.Soa => Soa(message, record),
                DnsType.Txt => Texts(data),
                DnsType.Caa when data.Length > 2 && data[1] + 2 <= data.Length => Invariant($"{data[0]} {Encoding.ASCII.GetString(data.Slice(2, data[1]))} {Quoted(data[(2 + data[1])..])}"),
                _ => Unknown(data),
            };
        }
        catch (ArgumentException)
        {
            // What should be in it is not.
            return Unknown(data);
        }
    }

    /// <summary>A name in a message, with its final dot.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static string NameAt(DnsMessage message, int at)
    {
        var reader = new DnsReader(message.Bytes.Span);
        reader.MoveTo(at);
        Span<byte> name = stackalloc byte[DnsReader.LongestName];
        return reader.TryReadName(name, out int length) ? DnsName.ToText(name[..length]) : throw new ArgumentException("There is no name.", nameof(at));
    }

    private static string Soa(DnsMessage message, DnsRecord record)
    {
        int at = record.DataOffset;
        string primary = NameAt(message, at);
        message.ReadName(ref at);
        string mailbox = NameAt(message, at);
        message.ReadName(ref at);
        if (at + 20 > record.DataOffset + record.DataLength)
            throw new ArgumentException("The record is cut off.", nameof(record));
        int start = at;
        return $"{primary} {mailbox} {string.Join(' ', Enumerable.Range(0, 5).Select(number => ((uint)(message.UInt16(start + 4 * number) << 16 | message.UInt16(start + 4 * number + 2))).ToString(CultureInfo.InvariantCulture)))}";
    }

    private static string Texts(ReadOnlySpan<byte> data)
    {
        var text = new StringBuilder();
        for (int at = 0; at < data.Length; at += 1 + data[at])
        {
            if (at + 1 + data[at] > data.Length)
                return Unknown(data);
            if (text.Length > 0)
                text.Append(' ');
            text.Append(Quoted(data.Slice(at + 1, data[at])));
        }

        return text.ToString();
    }

    private static string Quoted(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length + 2).Append('"');
        foreach (byte character in bytes)
        {
            if (character is (byte)'"' or (byte)'\\')
                text.Append('\\').Append((char)character);
            else if (character is < 32 or >= 127)
                text.Append('\\').Append(character.ToString("000", CultureInfo.InvariantCulture));
            else
                text.Append((char)character);
        }

        return text.Append('"').ToString();
    }

    private static string Unknown(ReadOnlySpan<byte> data) => Invariant($"\\# {data.Length} {Convert.ToHexString(data)}");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
