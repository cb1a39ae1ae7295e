using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Actors443.Engine.EventLoop.Pipes;

/// <summary>Memory of a pipe, pinned so that OpenSSL can use it in place.</summary>
internal sealed unsafe class Block : ReadOnlySequenceSegment<byte>
{
    /// <summary>One TLS record's worth (RFC 8446 5.1).</summary>
    public const int Size = 16 * 1024;

    private readonly byte[] _array;

    public Block(int size)
    {
        _array = GC.AllocateUninitializedArray<byte>(size, pinned: true);
        Address = (byte*)Unsafe.AsPointer(ref _array[0]);
        Memory = MemoryOf(size);
    }

    public byte* Address { get; }

    public int Capacity => _array.Length;

    /// <summary>Bytes of it in use, once <see cref="Link"/> has been called.</summary>
    public int Length { get; private set; }

    public Block? NextBlock => (Block?)Next;

    public Memory<byte> From(int offset) => _array.AsMemory(offset);

    public Span<byte> SpanFrom(int offset) => _array.AsSpan(offset);

    /// <summary>No more is written here than <paramref name="length"/> bytes; it goes on in <paramref name="next"/>.</summary>
    public void Link(int length, Block next)
    {
        Length = length;
        Memory = MemoryOf(length);
        next.RunningIndex = RunningIndex + length;
        Next = next;
    }

    /// <summary>It is kept with others, of which this is one.</summary>
    public void KeepWith(Block? others) => Next = others;

    public void Reset()
    {
        Length = 0;
        Memory = MemoryOf(Capacity);
        RunningIndex = 0;
        Next = null;
    }

    // Whoever pins it again has nothing to do.
    private Memory<byte> MemoryOf(int length) => MemoryMarshal.CreateFromPinnedArray(_array, 0, length);
}
