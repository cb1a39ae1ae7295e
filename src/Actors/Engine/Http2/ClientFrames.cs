using Actors443.Configuration;

namespace Actors443.Engine.Http2;

/// <summary>
/// Follows the frames of a client by their heads, on their way to Kestrel, which reads them and has no bound for those that ask for nothing. Whoever decrypts
/// uses it, one thread at a time.
/// </summary>
internal sealed class ClientFrames(EngineConnection connection, HttpLimitSettings limits)
{
    private const int PrefaceLength = 24;
    private const int FrameSize = 16 * 1024;
    private const int SpareFrames = 8;

    private readonly FrameBudget _budget = new(connection.Clock.NowMs, SpareFrames + (int)(limits.RequestHeaders / FrameSize));
    private readonly byte[] _head = new byte[FrameHead.Size];
    private int _headLength;
    private int _skip = PrefaceLength;

    /// <summary>Looks at what the client says next, wherever it is cut.</summary>
    /// <returns>What there is too much of; null: all is well.</returns>
    public string? Look(ReadOnlySpan<byte> bytes)
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

            int taken = Math.Min(FrameHead.Size - _headLength, bytes.Length);
            bytes[..taken].CopyTo(_head.AsSpan(_headLength));
            _headLength += taken;
            bytes = bytes[taken..];
            if (_headLength < FrameHead.Size)
                break;
            _headLength = 0;
            var frame = FrameHead.Read(_head);
            _skip = frame.Length;
            if (_budget.Take(frame, connection.Clock.NowMs, connection.BytesWritten) is { } flood)
                return flood;
        }

        return null;
    }
}
