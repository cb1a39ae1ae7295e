using System.Buffers;
using System.Buffers.Binary;
using System.IO.Pipelines;

namespace Actors443.Tunnels.Sessions;

/// <summary>What the two ends of a session say on a carrier: a byte for the kind, four for the length of what follows.</summary>
internal enum SessionFrameKind : byte
{
    /// <summary>Bytes, the next after those before.</summary>
    Data = 0,

    /// <summary>Eight bytes: the position up to which everything has arrived and has been handed on.</summary>
    Confirm = 1,

    /// <summary>This side has said all. Takes one position, so that it is confirmed and sent again like a byte.</summary>
    End = 2,

    /// <summary>The session is over, in disorder.</summary>
    Reset = 3,
}

/// <summary>Writes and reads frames.</summary>
internal static class SessionFrame
{
    public const int HeadLength = 5;

    /// <summary>Longer ones are refused.</summary>
    public const int LongestData = 64 * 1024;

    public static void WriteHead(PipeWriter output, SessionFrameKind kind, int length)
    {
        Span<byte> head = output.GetSpan(HeadLength);
        head[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], length);
        output.Advance(HeadLength);
    }

    public static void WriteConfirm(PipeWriter output, long position)
    {
        WriteHead(output, SessionFrameKind.Confirm, sizeof(long));
        BinaryPrimitives.WriteInt64BigEndian(output.GetSpan(sizeof(long)), position);
        output.Advance(sizeof(long));
    }

    /// <summary>Takes a whole frame off the front. False: there is none yet.</summary>
    /// <exception cref="InvalidDataException">It is no frame.</exception>
    public static bool TryRead(ref ReadOnlySequence<byte> buffer, out SessionFrameKind kind, out ReadOnlySequence<byte> payload)
    {
        kind = default;
        payload = default;
        if (buffer.Length < HeadLength)
            return false;
        Span<byte> head = stackalloc byte[HeadLength];
        buffer.Slice(0, HeadLength).CopyTo(head);
        kind = (SessionFrameKind)head[0];
        int length = BinaryPrimitives.ReadInt32BigEndian(head[1..]);
        bool isKnown = kind switch
        {
            SessionFrameKind.Data => length is > 0 and <= LongestData,
            SessionFrameKind.Confirm => length == sizeof(long),
            SessionFrameKind.End or SessionFrameKind.Reset => length == 0,
            _ => false,
        };
        if (!isKnown)
            throw new InvalidDataException($"A session's frame of kind {head[0]} with {length} bytes is none.");
        if (buffer.Length < HeadLength + length)
            return false;
        payload = buffer.Slice(HeadLength, length);
        buffer = buffer.Slice(HeadLength + length);
        return true;
    }

    public static long ReadConfirm(ReadOnlySequence<byte> payload)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        payload.CopyTo(bytes);
        return BinaryPrimitives.ReadInt64BigEndian(bytes);
    }
}
