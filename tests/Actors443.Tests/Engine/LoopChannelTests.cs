using Actors443.Engine.EventLoop;
using Actors443.Engine.EventLoop.Http2;

namespace Actors443.Tests.Engine;

public sealed class LoopChannelTests : IAsyncLifetime
{
    private readonly EventLoop _loop = new("test-loop");

    public Task InitializeAsync()
    {
        _loop.Start();
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        _loop.Stop();
        await _loop.Ended;
        _loop.Dispose();
    }

    [Fact]
    public async Task What_many_threads_write_is_read_once_each_and_on_the_loop()
    {
        var channel = new LoopChannel<int>(_loop, int.MaxValue);
        Task<(List<int> Read, int Elsewhere)> reading = ReadAllAsync(channel);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(() =>
        {
            for (int item = 0; item < 10_000; item++)
                Assert.True(channel.Writer.TryWrite(writer * 10_000 + item));
        })));
        Assert.True(channel.Writer.TryComplete());

        (List<int> read, int elsewhere) = await reading;
        Assert.Equal(80_000, read.Distinct().Count());
        Assert.Equal(80_000, read.Count);
        foreach (IGrouping<int, int> ofWriter in read.GroupBy(item => item / 10_000))
            Assert.Equal(ofWriter.Order(), ofWriter);
        Assert.Equal(0, elsewhere);
    }

    [Fact]
    public void One_item_more_than_its_capacity_is_not_taken()
    {
        var channel = new LoopChannel<string>(_loop, 2);

        Assert.True(channel.Writer.TryWrite("a"));
        Assert.True(channel.Writer.TryWrite("b"));
        Assert.False(channel.Writer.TryWrite("c"));
        Assert.True(channel.Reader.TryRead(out string? first));
        Assert.Equal("a", first);
        Assert.True(channel.Writer.TryWrite("c"));
    }

    [Fact]
    public async Task A_reader_that_waits_is_told_of_the_end()
    {
        var channel = new LoopChannel<string>(_loop, 2);
        ValueTask<bool> waiting = channel.Reader.WaitToReadAsync();
        Assert.False(waiting.IsCompleted);

        Assert.True(channel.Writer.TryComplete());
        Assert.False(await waiting);
        Assert.False(channel.Writer.TryComplete());
        Assert.False(channel.Writer.TryWrite("late"));
        Assert.False(await channel.Reader.WaitToReadAsync());
    }

    private static async Task<(List<int> Read, int Elsewhere)> ReadAllAsync(LoopChannel<int> channel)
    {
        var read = new List<int>();
        int elsewhere = 0;
        bool began = false;
        while (await channel.Reader.WaitToReadAsync())
        {
            // Where it begins nobody has promised anything.
            if (began && EventLoop.Current is null)
                elsewhere++;
            while (channel.Reader.TryRead(out int item))
                read.Add(item);
            began = EventLoop.Current is not null;
        }

        return (read, elsewhere);
    }
}
