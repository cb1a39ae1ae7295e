using System.Buffers.Binary;

namespace Actors443.Tls;

/// <summary>Reads the presentation language of TLS (RFC 8446 3): integers and length-prefixed vectors.</summary>
internal ref struct TlsReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    public readonly bool IsEmpty => _rest.IsEmpty;

    public bool TrySkip(int count)
    {
        if (_rest.Length < count)
            return false;
        _rest = _rest[count..];
        return true;
    }

    public bool TryReadUInt8(out int value)
    {
        value = 0;
        if (_rest.IsEmpty)
            return false;
        value = _rest[0];
        _rest = _rest[1..];
        return true;
    }

    public bool TryReadUInt16(out int value)
    {
        value = 0;
        if (!BinaryPrimitives.TryReadUInt16BigEndian(_rest, out ushort read))
            return false;
        value = read;
        _rest = _rest[2..];
        return true;
    }

    public bool TryReadVector8(out ReadOnlySpan<byte> vector)
    {
        vector = default;
        return TryReadUInt8(out int length) && TryTake(length, out vector);
    }

    public bool TryReadVector16(out ReadOnlySpan<byte> vector)
    {
        vector = default;
        return TryReadUInt16(out int length) && TryTake(length, out vector);
    }

    private bool TryTake(int length, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (_rest.Length < length)
            return false;
        taken = _rest[..length];
        _rest = _rest[length..];
        return true;
    }
}
