using System.Buffers;
using System.Buffers.Binary;
using Actors443.Remoting;
using Actors443.Remoting.Associations;
using Actors443.Remoting.Frames;
using Actors443.Testing;

namespace Actors443.Tests.Remoting;

/// <summary>Frames between nodes, however they are cut, and what is none.</summary>
public sealed class FrameReaderSpecs
{
    private const int Maximum = 1000;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(int.MaxValue)]
    public void Are_whole_however_they_are_cut(int piece)
    {
        byte[][] bodies = [.. Enumerable.Range(1, 20).Select(number => Enumerable.Repeat((byte)number, number * 50).ToArray())];
        byte[] stream = [.. bodies.SelectMany(body => AkkaHandshake.Framed(body)), .. new ControlFrame(ControlKind.Goodbye, "bye").Encode()];
        var reader = new FrameReader(Maximum) { TakesMessages = true };
        var read = new List<Frame>();
        for (int at = 0; at < stream.Length; at += Math.Min(piece, stream.Length - at))
        {
            var rest = new ReadOnlySequence<byte>(stream.AsMemory(at, Math.Min(piece, stream.Length - at)));
            while (reader.TryRead(ref rest, out Frame frame) == FrameStatus.Complete)
                read.Add(frame);
            Assert.True(rest.IsEmpty);
        }

        Assert.Equal(bodies, read[..^1].Select(frame => frame.Body));
        Assert.True(ControlFrame.TryDecode(read[^1].Body, out ControlFrame? goodbye));
        Assert.Equal((true, ControlKind.Goodbye, "bye"), (read[^1].IsControl, goodbye.Kind, goodbye.TextAt(0)));
    }

    [Theory]
    [InlineData(0u, true, "an empty frame")]
    [InlineData(1001u, true, "a frame of 1001 bytes; maximum-frame-size is 1000")]
    [InlineData(0x7FFFFFFFu, true, "a frame of 2147483647 bytes")]
    [InlineData(5u, false, "a message before the sender has said who it is")]
    [InlineData(0x80000000u, false, "an empty frame")]
    [InlineData(0x80001001u, true, "of the transport's own")]
    public void Are_refused_by_their_header(uint header, bool takesMessages, string problem)
    {
        byte[] stream = new byte[100];
        BinaryPrimitives.WriteUInt32BigEndian(stream, header);
        var reader = new FrameReader(Maximum) { TakesMessages = takesMessages };
        var rest = new ReadOnlySequence<byte>(stream);
        Assert.Equal(FrameStatus.Bad, reader.TryRead(ref rest, out _));
        Assert.Contains(problem, reader.Problem, StringComparison.Ordinal);
        // And stay so: nothing after it is believed.
        var good = new ReadOnlySequence<byte>(AkkaHandshake.Framed([1, 2, 3]));
        Assert.Equal(FrameStatus.Bad, reader.TryRead(ref good, out _));
    }

    [Fact]
    public void Of_the_transports_own_have_texts()
    {
        var hello = new ControlFrame(ControlKind.Hello, "1", "a@b:1", "ä\ud800");
        Assert.True(ControlFrame.TryDecode(hello.Encode().AsSpan(Frame.HeaderLength), out ControlFrame? read));
        Assert.Equal(ControlKind.Hello, read.Kind);
        Assert.Equal(["1", "a@b:1", "ä\ufffd"], read.Texts);
        Assert.Equal("", read.TextAt(3));
        // What quotes without end is cut.
        Assert.True(new ControlFrame(ControlKind.Refused, new string('€', 5000)).Encode().Length <= Frame.HeaderLength + Frame.LongestControl);
        Assert.False(ControlFrame.TryDecode([], out _));
        Assert.False(ControlFrame.TryDecode([1, 0], out _));
        Assert.False(ControlFrame.TryDecode([1, 0, 9, 65], out _));
        Assert.False(ControlFrame.TryDecode([1, 0, 1, 0xFF], out _));
    }

    [Theory]
    [InlineData("sys@node-1.example:443", "sys", "node-1.example", 443)]
    [InlineData("sys@10.0.0.1:1", "sys", "10.0.0.1", 1)]
    [InlineData("sys@[::1]:65535", "sys", "[::1]", 65535)]
    public void Addresses_are_read(string text, string system, string host, int port)
    {
        Assert.True(PeerAddress.TryParse(text, out PeerAddress? address));
        Assert.Equal(new PeerAddress(system, host, port), address);
        Assert.Equal(text, address.ToString());
        Assert.True(address.IsSame(address with { Host = host.ToUpperInvariant() }));
    }

    [Theory]
    [InlineData("")]
    [InlineData("@a:1")]
    [InlineData("sys@:1")]
    [InlineData("sys@a")]
    [InlineData("sys@a:0")]
    [InlineData("sys@a:65536")]
    [InlineData("sys@a:+1")]
    [InlineData("sys@a b:1")]
    [InlineData("sys@a\n:1")]
    public void What_is_no_address_is_not(string text) => Assert.False(PeerAddress.TryParse(text, out _));

    [Fact]
    public void Akkas_handshake_must_say_what_was_proved()
    {
        var proved = new PeerAddress("sys", "node-1", 443);
        HandshakePdu.Check(AkkaHandshake.Message("actors443", "sys", "NODE-1", 443), proved, "actors443");
        foreach (byte[] other in (byte[][])
        [
            AkkaHandshake.Message("ssl.tcp", "sys", "node-1", 443),
            AkkaHandshake.Message("actors443", "sys2", "node-1", 443),
            AkkaHandshake.Message("actors443", "sys", "node-2", 443),
            AkkaHandshake.Message("actors443", "sys", "node-1", 444),
            // Akka would make one of both.
            [.. AkkaHandshake.Message("actors443", "sys", "node-1", 443), .. AkkaHandshake.Message("actors443", "sys", "node-2", 443)],
            [],
            [0xFF],
            "GET / HTTP/1.1"u8.ToArray(),
        ])
        {
            Assert.Throws<InvalidDataException>(() => HandshakePdu.Check(other, proved, "actors443"));
        }
    }
}
