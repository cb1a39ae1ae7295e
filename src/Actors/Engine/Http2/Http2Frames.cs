using System.Buffers.Binary;
using Actors443.Configuration;

namespace Actors443.Engine.Http2;

/// <summary>
/// Follows the frames of an HTTP/2 connection between its client and Kestrel, which has no bound for frames that ask for nothing, for streams that a client makes it reset (CVE-2025-8671), and for answers
/// that are asked for and not taken. One thread at a time hears, one says; any may look whether the client takes what it asked for.
/// </summary>
internal sealed class Http2Frames(EngineConnection connection, HttpLimitSettings limits)
{
    private const int PrefaceLength = 24;
    private const int FrameSize = 16 * 1024;
    private const int SpareFrames = 8;

    /// <summary>Frames on streams that came together with them, each of which may make the server reset one, that it is given before what it says to them is looked at.</summary>
    private const int FollowersAtOnce = 8;

    /// <summary>A client may stop some of what it has asked for, as browsers do with a film; not most of it.</summary>
    private const int StalledAtMost = 10;

    private const ushort InitialWindowSize = 4;

    private const uint NoError = 0;
    private const uint StreamClosed = 5;

    private const long NotStalled = -1;

    private readonly Lock _lock = new();
    private readonly FrameReader _heard = new(PrefaceLength);
    private readonly FrameReader _said = new(0);
    private readonly FrameBudget _budget = new(connection.Clock.NowMs, SpareFrames + (int)(limits.RequestHeaders / FrameSize));
    private readonly StreamWindows _windows = new(limits.Http2Streams);
    private bool _owesPreface = true;
    private string? _tooManyResets;
    private long _stalledSinceMs = NotStalled;
    private long _grantedBefore;

    /// <summary>The server has said GOAWAY, and that nothing is wrong (RFC 9113 6.8): its client asks elsewhere from now on, and closes. By whoever says.</summary>
    public bool HasSaidGoodbye { get; private set; }

    /// <summary>How often to ask <see cref="IsSlowReader"/>; null: it does not matter.</summary>
    public TimeSpan? LookEvery => limits.MinimumRate > 0 ? limits.RateGrace : null;

    /// <inheritdoc cref="HearPart"/>
    public string? Hear(ReadOnlySpan<byte> bytes)
    {
        string? flood = null;
        while (flood is null && !bytes.IsEmpty)
            flood = HearPart(ref bytes);
        return flood;
    }

    /// <summary>Looks at what the client says next, wherever it is cut.</summary>
    /// <param name="bytes">What it says. Left of it is what the server had better be given only when its answer to the part before has been heard.</param>
    /// <returns>What there is too much of; null: all is well.</returns>
    public string? HearPart(ref ReadOnlySpan<byte> bytes)
    {
        int first = int.MaxValue;
        int followers = 0;
        long nowMs = connection.Clock.NowMs;
        long written = connection.BytesWritten;
        lock (_lock)
        {
            while (_heard.TryRead(ref bytes, out FrameHead frame, out ReadOnlySpan<byte> part))
            {
                if (_tooManyResets is not null)
                    return _tooManyResets;
                if (!part.IsEmpty)
                {
                    TakeFromClient(frame, part);
                    continue;
                }

                if (_budget.Take(frame, nowMs, written) is { } flood)
                    return flood;
                switch (frame.Type)
                {
                    case FrameHead.Headers:
                        first = Math.Min(first, frame.Stream);
                        // It will be reset; what stands before it costs as much.
                        if (!_windows.TryOpen(frame.Stream))
                            _tooManyResets ??= _budget.TakeReset(breaksRules: false, nowMs, written);
                        break;
                    case FrameHead.Reset:
                        _windows.Ended(frame.Stream);
                        break;
                    case FrameHead.Data or FrameHead.Priority or FrameHead.WindowUpdate when frame.Stream >= first && ++followers > FollowersAtOnce:
                        return _tooManyResets;
                }
            }

            return _tooManyResets;
        }
    }

    /// <summary>Before the server says its first, once: whether <see cref="ServerPreface.Settings"/> are to go in front of it.</summary>
    public bool LacksPreface(ReadOnlySpan<byte> first)
    {
        if (!_owesPreface || first.IsEmpty)
            return false;
        _owesPreface = false;
        return ServerPreface.IsMissingBefore(first);
    }

    /// <summary>Looks at what the server says next, wherever it is cut.</summary>
    /// <returns>What its client has made too much of; null: all is well.</returns>
    public string? Say(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            while (_said.TryRead(ref bytes, out FrameHead frame, out ReadOnlySpan<byte> part))
            {
                if (part.IsEmpty)
                    TakeFromServer(frame);
                else if (frame.Type == FrameHead.GoAway)
                    HasSaidGoodbye = BinaryPrimitives.ReadUInt32BigEndian(part[4..]) == NoError;
                else if (frame.Type == FrameHead.Reset && BinaryPrimitives.ReadUInt32BigEndian(part) is var error && IsClientsFault(error))
                    _tooManyResets ??= _budget.TakeReset(breaksRules: error != StreamClosed, connection.Clock.NowMs, connection.BytesWritten);
            }

            return _tooManyResets;
        }
    }

    /// <summary>What comes on this stream may be taken as slowly as its client likes. Any thread.</summary>
    public void Endure(int stream)
    {
        lock (_lock)
            _windows.Endure(stream);
    }

    /// <summary>
    /// Most of its answers wait for a client that takes them, all together, more slowly than <c>https.limits.minimum-rate</c>, for longer than <c>rate-grace</c>. (Kestrel adds up for each of them the time that
    /// its bytes would take at that rate, which with a hundred streams is hours.)
    /// </summary>
    public bool IsSlowReader(long nowMs)
    {
        if (limits.MinimumRate <= 0)
            return false;
        lock (_lock)
        {
            if (_windows.CountStalled() <= StalledAtMost)
            {
                _stalledSinceMs = NotStalled;
                return false;
            }

            NoteStalled(nowMs);

            double seconds = (nowMs - _stalledSinceMs) / 1000.0;
            if (seconds < limits.RateGrace.TotalSeconds)
                return false;
            if (_windows.Granted - _grantedBefore < seconds * limits.MinimumRate)
                return true;
            _stalledSinceMs = NotStalled;
            NoteStalled(nowMs);
            return false;
        }
    }

    // The time counts from when it is so, and not from when somebody looks.
    private void NoteIfStalled()
    {
        if (_stalledSinceMs == NotStalled && _windows.Count > StalledAtMost && _windows.CountStalled() > StalledAtMost)
            NoteStalled(connection.Clock.NowMs);
    }

    private void NoteStalled(long nowMs)
    {
        if (_stalledSinceMs == NotStalled)
            (_stalledSinceMs, _grantedBefore) = (nowMs, _windows.Granted);
    }

    // RFC 9113 7: PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR. REFUSED_STREAM is counted before, the others are for what this side does.
    private static bool IsClientsFault(uint error) => error is 1 or 3 or StreamClosed or 6;

    private void TakeFromClient(in FrameHead frame, ReadOnlySpan<byte> part)
    {
        switch (frame.Type)
        {
            case FrameHead.WindowUpdate:
                _windows.Update(frame.Stream, BinaryPrimitives.ReadInt32BigEndian(part) & int.MaxValue);
                break;
            case FrameHead.Settings when BinaryPrimitives.ReadUInt16BigEndian(part) == InitialWindowSize:
                _windows.Initial(BinaryPrimitives.ReadUInt32BigEndian(part[2..]));
                NoteIfStalled();
                break;
        }
    }

    private void TakeFromServer(in FrameHead frame)
    {
        switch (frame.Type)
        {
            case FrameHead.Reset:
            case FrameHead.Headers or FrameHead.Data when frame.Has(FrameHead.EndStream):
                if (frame.Type == FrameHead.Data)
                    _windows.Sent(frame.Stream, frame.Length);
                _windows.Ended(frame.Stream);
                break;
            // More wait only where one has just been shut: the others need not be counted.
            case FrameHead.Headers when _windows.Begun(frame.Stream):
            case FrameHead.Data when _windows.Sent(frame.Stream, frame.Length):
                NoteIfStalled();
                break;
        }
    }
}
