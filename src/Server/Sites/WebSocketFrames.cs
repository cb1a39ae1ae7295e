using System.Buffers.Binary;

namespace Actors443.Server.Sites;

/// <summary>Follows the frames of one direction of a WebSocket by their headers alone (RFC 6455 5.2). Used by one thread at a time.</summary>
internal struct WebSocketFrames
{
    private const int Close = 0x8;
    private const int LongestHeader = 14;

    private ulong _payloadLeft;
    private HeaderBytes _header;
    private int _headerLength;

    /// <summary>The next byte begins a frame.</summary>
    public readonly bool IsBetween => _payloadLeft == 0 && _headerLength == 0;

    /// <summary>A Close frame has passed: nothing may follow it.</summary>
    public bool IsClosed { get; private set; }

    /// <summary>Passes bytes, to the end of the frame that they are in and no further; answers how many.</summary>
    public int PassFrame(ReadOnlySpan<byte> bytes)
    {
        int passed = 0;
        while (passed < bytes.Length)
        {
            if (_payloadLeft > 0)
            {
                int part = (int)Math.Min(_payloadLeft, (ulong)(bytes.Length - passed));
                _payloadLeft -= (ulong)part;
                passed += part;
            }
            else
            {
                _header[_headerLength++] = bytes[passed++];
                if (_headerLength < HeaderNeeded())
                    continue;
                _payloadLeft = Length();
                IsClosed |= (_header[0] & 0xF) == Close;
                _headerLength = 0;
            }

            if (_payloadLeft == 0)
                break;
        }

        return passed;
    }

    private readonly int HeaderNeeded()
    {
        if (_headerLength < 2)
            return 2;
        int mask = (_header[1] & 0x80) != 0 ? 4 : 0;
        return mask + (_header[1] & 0x7F) switch { 126 => 4, 127 => 10, _ => 2 };
    }

    private readonly ulong Length() => (_header[1] & 0x7F) switch
    {
        126 => BinaryPrimitives.ReadUInt16BigEndian(((ReadOnlySpan<byte>)_header)[2..]),
        127 => BinaryPrimitives.ReadUInt64BigEndian(((ReadOnlySpan<byte>)_header)[2..]),
        var small => (ulong)small,
    };

    [System.Runtime.CompilerServices.InlineArray(LongestHeader)]
    private struct HeaderBytes
    {
        private byte _first;
    }
}
