using System.Buffers;
using System.Runtime.CompilerServices;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Engine.EventLoop.Pipes;

/// <summary>
/// Bytes from one writer to one reader, each on whatever thread, without a lock: what is committed is the reader's, and is published by one counter.
/// A chain that has been read to its end holds no memory; the writer is kept off for the moment in which that is given back.
/// </summary>
internal unsafe struct BlockChain(BlockPool pool)
{
    private const int Free = 0;
    private const int Writing = 1;
    private const int Clearing = 2;

    private Block? _head;
    private Block? _tail;
    private Block? _spare;
    private int _headOffset;
    private int _tailLength;
    private int _gate;
    private bool _isWriting;
    private bool _closed;
    private long _written;
    private long _committed;
    private long _consumed;

    /// <summary>Committed in all. Any thread.</summary>
    public readonly long Committed => Volatile.Read(in _committed);

    /// <summary>Read in all. Any thread.</summary>
    public readonly long Consumed => Volatile.Read(in _consumed);

    /// <summary>Committed and not read. Any thread.</summary>
    public readonly long Unread => Committed - Consumed;

    /// <summary>Written and not committed. The writer's.</summary>
    public readonly long Uncommitted => _written - _committed;

    /// <summary>The reader is gone: what is written is dropped.</summary>
    public readonly bool IsClosed => Volatile.Read(in _closed);

    /// <summary>By the writer: room for at least so many bytes.</summary>
    public Block Reserve(int atLeast, out int offset)
    {
        if (!_isWriting)
        {
            Enter(Writing);
            _isWriting = true;
        }

        if (_tail is null)
        {
            _tail = pool.Rent(atLeast);
            _tailLength = 0;
            _head = _tail;
            _headOffset = 0;
        }
        else if (_tail.Capacity - _tailLength < Math.Max(atLeast, 1))
        {
            Block next = pool.Rent(atLeast);
            _tail.Link(_tailLength, next);
            _tail = next;
            _tailLength = 0;
        }

        offset = _tailLength;
        return _tail;
    }

    /// <summary>By the writer: room in several blocks, to be filled in order by one system call. <see cref="Advance"/> goes over all of them and gives back what was not used.</summary>
    /// <param name="rooms">One a block.</param>
    /// <param name="atLeast">In the first of them.</param>
    /// <returns>Bytes of all.</returns>
    public int Reserve(Span<LibC.Vector> rooms, int atLeast)
    {
        Block block = Reserve(atLeast, out int offset);
        rooms[0] = new LibC.Vector { Bytes = block.Address + offset, Length = (nuint)(block.Capacity - offset) };
        int all = block.Capacity - offset;
        for (int index = rooms.Length - 1; index > 0; index--)
        {
            block = pool.Rent();
            block.KeepWith(_spare);
            _spare = block;
            rooms[index] = new LibC.Vector { Bytes = block.Address, Length = (nuint)block.Capacity };
            all += block.Capacity;
        }

        return all;
    }

    /// <summary>By the writer, after it has reserved.</summary>
    public void Advance(int count)
    {
        while (_spare is { } spare)
        {
            _spare = spare.NextBlock;
            spare.KeepWith(null);
            int rest = _tail!.Capacity - _tailLength;
            if (count <= rest)
            {
                pool.Return(spare);
                continue;
            }

            _tail.Link(_tail.Capacity, spare);
            _tail = spare;
            _tailLength = 0;
            _written += rest;
            count -= rest;
        }

        if (_tail is null || count > _tail.Capacity - _tailLength)
            throw new InvalidOperationException("More bytes were written than there was room for.");
        _tailLength += count;
        _written += count;
    }

    /// <summary>By the writer: what was written is the reader's.</summary>
    public void Commit()
    {
        if (!_isWriting)
            return;
        Volatile.Write(ref _committed, _written);
        _isWriting = false;
        // A full fence: either the reader that leaves finds the gate free, or it is seen here to have left.
        Interlocked.Exchange(ref _gate, Free);
        if (Volatile.Read(ref _closed))
            Clear();
    }

    /// <summary>By the writer: what was written is the reader's, and what was reserved beyond it stays the writer's, which commits once more.</summary>
    public void CommitPart() => Volatile.Write(ref _committed, _written);

    /// <summary>By the reader: the next bytes that lie together; 0: there are none.</summary>
    public int Peek(out byte* bytes)
    {
        long available = Committed - _consumed;
        if (available == 0)
        {
            bytes = null;
            return 0;
        }

        Block head = SkipRead();
        bytes = head.Address + _headOffset;
        return (int)(head.Next is null ? available : Math.Min(available, head.Length - _headOffset));
    }

    /// <summary>By the reader, of what <see cref="Peek"/> gave.</summary>
    public void Consume(int count)
    {
        _headOffset += count;
        Volatile.Write(ref _consumed, _consumed + count);
        ReleaseIfRead();
    }

    /// <summary>By the reader: all that is committed.</summary>
    public ReadOnlySequence<byte> ToSequence()
    {
        long available = Committed - _consumed;
        if (available == 0)
            return ReadOnlySequence<byte>.Empty;
        Block head = SkipRead();
        Block last = head;
        int offset = _headOffset;
        while (last.NextBlock is { } next && last.Length - offset < available)
        {
            available -= last.Length - offset;
            last = next;
            offset = 0;
        }

        return new ReadOnlySequence<byte>(head, _headOffset, last, offset + (int)available);
    }

    /// <summary>By the reader: how far a position of the last sequence is into what is unread.</summary>
    public readonly long DistanceTo(SequencePosition position) =>
        position.GetObject() is Block block && _head is { } head ? block.RunningIndex + position.GetInteger() - head.RunningIndex - _headOffset : 0;

    /// <summary>By the reader: everything before the position is read.</summary>
    public void ConsumeTo(SequencePosition position)
    {
        long count = DistanceTo(position);
        if (count == 0 || position.GetObject() is not Block block)
            return;
        while (_head != block)
        {
            Block read = _head!;
            _head = read.NextBlock;
            pool.Return(read);
        }

        _headOffset = position.GetInteger();
        Volatile.Write(ref _consumed, _consumed + count);
        ReleaseIfRead();
    }

    /// <summary>By the reader: it reads no more. What the writer is at is dropped when it commits.</summary>
    public void Close()
    {
        Volatile.Write(ref _closed, true);
        Interlocked.MemoryBarrier();
        if (Interlocked.CompareExchange(ref _gate, Clearing, Free) == Free)
        {
            ReturnAll();
            Volatile.Write(ref _gate, Free);
        }
    }

    private void Clear()
    {
        if (Interlocked.CompareExchange(ref _gate, Clearing, Free) != Free)
            return;
        ReturnAll();
        Volatile.Write(ref _gate, Free);
    }

    private void ReturnAll()
    {
        while (_head is { } block)
        {
            _head = block.NextBlock;
            pool.Return(block);
        }

        _tail = null;
        _headOffset = 0;
        _tailLength = 0;
        Volatile.Write(ref _consumed, _written);
        Volatile.Write(ref _committed, _written);
    }

    private Block SkipRead()
    {
        while (_head!.NextBlock is { } next && _headOffset == _head.Length)
        {
            pool.Return(_head);
            _head = next;
            _headOffset = 0;
        }

        return _head;
    }

    private void ReleaseIfRead()
    {
        if (Committed != _consumed || Interlocked.CompareExchange(ref _gate, Clearing, Free) != Free)
            return;
        if (_committed == _consumed && _written == _committed)
            ReturnAll();
        Volatile.Write(ref _gate, Free);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Enter(int state)
    {
        if (Interlocked.CompareExchange(ref _gate, state, Free) == Free)
            return;
        var spin = default(SpinWait);
        while (Interlocked.CompareExchange(ref _gate, state, Free) != Free)
            spin.SpinOnce();
    }
}
