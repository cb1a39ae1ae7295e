using Actors443.Server.Sites;

namespace Actors443.Tests.Sites;

public sealed class WebSocketFramesTests
{
    // Lengths of one, two and eight bytes; a mask; no payload.
    private static readonly byte[] Frames =
    [
        0x82, 3, 1, 2, 3,
        0x82, 126, 0, 130, .. new byte[130],
        0x02, 127, 0, 0, 0, 0, 0, 1, 0, 0, .. new byte[65_536],
        0x80, 0x82, 9, 9, 9, 9, 7, 7,
        0x89, 0,
    ];

    private static readonly int[] Ends = [5, 5 + 134, 5 + 134 + 65_546, 5 + 134 + 65_546 + 8, 5 + 134 + 65_546 + 10];

    [Fact]
    public void It_stops_at_the_end_of_each_frame()
    {
        var frames = new WebSocketFrames();
        var ends = new List<int>();
        for (int at = 0; at < Frames.Length;)
        {
            at += frames.PassFrame(Frames.AsSpan(at));
            ends.Add(at);
            Assert.True(frames.IsBetween);
        }

        Assert.Equal(Ends, ends);
        Assert.False(frames.IsClosed);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000)]
    public void It_does_wherever_the_bytes_are_cut(int part)
    {
        var frames = new WebSocketFrames();
        for (int at = 0; at < Frames.Length;)
        {
            at += frames.PassFrame(Frames.AsSpan(at, Math.Min(part, Frames.Length - at)));
            Assert.Equal(Ends.Contains(at), frames.IsBetween);
        }
    }

    [Fact]
    public void A_close_frame_is_the_last()
    {
        var frames = new WebSocketFrames();
        Assert.Equal(4, frames.PassFrame([0x88, 2, 3, 232]));
        Assert.True(frames is { IsClosed: true, IsBetween: true });
    }
}
