using Actors443.Engine.EventLoop.Interop;
using Microsoft.Win32.SafeHandles;

namespace Actors443.Engine;

/// <summary>Reads of files that never wait for a disk. Thread-safe.</summary>
internal static unsafe class PageCache
{
    /// <summary>RWF_NOWAIT: what is not in memory is not read (preadv2(2), Linux 4.14).</summary>
    private const int NoWait = 8;

    private static volatile bool _offered = OperatingSystem.IsLinux();

    /// <summary>Reads what the kernel has in memory of a file, at once.</summary>
    /// <returns>Bytes read, perhaps fewer than asked for; 0: the end of the file; -1: none of them is in memory, or this system cannot tell. Read them so that it may
    /// wait.</returns>
    public static int TryRead(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        if (!_offered || buffer.IsEmpty)
            return -1;
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            fixed (byte* bytes = buffer)
            {
                var vector = new LibC.Vector { Bytes = bytes, Length = (nuint)buffer.Length };
                nint read = LibC.preadv2((int)file.DangerousGetHandle(), &vector, 1, offset, NoWait);
                if (read < 0 && LibC.Error == LibC.ENOSYS)
                    _offered = false;
                return (int)read;
            }
        }
        catch (EntryPointNotFoundException)
        {
            // An older C library.
            _offered = false;
            return -1;
        }
        finally
        {
            if (held)
                file.DangerousRelease();
        }
    }
}
