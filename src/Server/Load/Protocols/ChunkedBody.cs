namespace Actors443.Server.Load.Protocols;

/// <summary>Finds the end of a chunked body (RFC 9112 7.1) in pieces of any length. Begins anew as <c>default</c>.</summary>
internal struct ChunkedBody
{
    private Step _step;
    private long _size;
    private bool _lineIsEmpty;

    private enum Step
    {
        Size,
        Extension,
        Data,
        DataEnd,
        Trailer,
    }

    /// <summary>Takes what belongs to the body.</summary>
    /// <param name="bytes">What came; what is left belongs to the next answer.</param>
    /// <returns>True once the body is whole; null if it is malformed.</returns>
    public bool? Take(ref ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_step == Step.Data)
            {
                int length = (int)Math.Min(_size, bytes.Length);
                _size -= length;
                bytes = bytes[length..];
                if (_size == 0)
                    _step = Step.DataEnd;
                continue;
            }

            byte next = bytes[0];
            bytes = bytes[1..];
            switch (_step)
            {
                case Step.Size when Digit(next) is >= 0 and int digit:
                    if (_size > long.MaxValue >> 8)
                        return null;
                    _size = _size << 4 | (uint)digit;
                    break;
                case Step.Size when next is (byte)';' or (byte)' ' or (byte)'\r' or (byte)'\t':
                    _step = Step.Extension;
                    break;
                case Step.Size or Step.Extension when next == '\n':
                    _step = _size == 0 ? Step.Trailer : Step.Data;
                    _lineIsEmpty = true;
                    break;
                case Step.Extension:
                    break;
                case Step.DataEnd when next == '\n':
                    _step = Step.Size;
                    break;
                case Step.DataEnd when next == '\r':
                    break;
                case Step.Trailer when next == '\n':
                    if (_lineIsEmpty)
                        return true;
                    _lineIsEmpty = true;
                    break;
                case Step.Trailer:
                    _lineIsEmpty &= next == '\r';
                    break;
                default:
                    return null;
            }
        }

        return false;
    }

    private static int Digit(byte text) => text switch
    {
        >= (byte)'0' and <= (byte)'9' => text - '0',
        >= (byte)'a' and <= (byte)'f' => text - 'a' + 10,
        >= (byte)'A' and <= (byte)'F' => text - 'A' + 10,
        _ => -1,
    };
}
