namespace Actors443.Engine.Http2;

/// <summary>
/// What a client may do on an HTTP/2 connection (RFC 9113 10.5) without asking for anything: a supply of frames that its requests, and what it takes of the
/// answers, fill up again. Not thread-safe.
/// </summary>
/// <param name="nowMs">Milliseconds of a clock that never goes back.</param>
/// <param name="headerFrames">CONTINUATION frames of one header block.</param>
internal sealed class FrameBudget(long nowMs, int headerFrames)
{
    private const double MostFrames = 1_000;
    private const double FramesPerMs = 0.1;

    /// <summary>With a request come the priority of its stream and windows for its answer.</summary>
    private const double FramesOfRequest = 2;

    /// <summary>An answer is acknowledged by windows, and clients of gRPC measure the way by a PING for each message that comes.</summary>
    private const double FramesOfByte = 1.0 / 64;

    /// <summary>An empty DATA frame may end a stream, and has no other use.</summary>
    private const double EmptyData = 10;

    private const double MostResets = 150;
    private const double ResetsPerMs = 0.02;
    private const double ResetsOfRequest = 0.25;

    /// <summary>Each may have cost an upstream a request; the client's own resets are in the nature of browsers.</summary>
    private const double BrokenRule = 10;

    private double _frames = MostFrames;
    private double _resets = MostResets;
    private long _lastMs = nowMs;
    private long _lastWritten;
    private int _lastStream;
    private int _continuations;

    /// <summary>Takes one frame from the supply.</summary>
    /// <param name="frame">Its head.</param>
    /// <param name="nowMs">The time.</param>
    /// <param name="written">Bytes that were sent to the client so far.</param>
    /// <returns>What there is too much of; null: nothing.</returns>
    public string? Take(in FrameHead frame, long nowMs, long written)
    {
        switch (frame.Type)
        {
            case FrameHead.Headers:
                Ask(frame.Stream);
                return null;
            case FrameHead.Continuation:
                return Continue(frame);
            case FrameHead.Data when frame.Length > 0 && !frame.Has(FrameHead.Padded):
                return null;
            case FrameHead.Data when frame.Length == 0 && frame.Has(FrameHead.EndStream):
                return null;
        }

        FillUp(nowMs, written);
        return frame.Type switch
        {
            FrameHead.Reset => Take(ref _resets, 1, "requests that are taken back at once (RST_STREAM)"),
            FrameHead.Data when frame.Length == 0 => Take(ref _frames, EmptyData, "empty DATA frames"),
            FrameHead.Data => Take(ref _frames, 1, "padded DATA frames"),
            FrameHead.Priority => Take(ref _frames, 1, "PRIORITY frames"),
            FrameHead.Settings => Take(ref _frames, 1, "SETTINGS frames"),
            FrameHead.Ping => Take(ref _frames, 1, "PING frames"),
            FrameHead.WindowUpdate => Take(ref _frames, 1, "WINDOW_UPDATE frames"),
            _ => Take(ref _frames, 1, "frames of other types"),
        };
    }

    /// <summary>A stream that the server has to reset for what its client has said on it.</summary>
    /// <param name="breaksRules">It is said by no client that follows RFC 9113; else it may have crossed the end of the stream.</param>
    /// <inheritdoc cref="Take(in FrameHead, long, long)"/>
    public string? TakeReset(bool breaksRules, long nowMs, long written)
    {
        FillUp(nowMs, written);
        return Take(ref _resets, breaksRules ? BrokenRule : 1, "requests that break their own rules and have to be reset");
    }

    private static string? Take(ref double supply, double count, string what)
    {
        supply -= count;
        return supply < 0 ? what : null;
    }

    private void Ask(int stream)
    {
        _continuations = 0;
        // Trailers ask for nothing.
        if (stream <= _lastStream)
            return;
        _lastStream = stream;
        _frames = Math.Min(MostFrames, _frames + FramesOfRequest);
        _resets = Math.Min(MostResets, _resets + ResetsOfRequest);
    }

    private string? Continue(in FrameHead frame)
    {
        if (frame.Length == 0 && !frame.Has(FrameHead.EndHeaders))
            return "empty CONTINUATION frames";
        return ++_continuations > headerFrames ? "CONTINUATION frames of one header block" : null;
    }

    private void FillUp(long nowMs, long written)
    {
        long passed = nowMs - _lastMs;
        _frames = Math.Min(MostFrames, _frames + passed * FramesPerMs + (written - _lastWritten) * FramesOfByte);
        _resets = Math.Min(MostResets, _resets + passed * ResetsPerMs);
        (_lastMs, _lastWritten) = (nowMs, written);
    }
}
