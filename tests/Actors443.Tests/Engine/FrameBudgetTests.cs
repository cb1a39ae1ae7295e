using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Engine.Http2;
using Actors443.Tests.Connections;

namespace Actors443.Tests.Engine;

/// <summary>What a client may do on an HTTP/2 connection without asking for anything.</summary>
public sealed class FrameBudgetTests
{
    private const int HeaderFrames = 10;

    private static readonly FrameHead Ping = new(8, FrameHead.Ping, 0, 0);

    [Fact]
    public void A_flood_is_told_by_its_kind_once_the_supply_is_used_up()
    {
        var budget = new FrameBudget(0, HeaderFrames);
        int taken = 0;
        while (budget.Take(Ping, 0, 0) is null)
            taken++;
        Assert.Equal(1_000, taken);
        Assert.Equal("PING frames", budget.Take(Ping, 0, 0));
    }

    [Fact]
    public void A_hundred_a_second_may_go_on_for_ever()
    {
        var budget = new FrameBudget(0, HeaderFrames);
        for (int now = 0; now < 100_000; now += 10)
            Assert.Null(budget.Take(Ping, now, 0));
    }

    [Fact]
    public void Whoever_takes_back_one_request_of_five_may_go_on_for_ever()
    {
        var budget = new FrameBudget(0, HeaderFrames);
        for (int stream = 1; stream < 100_000; stream += 2)
        {
            Assert.Null(budget.Take(new FrameHead(40, FrameHead.Headers, FrameHead.EndHeaders, stream), 0, 0));
            if (stream % 10 == 1)
                Assert.Null(budget.Take(new FrameHead(4, FrameHead.Reset, 0, stream), 0, 0));
        }
    }

    [Fact]
    public void Whoever_takes_back_every_request_may_not()
    {
        var budget = new FrameBudget(0, HeaderFrames);
        int resets = 0;
        string? flood = null;
        for (int stream = 1; flood is null; stream += 2, resets++)
        {
            Assert.Null(budget.Take(new FrameHead(40, FrameHead.Headers, FrameHead.EndHeaders, stream), 0, 0));
            flood = budget.Take(new FrameHead(4, FrameHead.Reset, 0, stream), 0, 0);
        }

        Assert.InRange(resets, 150, 200);
    }

    [Fact]
    public void Trailers_fill_nothing_up()
    {
        var budget = new FrameBudget(0, HeaderFrames);
        string? flood = null;
        int frames = 0;
        for (; flood is null && frames < 2_000; frames++)
        {
            Assert.Null(budget.Take(new FrameHead(1, FrameHead.Headers, FrameHead.EndHeaders | FrameHead.EndStream, 1), 0, 0));
            flood = budget.Take(Ping, 0, 0);
        }

        Assert.InRange(frames, 1_000, 1_010);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(9)]
    [InlineData(100)]
    public void Frames_are_followed_wherever_they_are_cut(int length)
    {
        var connection = new FakeConnection(new MonotonicClock(TimeProvider.System));
        var frames = new Http2Frames(connection, new HttpLimitSettings());
        byte[] ping = [0, 0, 8, FrameHead.Ping, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        byte[] said = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Enumerable.Repeat(ping, 1_500).SelectMany(one => one)];
        string? flood = null;
        for (int at = 0; flood is null && at < said.Length; at += length)
            flood = frames.Hear(said.AsSpan(at, Math.Min(length, said.Length - at)));
        Assert.Equal("PING frames", flood);
    }
}
