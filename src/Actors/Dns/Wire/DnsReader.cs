using System.Buffers.Binary;

namespace Actors443.Dns.Wire;

/// <summary>One record as it lies in a message. What it points at is inside the message.</summary>
/// <param name="Offset">Where it begins, with its name.</param>
/// <param name="Type">May be one that has no name here.</param>
/// <param name="Class">Of an OPT record its payload size.</param>
/// <param name="TimeToLive">Seconds, as written.</param>
/// <param name="TimeToLiveOffset">Where it is written.</param>
/// <param name="DataOffset">Where the data begins.</param>
/// <param name="DataLength">Of the data.</param>
internal readonly record struct DnsRecordPlace(int Offset, DnsType Type, ushort Class, uint TimeToLive, int TimeToLiveOffset, int DataOffset, int DataLength)
{
    public int End => DataOffset + DataLength;
}

/// <summary>
/// Reads a message from any bytes: every method says false instead of reading outside of it, and every name comes to an end. Makes no garbage.
/// </summary>
/// <param name="message">From its header on.</param>
internal ref struct DnsReader(ReadOnlySpan<byte> message)
{
    public const int LongestName = 255;
    public const int LongestLabel = 63;

    private const byte Pointer = 0xC0;
    private const int FixedPart = 10;

    private readonly ReadOnlySpan<byte> _message = message;

    /// <summary>Behind what was read last; after a failure anywhere.</summary>
    public int Position { get; private set; } = DnsHeader.Length;

    /// <summary>Goes on at another place of the message.</summary>
    public void MoveTo(int position) => Position = position;

    /// <summary>A name (RFC 1035 4.1.4), whose bytes nobody needs.</summary>
    public bool TrySkipName() => TryReadName([], out _);

    /// <summary>A name, decompressed.</summary>
    /// <param name="name">Gets it as it is on the wire, the case of its letters kept; 255 bytes hold any. Empty: it is only checked.</param>
    /// <param name="length">Of it, final zero included.</param>
    public bool TryReadName(scoped Span<byte> name, out int length)
    {
        length = 0;
        int position = Position;
        int segment = position;
        int end = -1;
        // What is pointed to ended before the name that points to it began: a name that runs over what is not of it would change with that.
        int limit = _message.Length;
        while ((uint)position < (uint)limit)
        {
            int label = _message[position];
            if (label > LongestLabel)
            {
                if (label < Pointer || position + 1 >= limit)
                    return false;
                if (end < 0)
                    end = position + 2;
                int target = BinaryPrimitives.ReadUInt16BigEndian(_message[position..]) & 0x3FFF;
                // Only ever to before what has been read of this name: there is no way to go round.
                if (target >= segment || target < DnsHeader.Length)
                    return false;
                limit = segment;
                position = segment = target;
                continue;
            }

            if (position + 1 + label > limit || length + 1 + label > LongestName)
                return false;
            if (!name.IsEmpty)
                _message.Slice(position, 1 + label).CopyTo(name[length..]);
            length += 1 + label;
            position += 1 + label;
            if (label != 0)
                continue;
            Position = end < 0 ? position : end;
            return true;
        }

        return false;
    }

    /// <summary>A question: a name, a type and a class.</summary>
    public bool TryReadQuestion(out DnsType type, out ushort @class)
    {
        (type, @class) = (default, 0);
        if (!TrySkipName() || Position + 4 > _message.Length)
            return false;
        type = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(_message[Position..]);
        @class = BinaryPrimitives.ReadUInt16BigEndian(_message[(Position + 2)..]);
        Position += 4;
        return true;
    }

    /// <summary>A record (RFC 1035 4.1.3).</summary>
    public bool TryReadRecord(out DnsRecordPlace record)
    {
        record = default;
        int offset = Position;
        if (!TrySkipName() || Position + FixedPart > _message.Length)
            return false;
        ReadOnlySpan<byte> rest = _message[Position..];
        int length = BinaryPrimitives.ReadUInt16BigEndian(rest[8..]);
        if (FixedPart + length > rest.Length)
            return false;
        record = new DnsRecordPlace(
            offset,
            (DnsType)BinaryPrimitives.ReadUInt16BigEndian(rest),
            BinaryPrimitives.ReadUInt16BigEndian(rest[2..]),
            BinaryPrimitives.ReadUInt32BigEndian(rest[4..]),
            Position + 4,
            Position + FixedPart,
            length);
        Position += FixedPart + length;
        return true;
    }
}
