namespace Actors443.Engine.Http2;

/// <summary>
/// Follows one side of an HTTP/2 connection from frame to frame (RFC 9113 4.1), wherever its bytes are cut: the head of each, and of frames that change windows, end streams or the connection what they say, part by part.
/// Not thread-safe.
/// </summary>
/// <param name="preface">Bytes before the first frame.</param>
internal sealed class FrameReader(int preface)
{
    private readonly byte[] _held = new byte[FrameHead.Size];
    private FrameHead _frame;
    private int _heldLength;
    private int _skip = preface;
    private int _unit;
    private int _left;

    /// <summary>The next head, or part of a frame whose head came before.</summary>
    /// <param name="bytes">What is still to be looked at.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="part">One setting, one number; empty: this is the head.</param>
    /// <returns>False: there is no more for now.</returns>
    public bool TryRead(ref ReadOnlySpan<byte> bytes, out FrameHead frame, out ReadOnlySpan<byte> part)
    {
        while (!bytes.IsEmpty)
        {
            if (_skip > 0)
            {
                int skipped = Math.Min(_skip, bytes.Length);
                _skip -= skipped;
                bytes = bytes[skipped..];
                continue;
            }

            bool isHead = _unit == 0;
            int size = isHead ? FrameHead.Size : _unit;
            int taken = Math.Min(size - _heldLength, bytes.Length);
            bytes[..taken].CopyTo(_held.AsSpan(_heldLength));
            _heldLength += taken;
            bytes = bytes[taken..];
            if (_heldLength < size)
                break;
            _heldLength = 0;
            if (isHead)
                _frame = FrameHead.Read(_held);
            Expect(isHead ? _frame.Length : _left - size);
            frame = _frame;
            part = isHead ? default : _held.AsSpan(0, size);
            return true;
        }

        frame = default;
        part = default;
        return false;
    }

    // A frame that is shorter than it must be is for Kestrel to refuse.
    private void Expect(int left)
    {
        int unit = _frame.Type switch
        {
            FrameHead.Settings => 6,
            FrameHead.WindowUpdate or FrameHead.Reset => 4,
            // What follows is for people.
            FrameHead.GoAway when left == _frame.Length => 8,
            _ => 0,
        };
        (_unit, _left) = left >= unit ? (unit, left) : (0, 0);
        if (_unit == 0)
            _skip = left;
    }
}
