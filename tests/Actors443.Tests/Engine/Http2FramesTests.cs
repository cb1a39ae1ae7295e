using System.Buffers.Binary;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Engine.Http2;
using Actors443.Tests.Connections;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Engine;

/// <summary>Whose fault it is that answers do not go on, and who makes the server reset streams.</summary>
public sealed class Http2FramesTests
{
    private const int Rate = 240;
    private const int Grace = 5_000;

    private readonly FakeTimeProvider _time = new();
    private readonly Http2Frames _frames;
    private readonly MonotonicClock _clock;

    public Http2FramesTests()
    {
        _clock = new MonotonicClock(_time);
        _frames = new Http2Frames(new FakeConnection(_clock), new HttpLimitSettings { MinimumRate = Rate, RateGrace = TimeSpan.FromMilliseconds(Grace) });
        Hear([.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8]);
    }

    [Fact]
    public void Answers_that_nobody_takes_are_a_slow_readers()
    {
        Hear(Frame(FrameHead.Settings, 0, 0, Setting(4, 100)));
        Ask(100);
        Answer(100, 100);

        Assert.False(IsSlowReaderAfter(0));
        Assert.False(IsSlowReaderAfter(Grace - 1));
        Assert.True(IsSlowReaderAfter(Grace));
    }

    [Fact]
    public void So_are_those_without_any_window()
    {
        Hear(Frame(FrameHead.Settings, 0, 0, [.. Setting(3, 100), .. Setting(4, 0), .. Setting(6, 100)]));
        Ask(100);
        Answer(100, 0);

        Assert.False(IsSlowReaderAfter(0));
        Assert.True(IsSlowReaderAfter(Grace));
    }

    [Fact]
    public void So_are_those_of_a_connection_without_a_window()
    {
        Ask(100);
        Answer(100, 65_535 / 100 + 1);

        Assert.False(IsSlowReaderAfter(0));
        Assert.True(IsSlowReaderAfter(Grace));
    }

    [Fact]
    public void An_application_that_takes_its_time_is_not()
    {
        Hear(Frame(FrameHead.Settings, 0, 0, Setting(4, 100)));
        Ask(100);
        IsSlowReaderAfter(0);
        Assert.False(IsSlowReaderAfter(100 * Grace));

        Answer(100, 99);
        IsSlowReaderAfter(100 * Grace);
        Assert.False(IsSlowReaderAfter(200 * Grace));
    }

    [Fact]
    public void Nor_who_stops_ten_of_a_hundred_and_takes_the_others()
    {
        Hear(Frame(FrameHead.Settings, 0, 0, Setting(4, 100)));
        Ask(100);
        Answer(100, 100);
        for (int number = 10; number < 100; number++)
            Hear(Frame(FrameHead.WindowUpdate, 0, Stream(number), Number(1_000)));

        IsSlowReaderAfter(0);
        Assert.False(IsSlowReaderAfter(Grace));
    }

    [Theory]
    [InlineData(FrameHead.Data, FrameHead.EndStream)]
    [InlineData(FrameHead.Headers, FrameHead.EndStream)]
    [InlineData(FrameHead.Reset, 0)]
    public void What_has_ended_waits_for_nobody(byte type, byte flags)
    {
        Hear(Frame(FrameHead.Settings, 0, 0, Setting(4, 100)));
        Ask(100);
        Answer(100, 100);
        for (int number = 0; number < 100; number++)
            Say(Frame(type, flags, Stream(number), type == FrameHead.Reset ? Number(2) : []));

        IsSlowReaderAfter(0);
        Assert.False(IsSlowReaderAfter(Grace));
    }

    [Theory]
    [InlineData(Rate * 5 - 100, true)]
    [InlineData(Rate * 5, false)]
    public void Who_takes_as_much_as_it_must_may_go_on(int taken, bool isSlow)
    {
        Hear(Frame(FrameHead.Settings, 0, 0, Setting(4, 0)));
        Ask(100);
        Answer(100, 0);
        IsSlowReaderAfter(0);
        // One after the other, as a client with a slow line takes them.
        for (int granted = 0; granted < taken; granted += 100)
        {
            Hear(Frame(FrameHead.WindowUpdate, 0, 1, Number(100)));
            Say(Frame(FrameHead.Data, 0, 1, new byte[100]));
        }

        Assert.Equal(isSlow, IsSlowReaderAfter(Grace));
    }

    [Fact]
    public void Tunnels_may_wait()
    {
        Hear(Frame(FrameHead.Settings, 0, 0, Setting(4, 0)));
        Ask(100);
        for (int number = 0; number < 100; number++)
            _frames.Endure(Stream(number));
        Answer(100, 0);

        IsSlowReaderAfter(0);
        Assert.False(IsSlowReaderAfter(Grace));
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(3, 16)]
    [InlineData(5, 150)]
    [InlineData(0, null)]
    [InlineData(2, null)]
    [InlineData(8, null)]
    public void Who_makes_the_server_reset_streams_does_so_for_a_while(uint error, int? most)
    {
        string? flood = null;
        int streams = 0;
        for (; streams < 1_000 && flood is null; streams++)
        {
            flood = Hear(Frame(FrameHead.Headers, FrameHead.EndHeaders, Stream(streams), [0x82]));
            Say(Frame(FrameHead.Reset, 0, Stream(streams), Number((int)error)));
        }

        Assert.Equal(most is null ? null : "requests that break their own rules and have to be reset", flood);
        if (most is { } least)
            Assert.InRange(streams, least, least * 3 / 2);
    }

    [Fact]
    public void Who_asks_for_more_at_once_than_it_may_does_so_for_a_while()
    {
        string? flood = null;
        int streams = 0;
        for (; streams < 1_000 && flood is null; streams++)
            flood = Hear(Frame(FrameHead.Headers, FrameHead.EndHeaders | FrameHead.EndStream, Stream(streams), [0x82]));

        Assert.Equal("requests that break their own rules and have to be reset", flood);
        Assert.InRange(streams, 250, 310);
    }

    [Theory]
    [InlineData(FrameHead.Data)]
    [InlineData(FrameHead.Priority)]
    [InlineData(FrameHead.WindowUpdate)]
    public void Who_says_more_on_many_new_streams_is_heard_in_parts(byte type)
    {
        ReadOnlySpan<byte> rest = Ask(100, FrameHead.EndHeaders, number => Frame(type, 0, Stream(number), new byte[5]));
        int parts = 0;
        for (; !rest.IsEmpty && parts < 100; parts++)
        {
            int before = rest.Length;
            Assert.Null(_frames.HearPart(ref rest));
            Assert.InRange(before - rest.Length, 1, 400);
        }

        Assert.InRange(parts, 10, 15);
    }

    [Theory]
    [InlineData(FrameHead.Headers, 0)]
    [InlineData(FrameHead.WindowUpdate, 0)]
    [InlineData(FrameHead.Reset, 1)]
    public void Who_only_asks_or_stops_is_heard_at_once(byte type, int stream)
    {
        ReadOnlySpan<byte> rest = Ask(100, FrameHead.EndHeaders | FrameHead.EndStream, number => type == FrameHead.Headers ? [] : Frame(type, 0, stream * Stream(number), Number(8)));

        Assert.Null(_frames.HearPart(ref rest));
        Assert.True(rest.IsEmpty);
    }

    [Fact]
    public void So_is_who_says_much_on_streams_that_there_were()
    {
        Hear(Frame(FrameHead.Headers, FrameHead.EndHeaders, 1, [0x82]));
        ReadOnlySpan<byte> rest = Enumerable.Range(0, 100).SelectMany(_ => Frame(FrameHead.Data, 0, 1, new byte[5])).ToArray();

        Assert.Null(_frames.HearPart(ref rest));
        Assert.True(rest.IsEmpty);
    }

    [Fact]
    public void Of_a_record_full_of_requests_that_break_their_rules_few_reach_the_server()
    {
        ReadOnlySpan<byte> rest = Ask(200, FrameHead.EndHeaders, number => Frame(FrameHead.Data, 0, Stream(number), new byte[20]));
        string? flood = null;
        int said = 0;
        while (!rest.IsEmpty && flood is null)
        {
            int before = rest.Length;
            flood = _frames.HearPart(ref rest);
            for (int given = (before - rest.Length) / 39; flood is null && given > 0; given--, said++)
                Say(Frame(FrameHead.Reset, 0, Stream(said), Number(1)));
        }

        Assert.Equal("requests that break their own rules and have to be reset", flood);
        Assert.InRange(said, 15, 32);
    }

    [Fact]
    public void A_server_has_said_goodbye_when_it_says_goaway_and_that_nothing_is_wrong()
    {
        Say(Frame(FrameHead.Settings, 0, 0, Setting(4, 100)));
        Assert.False(_frames.HasSaidGoodbye);

        Say(GoAway(0, [1, 0, 0, 0, 0, 0, 0, 0]));
        Assert.True(_frames.HasSaidGoodbye);

        Say(GoAway(11, "Enhance your calm"u8));
        Assert.False(_frames.HasSaidGoodbye);

        // What its client says is the client's.
        Hear(GoAway(0, []));
        Assert.False(_frames.HasSaidGoodbye);

        static byte[] GoAway(int error, ReadOnlySpan<byte> debug) => Frame(FrameHead.GoAway, 0, 0, [.. Number(7), .. Number(error), .. debug]);
    }

    private static int Stream(int number) => 2 * number + 1;

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = new byte[FrameHead.Size + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsSpan(FrameHead.Size));
        return frame;
    }

    private static byte[] Number(int number)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        return bytes;
    }

    private static byte[] Setting(byte id, int value) => [0, id, .. Number(value)];

    private bool IsSlowReaderAfter(int ms) => _frames.IsSlowReader(_clock.NowMs + ms);

    private void Ask(int count)
    {
        for (int number = 0; number < count; number++)
            Hear(Frame(FrameHead.Headers, FrameHead.EndHeaders | FrameHead.EndStream, Stream(number), [0x82]));
    }

    private static byte[] Ask(int count, int flags, Func<int, byte[]> then) =>
        [.. Enumerable.Range(0, count).SelectMany(number => Frame(FrameHead.Headers, (byte)flags, Stream(number), [0x82]).Concat(then(number)))];

    private void Answer(int count, int bytes)
    {
        for (int number = 0; number < count; number++)
        {
            Say(Frame(FrameHead.Headers, FrameHead.EndHeaders, Stream(number), [0x88]));
            if (bytes > 0)
                Say(Frame(FrameHead.Data, 0, Stream(number), new byte[bytes]));
        }
    }

    // In pieces, as it may come.
    private string? Hear(byte[] bytes)
    {
        string? flood = null;
        for (int at = 0; at < bytes.Length; at += 5)
            flood ??= _frames.Hear(bytes.AsSpan(at, Math.Min(5, bytes.Length - at)));
        return flood;
    }

    private void Say(byte[] bytes)
    {
        for (int at = 0; at < bytes.Length; at += 7)
            _frames.Say(bytes.AsSpan(at, Math.Min(7, bytes.Length - at)));
    }
}
