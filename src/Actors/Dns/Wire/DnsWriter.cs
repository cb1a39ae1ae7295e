using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Actors443.Dns.Wire;

/// <summary>Writes one DNS message (RFC 1035 4.1), without compression.</summary>
internal sealed class DnsWriter
{
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
    /// <exception cref="DnsNameException">It is not a DNS name.</exception>
    public void Name(string name) => Bytes(DnsName.Parse(name));

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
