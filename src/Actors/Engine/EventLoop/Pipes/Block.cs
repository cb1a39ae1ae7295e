using System.Buffers;
using System.Runtime.CompilerServices;

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
        Memory = _array;
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
        Memory = _array.AsMemory(0, length);
        next.RunningIndex = RunningIndex + length;
        Next = next;
    }

    public void Reset()
    {
        Length = 0;
        Memory = _array;
        RunningIndex = 0;
        Next = null;
    }
}
