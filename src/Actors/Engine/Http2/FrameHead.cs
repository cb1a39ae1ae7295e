using System.Buffers.Binary;

namespace Actors443.Engine.Http2;

/// <summary>The head of an HTTP/2 frame (RFC 9113 4.1).</summary>
/// <param name="Length">Bytes that follow it.</param>
/// <param name="Type">Kind.</param>
/// <param name="Flags">Their meaning depends on the kind.</param>
/// <param name="Stream">0: the connection.</param>
internal readonly record struct FrameHead(int Length, byte Type, byte Flags, int Stream)
{
    public const int Size = 9;

    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Priority = 2;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    public const byte EndStream = 1;
    public const byte EndHeaders = 4;
    public const byte Padded = 8;

    public bool Has(byte flag) => (Flags & flag) != 0;

    /// <param name="bytes"><see cref="Size"/> bytes.</param>
    public static FrameHead Read(ReadOnlySpan<byte> bytes) =>
        new((int)(BinaryPrimitives.ReadUInt32BigEndian(bytes) >> 8), bytes[3], bytes[4], BinaryPrimitives.ReadInt32BigEndian(bytes[5..]) & int.MaxValue);
}
