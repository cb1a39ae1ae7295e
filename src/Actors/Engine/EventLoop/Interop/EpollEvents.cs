using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Actors443.Engine.EventLoop.Interop;

/// <summary>
/// Native memory for the events of one wait. The kernel's structure is packed on x86 (12 bytes) and aligned elsewhere (16), so it is read by
/// offset.
/// </summary>
internal sealed unsafe class EpollEvents : IDisposable
{
    private static readonly bool Packed = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86;
    private byte* _memory;

    public EpollEvents(int capacity)
    {
        Capacity = capacity;
        _memory = (byte*)NativeMemory.AllocZeroed((nuint)capacity, (nuint)Size);
    }

    /// <summary>Bytes of one event.</summary>
    public static int Size => Packed ? 12 : 16;

    /// <summary>Where the user data begin.</summary>
    public static int DataOffset => Packed ? 4 : 8;

    public int Capacity { get; }

    public void* Memory => _memory;

    public uint Events(int index) => Unsafe.ReadUnaligned<uint>(_memory + index * Size);

    public ulong Data(int index) => Unsafe.ReadUnaligned<ulong>(_memory + index * Size + DataOffset);

    /// <summary>Fills one event to be given to <c>epoll_ctl</c>.</summary>
    /// <param name="destination">At least <see cref="Size"/> bytes.</param>
    public static void Write(byte* destination, uint events, ulong data)
    {
        Unsafe.WriteUnaligned(destination, events);
        Unsafe.WriteUnaligned(destination + DataOffset, data);
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
    }
}
