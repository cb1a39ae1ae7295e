using System.Buffers;
using System.Runtime.CompilerServices;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Engine.EventLoop;

/// <summary>Sends bytes that lie in several places by one system call: each call wakes who receives them, which costs as much as sending 16 KiB.</summary>
internal static unsafe class GatheredSend
{
    private const int MostParts = 8;

    /// <summary>Sends the first of them, as many as the kernel takes.</summary>
    /// <param name="descriptor">A socket that does not block.</param>
    /// <param name="bytes">Not none.</param>
    /// <param name="error">As errno has it; 0: some were taken.</param>
    /// <returns>How many.</returns>
    public static int Send(int descriptor, in ReadOnlySequence<byte> bytes, out int error)
    {
        if (bytes.IsSingleSegment)
        {
            fixed (byte* start = bytes.FirstSpan)
                return Taken(LibC.send(descriptor, start, (nuint)bytes.FirstSpan.Length, LibC.NoSignal), out error);
        }

        LibC.Vector* parts = stackalloc LibC.Vector[MostParts];
        // Blocks are pinned already: this costs nothing then.
        Pins pins = default;
        int count = 0;
        try
        {
            foreach (ReadOnlyMemory<byte> part in bytes)
            {
                pins[count] = part.Pin();
                parts[count] = new LibC.Vector { Bytes = (byte*)pins[count].Pointer, Length = (nuint)part.Length };
                if (++count == MostParts)
                    break;
            }

            var message = new LibC.Message { Parts = parts, PartCount = (nuint)count };
            return Taken(LibC.sendmsg(descriptor, &message, LibC.NoSignal), out error);
        }
        finally
        {
            while (count > 0)
                pins[--count].Dispose();
        }
    }

    private static int Taken(nint count, out int error)
    {
        error = count < 0 ? LibC.Error : 0;
        return Math.Max(0, (int)count);
    }

    [InlineArray(MostParts)]
    private struct Pins
    {
        private MemoryHandle _first;
    }
}
