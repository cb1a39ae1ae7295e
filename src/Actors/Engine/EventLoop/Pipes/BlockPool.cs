using System.Collections.Concurrent;

namespace Actors443.Engine.EventLoop.Pipes;

/// <summary>The blocks of one loop: its own thread takes the one used last, others share a queue.</summary>
internal sealed class BlockPool(EventLoop loop)
{
    private const int KeptByLoop = 256;
    private const int KeptByOthers = 1024;

    private readonly Stack<Block> _own = new(KeptByLoop);
    private readonly ConcurrentQueue<Block> _shared = new();
    private int _sharedCount;
    private int _rented;

    /// <summary>Blocks in use now.</summary>
    public int Rented => Volatile.Read(ref _rented);

    public Block Rent(int size = Block.Size)
    {
        Interlocked.Increment(ref _rented);
        if (size > Block.Size)
            return new Block(size);
        if (loop.IsCurrent && _own.TryPop(out Block? block))
            return block;
        if (_shared.TryDequeue(out block))
        {
            Interlocked.Decrement(ref _sharedCount);
            return block;
        }

        return new Block(Block.Size);
    }

    public void Return(Block block)
    {
        Interlocked.Decrement(ref _rented);
        if (block.Capacity != Block.Size)
            return;
        block.Reset();
        if (loop.IsCurrent && _own.Count < KeptByLoop)
        {
            _own.Push(block);
        }
        else if (Volatile.Read(ref _sharedCount) < KeptByOthers)
        {
            Interlocked.Increment(ref _sharedCount);
            _shared.Enqueue(block);
        }
    }
}
