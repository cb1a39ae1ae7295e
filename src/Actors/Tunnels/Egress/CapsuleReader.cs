namespace Actors443.Tunnels.Egress;

/// <summary>
/// Takes UDP payloads out of a stream of capsules (RFC 9297 3.2, RFC 9298 5), wherever its bytes are cut. Capsules of other types and datagrams of other contexts are passed over,
/// as they must be. Not thread-safe.
/// </summary>
internal sealed class CapsuleReader
{
    /// <summary>More than this no UDP packet holds (RFC 9298 5).</summary>
    public const int LargestPayload = 65_527;

    // Between capsules: type and length, 8 bytes each at most (RFC 9000 16).
    private readonly byte[] _header = new byte[16];
    private int _headerLength;
    // Of the capsule whose header has come; 0: of none.
    private long _remaining;
    private bool _skips;
    private byte[]? _partial;
    private int _partialLength;

    /// <summary>The next whole payload. False: there is none, and all bytes are taken.</summary>
    /// <param name="bytes">What is left of what came; the payload may lie in it.</param>
    /// <param name="payload">Valid until the next call. Empty: a UDP packet without any.</param>
    /// <exception cref="InvalidDataException">The capsules break the rules: the stream cannot be followed any more.</exception>
    public bool TryRead(ref ReadOnlyMemory<byte> bytes, out ReadOnlyMemory<byte> payload)
    {
        payload = default;
        while (!bytes.IsEmpty)
        {
            if (_remaining == 0)
                ReadHeader(ref bytes);
            else if (_skips)
                Skip(ref bytes);
            else if (TryTake(ref bytes, out ReadOnlyMemory<byte> datagram) && IsUdp(datagram, out payload))
                return true;
        }

        return false;
    }

    /// <summary>Writes what comes before a payload.</summary>
    /// <returns>Its length.</returns>
    public static int WriteHeader(Span<byte> to, int payload)
    {
        // DATAGRAM (0x00) and context 0, a length between them.
        int length = payload + 1;
        to[0] = 0;
        switch (length)
        {
            case < 0x40:
                to[1] = (byte)length;
                to[2] = 0;
                return 3;
            case < 0x4000:
                to[1] = (byte)(0x40 | (length >> 8));
                to[2] = (byte)length;
                to[3] = 0;
                return 4;
            default:
                to[1] = 0x80;
                to[2] = (byte)(length >> 16);
                to[3] = (byte)(length >> 8);
                to[4] = (byte)length;
                to[5] = 0;
                return 6;
        }
    }

    private void ReadHeader(ref ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            _header[_headerLength++] = bytes.Span[0];
            bytes = bytes[1..];
            int typeLength = 1 << (_header[0] >> 6);
            if (_headerLength <= typeLength || _headerLength < typeLength + (1 << (_header[typeLength] >> 6)))
                continue;
            _skips = Number(_header.AsSpan(0, typeLength)) != 0;
            _remaining = Number(_header.AsSpan(typeLength, _headerLength - typeLength));
            _headerLength = 0;
            if (!_skips && _remaining is 0 or > LargestPayload + 8)
                throw new InvalidDataException($"A datagram of {_remaining} bytes.");
            return;
        }
    }

    private void Skip(ref ReadOnlyMemory<byte> bytes)
    {
        int count = (int)Math.Min(_remaining, bytes.Length);
        bytes = bytes[count..];
        _remaining -= count;
    }

    private bool TryTake(ref ReadOnlyMemory<byte> bytes, out ReadOnlyMemory<byte> datagram)
    {
        int count = (int)Math.Min(_remaining, bytes.Length);
        ReadOnlyMemory<byte> part = bytes[..count];
        bytes = bytes[count..];
        _remaining -= count;
        datagram = part;
        if (_remaining == 0 && _partialLength == 0)
            return true;
        _partial ??= new byte[LargestPayload + 8];
        part.CopyTo(_partial.AsMemory(_partialLength));
        _partialLength += count;
        if (_remaining > 0)
            return false;
        datagram = _partial.AsMemory(0, _partialLength);
        _partialLength = 0;
        return true;
    }

    private static bool IsUdp(ReadOnlyMemory<byte> datagram, out ReadOnlyMemory<byte> payload)
    {
        ReadOnlySpan<byte> bytes = datagram.Span;
        int contextLength = 1 << (bytes[0] >> 6);
        payload = default;
        if (contextLength > bytes.Length)
            throw new InvalidDataException("A datagram is cut within its context.");
        if (Number(bytes[..contextLength]) != 0)
            return false;
        payload = datagram[contextLength..];
        return payload.Length <= LargestPayload ? true : throw new InvalidDataException($"A UDP payload of {payload.Length} bytes.");
    }

    private static long Number(ReadOnlySpan<byte> bytes)
    {
        long value = bytes[0] & 0x3f;
        foreach (byte next in bytes[1..])
            value = (value << 8) | next;
        return value;
    }
}
