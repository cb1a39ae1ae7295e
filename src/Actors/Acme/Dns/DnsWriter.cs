using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Actors443.Acme.Dns;

/// <summary>Record types (RFC 1035 3.2.2, RFC 3596, RFC 8945).</summary>
internal enum DnsType : ushort
{
    A = 1,
    Ns = 2,
    Cname = 5,
    Soa = 6,
    Txt = 16,
    Aaaa = 28,
    Tsig = 250,
}

/// <summary>Classes (RFC 1035 3.2.4, RFC 2136 1.3).</summary>
internal enum DnsClass : ushort
{
    In = 1,

    /// <summary>In an update: remove this record.</summary>
    None = 254,
    Any = 255,
}

/// <summary>Writes one DNS message (RFC 1035 4.1), without compression.</summary>
internal sealed class DnsWriter
{
    public const int HeaderLength = 12;

    private const int LongestLabel = 63;
    private const int LongestName = 255;

    private readonly ArrayBufferWriter<byte> _buffer = new();

    public ReadOnlySpan<byte> Written => _buffer.WrittenSpan;

    public void Byte(byte value)
    {
        _buffer.GetSpan(1)[0] = value;
        _buffer.Advance(1);
    }

    public void UInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.GetSpan(2), value);
        _buffer.Advance(2);
    }

    public void UInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_buffer.GetSpan(4), value);
        _buffer.Advance(4);
    }

    public void Bytes(ReadOnlySpan<byte> bytes) => _buffer.Write(bytes);

    /// <summary>In lower case, as signatures need it (RFC 8945 4.3.3).</summary>
    /// <exception cref="DnsChallengeException">It is not a DNS name.</exception>
    public void Name(string name)
    {
        int start = _buffer.WrittenCount;
        foreach (string label in name.TrimEnd('.').Split('.', StringSplitOptions.None))
        {
            if (name is "" or ".")
                break;
            if (label.Length is 0 or > LongestLabel || !Ascii.IsValid(label))
                throw new DnsChallengeException($"\"{name}\" is not a DNS name; correct it.");
            Byte((byte)label.Length);
            _buffer.Write(Encoding.ASCII.GetBytes(label.ToLowerInvariant()));
        }

        Byte(0);
        if (_buffer.WrittenCount - start > LongestName)
            throw new DnsChallengeException($"\"{name}\" is longer than DNS allows; correct it.");
    }

    public void Header(ushort id, ushort flags, ushort questions, ushort answers, ushort authorities, ushort additionals)
    {
        UInt16(id);
        UInt16(flags);
        UInt16(questions);
        UInt16(answers);
        UInt16(authorities);
        UInt16(additionals);
    }

    public void Question(string name, DnsType type, DnsClass @class)
    {
        Name(name);
        UInt16((ushort)type);
        UInt16((ushort)@class);
    }

    public void Record(string name, DnsType type, DnsClass @class, uint secondsToLive, ReadOnlySpan<byte> data)
    {
        Question(name, type, @class);
        UInt32(secondsToLive);
        UInt16((ushort)data.Length);
        Bytes(data);
    }

    /// <summary>The data of a TXT record: character strings of at most 255 bytes.</summary>
    public static byte[] TxtData(string value)
    {
        var data = new DnsWriter();
        byte[] bytes = Encoding.ASCII.GetBytes(value);
        for (int at = 0; at < bytes.Length || at == 0; at += byte.MaxValue)
        {
            ReadOnlySpan<byte> part = bytes.AsSpan(at, Math.Min(byte.MaxValue, bytes.Length - at));
            data.Byte((byte)part.Length);
            data.Bytes(part);
        }

        return data.Written.ToArray();
    }
}
