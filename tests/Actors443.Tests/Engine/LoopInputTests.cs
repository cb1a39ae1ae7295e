using System.Buffers;
using System.IO.Pipelines;
using Actors443.Engine.EventLoop;
using Actors443.Engine.EventLoop.Pipes;

namespace Actors443.Tests.Engine;

public sealed class LoopInputTests : IDisposable
{
    private const int Part = 16_000;

    private readonly EventLoop _loop = new("pipes");
    private readonly Owner _owner = new();
    private readonly BlockPool _pool;
    private readonly LoopInput _input;

    public LoopInputTests()
    {
        _pool = new BlockPool(_loop);
        _input = new LoopInput(_owner, _pool);
    }

    public void Dispose() => _loop.Dispose();

    [Fact]
    public void It_is_full_until_it_is_read()
    {
        while (!_input.IsFull)
            Write(Part);
        Assert.True(_input.TryRead(out ReadResult read));

        _input.AdvanceTo(read.Buffer.End);

        Assert.False(_input.IsFull);
        Assert.Equal(1, _owner.Wanted);
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public void A_reader_that_needs_more_than_fits_gets_more()
    {
        long written = 0;
        for (int part = 0; part < 40; part++)
        {
            Assert.False(_input.IsFull);
            Write(Part);
            written += Part;
            Assert.True(_input.TryRead(out ReadResult read));
            Assert.Equal(written, read.Buffer.Length);
            _input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    [Fact]
    public void What_was_examined_is_no_news()
    {
        Write(Part);
        Assert.True(_input.TryRead(out ReadResult read));
        _input.AdvanceTo(read.Buffer.Start, read.Buffer.End);

        Assert.False(_input.TryRead(out _));
        Write(1);
        Assert.True(_input.TryRead(out read));
        Assert.Equal(Part + 1, read.Buffer.Length);
    }

    [Fact]
    public unsafe void A_part_is_read_before_the_rest_of_what_lies_behind_it_is_told()
    {
        byte* room = _input.Reserve(out _);
        for (byte number = 0; number < 6; number++)
            room[number] = number;
        _input.Advance(2);
        _input.PublishPart();

        Assert.Equal([0, 1], ReadAll());

        Assert.Equal(1, _pool.Rented);
        Assert.False(_input.TryRead(out _));
        _input.Advance(4);
        _input.Publish();
        Assert.Equal([2, 3, 4, 5], ReadAll());
        Assert.Equal(0, _pool.Rented);
    }

    [Fact]
    public unsafe void A_reader_that_goes_after_a_part_leaves_nothing()
    {
        _ = _input.Reserve(out _);
        _input.Advance(2);
        _input.PublishPart();
        _input.Complete();
        _input.Advance(4);
        _input.End(null);

        Assert.Equal(0, _pool.Rented);
    }

    private byte[] ReadAll()
    {
        Assert.True(_input.TryRead(out ReadResult read));
        byte[] bytes = read.Buffer.ToArray();
        _input.AdvanceTo(read.Buffer.End);
        return bytes;
    }

    private unsafe void Write(int count)
    {
        while (count > 0)
        {
            _ = _input.Reserve(out int room);
            int part = Math.Min(room, count);
            _input.Advance(part);
            count -= part;
        }

        _input.Publish();
    }

    private sealed class Owner : IPipeOwner
    {
        public int Wanted { get; private set; }

        public bool ContinuesOnLoop => false;

        public void OutputFlushed()
        {
        }

        public void InputWanted() => Wanted++;
    }
}
