using System.Buffers;
using System.IO.Pipelines;
using Actors443.Engine.EventLoop;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Engine.EventLoop.Pipes;
using Actors443.Testing.Fuzz;
using Actors443.Tls;

namespace Actors443.Bench.Fuzz;

/// <summary>Parts of the engine by themselves, in this process: what throws, loses a byte or keeps a buffer is thrown as it is found.</summary>
internal sealed class PartsFuzz(int seed)
{
    private const int BytesOfChain = 2_000_000;
    private const int MostRooms = 5;

    private readonly Random _random = new(seed);

    public long HellosRead { get; private set; }

    public long Chains { get; private set; }

    public long Pipes { get; private set; }

    /// <summary>Changed ClientHellos, whole and cut into segments: read or refused, and the same however they are cut.</summary>
    public void ReadHellos(IReadOnlyList<byte[]> seeds, int count)
    {
        var mutator = new Mutator(_random);
        for (; count > 0; count--, HellosRead++)
        {
            byte[] hello = mutator.Change(seeds[_random.Next(seeds.Count)], seeds[_random.Next(seeds.Count)]);
            ClientHelloStatus whole = ClientHelloReader.TryRead(new ReadOnlySequence<byte>(hello), out ClientHello? read);
            Require(whole == ClientHelloStatus.Complete == read is not null, "a hello that is complete is there", hello);
            ClientHelloStatus cut = ClientHelloReader.TryRead(Segments(mutator.Cut(hello)), out ClientHello? again);
            Require(cut == whole && again?.ServerName == read?.ServerName && again?.OffersResumption == read?.OffersResumption, "cuts make no difference", hello);
        }
    }

    /// <summary>A chain of blocks with a writer and a reader on threads of their own, which may leave at any moment: each byte arrives once and in order.</summary>
    public void RunChain()
    {
        using var loop = new EventLoop("fuzz");
        var pool = new BlockPool(loop);
        var shared = new SharedChain(pool);
        int writerSeed = _random.Next();
        var readerRandom = new Random(_random.Next());
        long leaveAt = _random.Next(3) == 0 ? _random.Next(BytesOfChain) : long.MaxValue;
        using var written = new CancellationTokenSource();
        Exception? fault = null;
        var writer = new Thread(() =>
        {
            try
            {
                Write(shared, new Random(writerSeed));
            }
            catch (Exception cause)
            {
                fault = cause;
            }

            written.Cancel();
        });
        writer.Start();
        long read = Read(shared, readerRandom, leaveAt, written.Token);
        shared.Chain.Close();
        writer.Join();
        // The writer gives back what it was at when the reader had gone.
        shared.Chain.Commit();
        if (fault is not null)
            throw new InvalidOperationException($"The chain's writer failed (seed {seed}, chain {Chains}).", fault);
        Require(read >= Math.Min(leaveAt, BytesOfChain), "all bytes arrive", []);
        Require(pool.Rented == 0, $"{pool.Rented} blocks are left", []);
        Chains++;
    }

    /// <summary>The pipes as Kestrel uses them: partly examined reads, cancelled reads and flushes, completions.</summary>
    public async Task RunPipesAsync()
    {
        using var loop = new EventLoop("fuzz");
        var pool = new BlockPool(loop);
        var owner = new Owner();
        var input = new LoopInput(owner, pool);
        var random = new Random(_random.Next());
        int count = random.Next(1, 400_000);
        Task<long> reading = Task.Run(() => ReadPipeAsync(input, new Random(seed + (int)Pipes)));
        long written = 0;
        var patience = default(SpinWait);
        while (written < count)
        {
            if (input.IsFull)
            {
                patience.SpinOnce();
                continue;
            }

            written += Fill(input, written, (int)Math.Min(random.Next(1, 9_000), count - written));
            input.Publish();
            if (random.Next(50) == 0)
                input.CancelPendingRead();
        }

        input.End(null);
        long read = await reading;
        Require(read == count, $"{count} bytes written, {read} read", []);
        input.Complete();
        Require(pool.Rented == 0, $"{pool.Rented} blocks are left", []);
        Pipes++;
    }

    private static unsafe long Fill(LoopInput input, long position, int count)
    {
        int left = count;
        while (left > 0)
        {
            byte* room = input.Reserve(out int length);
            int part = Math.Min(length, left);
            for (int index = 0; index < part; index++)
                room[index] = Expected(position++);
            input.Advance(part);
            left -= part;
        }

        return count;
    }

    private static async Task<long> ReadPipeAsync(LoopInput input, Random random)
    {
        long read = 0;
        while (true)
        {
            ReadResult result = await input.ReadAsync();
            ReadOnlySequence<byte> buffer = result.Buffer;
            long take = random.Next(3) switch { 0 => buffer.Length, 1 => random.NextInt64(buffer.Length + 1), _ => buffer.Length / 2 };
            Compare(buffer.Slice(0, take), read);
            read += take;
            // Without news a reader that has examined everything waits.
            bool all = random.Next(2) == 0;
            input.AdvanceTo(buffer.GetPosition(take), all ? buffer.End : buffer.GetPosition(take));
            if (result.IsCompleted && take == buffer.Length)
                return read;
        }
    }

    private static unsafe void Write(SharedChain shared, Random random)
    {
        long position = 0;
        LibC.Vector* rooms = stackalloc LibC.Vector[MostRooms];
        while (position < BytesOfChain && !shared.Chain.IsClosed)
        {
            if (random.Next(4) == 0)
            {
                position = Write(shared, random, position, new Span<LibC.Vector>(rooms, random.Next(1, MostRooms + 1)));
                continue;
            }

            Block block = shared.Chain.Reserve(random.Next(1, 20) == 1 ? random.Next(1, 40_000) : random.Next(1, 3_000), out int offset);
            int count = (int)Math.Min(random.Next(0, block.Capacity - offset + 1), BytesOfChain - position);
            Span<byte> span = block.SpanFrom(offset);
            for (int index = 0; index < count; index++)
                span[index] = Expected(position++);
            shared.Chain.Advance(count);
            if (random.Next(3) == 0)
                shared.Chain.Commit();
        }

        shared.Chain.Commit();
    }

    private static unsafe long Write(SharedChain shared, Random random, long position, Span<LibC.Vector> rooms)
    {
        int room = shared.Chain.Reserve(rooms, random.Next(1, 5_000));
        int count = random.Next(5) == 0 ? 0 : (int)Math.Min(random.Next(0, room + 1), BytesOfChain - position);
        int left = count;
        foreach (LibC.Vector part in rooms)
        {
            int length = Math.Min(left, (int)part.Length);
            for (int index = 0; index < length; index++)
                part.Bytes[index] = Expected(position++);
            left -= length;
        }

        shared.Chain.Advance(count);
        if (random.Next(3) == 0)
            shared.Chain.Commit();
        return position;
    }

    private static unsafe long Read(SharedChain shared, Random random, long leaveAt, CancellationToken written)
    {
        long read = 0;
        while (read < leaveAt)
        {
            bool over = written.IsCancellationRequested;
            if (random.Next(2) == 0)
            {
                int there = shared.Chain.Peek(out byte* bytes);
                int take = there == 0 ? 0 : random.Next(1, there + 1);
                Compare(new ReadOnlySpan<byte>(bytes, take), read);
                if (take > 0)
                    shared.Chain.Consume(take);
                read += take;
                if (there == 0 && over)
                    return read;
            }
            else
            {
                ReadOnlySequence<byte> all = shared.Chain.ToSequence();
                long take = random.Next(4) == 0 ? all.Length : random.NextInt64(all.Length + 1);
                Compare(all.Slice(0, take), read);
                shared.Chain.ConsumeTo(all.GetPosition(take));
                read += take;
                if (all.IsEmpty && over)
                    return read;
            }
        }

        return read;
    }

    private static void Compare(in ReadOnlySequence<byte> bytes, long position)
    {
        foreach (ReadOnlyMemory<byte> segment in bytes)
        {
            Compare(segment.Span, position);
            position += segment.Length;
        }
    }

    private static void Compare(ReadOnlySpan<byte> bytes, long position)
    {
        for (int index = 0; index < bytes.Length; index++)
        {
            if (bytes[index] != Expected(position + index))
                throw new InvalidOperationException($"Byte {position + index} is {bytes[index]} instead of {Expected(position + index)}.");
        }
    }

    // No shift by any block size gives the same byte.
    private static byte Expected(long position) => (byte)(position * 131 + (position >> 8) * 17 + (position >> 16));

    private void Require(bool holds, string what, byte[] input)
    {
        if (!holds)
            throw new InvalidOperationException($"Not so: {what} (seed {seed}; {Convert.ToHexString(input)}).");
    }

    private static ReadOnlySequence<byte> Segments(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        Segment? first = null;
        Segment? last = null;
        foreach (ReadOnlyMemory<byte> piece in pieces)
        {
            last = new Segment(piece, last);
            first ??= last;
        }

        return first is null ? ReadOnlySequence<byte>.Empty : new ReadOnlySequence<byte>(first, 0, last!, last!.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }

    private sealed class SharedChain(BlockPool pool)
    {
        public BlockChain Chain = new(pool);
    }

    private sealed class Owner : IPipeOwner
    {
        public bool ContinuesOnLoop => false;

        public void OutputFlushed()
        {
        }

        public void InputWanted()
        {
        }
    }
}
