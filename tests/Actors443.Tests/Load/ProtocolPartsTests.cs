using System.Text;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Protocols;

namespace Actors443.Tests.Load;

/// <summary>The small readers under the protocols.</summary>
public sealed class ProtocolPartsTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n", 200, 13, false, false)]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nCONNECTION: Close\r\ntransfer-encoding: chunked\r\n\r\n", 503, -1, true, true)]
    [InlineData("HTTP/1.0 200 OK\r\n\r\n", 200, -1, false, true)]
    [InlineData("HTTP/1.1 101 \r\nConnection: Upgrade\r\n\r\n", 101, -1, false, false)]
    public void A_response_head_is_read(string text, int status, long length, bool chunked, bool close)
    {
        Assert.True(Http1ResponseHead.TryRead(Encoding.ASCII.GetBytes(text), out Http1ResponseHead head));
        Assert.Equal(new Http1ResponseHead(status, length, chunked, close), head);
    }

    [Theory]
    [InlineData("HTTP/2 200\r\n\r\n")]
    [InlineData("HTTP/1.1 2xx OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5 6\r\n\r\n")]
    [InlineData("\r\n\r\n")]
    public void A_head_that_is_none_is_refused(string text) => Assert.False(Http1ResponseHead.TryRead(Encoding.ASCII.GetBytes(text), out _));

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n")]
    [InlineData("A;name=value\r\n0123456789\r\n1\r\nx\r\n000\r\nTrailer: yes\r\nAnother: one\r\n\r\n")]
    public void A_chunked_body_ends_where_it_ends_however_it_is_cut(string text)
    {
        byte[] bytes = Encoding.ASCII.GetBytes(text + "rest");
        for (int cut = 0; cut <= text.Length; cut++)
        {
            var body = default(ChunkedBody);
            ReadOnlySpan<byte> first = bytes.AsSpan(0, cut);
            bool? whole = body.Take(ref first);
            Assert.Equal(cut == text.Length, whole);
            if (whole == true)
                continue;
            ReadOnlySpan<byte> second = bytes.AsSpan(cut);
            Assert.True(body.Take(ref second));
            Assert.Equal("rest", Encoding.ASCII.GetString(second));
        }
    }

    [Theory]
    [InlineData("x\r\n")]
    [InlineData("3\r\nabcd")]
    [InlineData("FFFFFFFFFFFFFFFFF\r\n")]
    public void A_malformed_chunk_is_told(string text)
    {
        var body = default(ChunkedBody);
        ReadOnlySpan<byte> bytes = Encoding.ASCII.GetBytes(text);

        Assert.Null(body.Take(ref bytes));
    }

    [Theory]
    [InlineData("88", 200)]
    [InlineData("8D", 404)]
    // A new table size first, then 200.
    [InlineData("2088", 200)]
    // Literal with the static name and plain digits: 503.
    [InlineData("0803353033", 503)]
    // The same in Huffman code, with indexing: 302, from RFC 7541 C.6.1.
    [InlineData("4882640258", 302)]
    // 307, from RFC 7541 C.6.2.
    [InlineData("4883640EFF", 307)]
    // Written out: :status: 418.
    [InlineData("00073A73746174757303343138", 418)]
    // Trailers have no status.
    [InlineData("000161016200", 0)]
    [InlineData("", 0)]
    [InlineData("FF", -1)]
    [InlineData("BE", -1)]
    [InlineData("0803355A33", -1)]
    public void The_status_is_found_in_a_header_block(string block, int status) => Assert.Equal(status, HpackStatus.Read(Convert.FromHexString(block)));

    [Fact]
    public void Any_block_at_all_is_read_or_refused()
    {
        var random = new Random(443);
        for (int attempt = 0; attempt < 50_000; attempt++)
        {
            byte[] block = new byte[random.Next(12)];
            random.NextBytes(block);
            Assert.InRange(HpackStatus.Read(block), -1, 999);
        }
    }

    [Fact]
    public void Frames_are_the_same_however_they_are_cut()
    {
        var output = new OutputBuffer(64);
        Http2Frames.AppendSettings(output, (Http2Frames.MaximumConcurrentStreams, 100u));
        "abc"u8.CopyTo(Http2Frames.Append(output, 3, Http2Frames.Headers, Http2Frames.EndHeaders, 1));
        Http2Frames.Append(output, 10, Http2Frames.Data, Http2Frames.EndStream, 1).Clear();
        Http2Frames.Append(output, 0, Http2Frames.Data, Http2Frames.EndStream, 3);
        Http2Frames.AppendReset(output, 5, Http2Frames.Cancel);
        byte[] all = output.Pending.ToArray();
        for (int size = 1; size <= all.Length; size++)
        {
            var frames = new Frames();
            var reader = new Http2FrameReader(frames);
            foreach (byte[] piece in all.Chunk(size))
                reader.Read(piece);

            Assert.Equal(["4 0 6", "1 1 3", "3 5 4"], frames.Whole);
            Assert.Equal(10, frames.DataBytes);
            Assert.Equal([1, 3], frames.Ended);
        }
    }

    [Fact]
    public void Streams_are_found_by_number_in_whatever_order_they_end()
    {
        var streams = new Http2Streams();
        var random = new Random(443);
        var open = new HashSet<int>();
        for (int number = 1; number < 20_000; number += 2)
        {
            streams.Add(number).Status = number;
            open.Add(number);
            while (open.Count > random.Next(1, 200))
            {
                int ended = open.ElementAt(random.Next(open.Count));
                open.Remove(ended);
                ref Http2Streams.Stream stream = ref streams.Find(ended);
                Assert.Equal(ended, stream.Status);
                streams.Remove(ref stream);
                Assert.True(System.Runtime.CompilerServices.Unsafe.IsNullRef(ref streams.Find(ended)));
            }

            Assert.Equal(open.Count, streams.Count);
        }
    }

    [Theory]
    [InlineData("example.com", "00000100000100000000000007" + "6578616D706C65" + "03636F6D" + "0000010001")]
    [InlineData("a. AAAA", "000001000001000000000000" + "0161" + "00001C0001")]
    [InlineData(". 257", "000001000001000000000000" + "0001010001")]
    public void Queries_have_their_wire_format(string line, string wire)
    {
        Assert.True(DnsQuery.TryParse(line, out byte[] message, out _));
        Assert.Equal(wire, Convert.ToHexString(message));
    }

    [Theory]
    [InlineData("")]
    [InlineData("example.com QUESTION")]
    [InlineData("a..b A")]
    [InlineData("one two three")]
    public void Queries_that_are_none_are_refused_with_a_reason(string line)
    {
        Assert.False(DnsQuery.TryParse(line, out _, out string problem));
        Assert.NotEmpty(problem);
    }

    private sealed class Frames : IHttp2FrameSink
    {
        public List<string> Whole { get; } = [];

        public List<int> Ended { get; } = [];

        public int DataBytes { get; private set; }

        public void DataReceived(int stream, int length, bool endsStream)
        {
            DataBytes += length;
            if (endsStream)
                Ended.Add(stream);
        }

        public void FrameReceived(byte type, byte flags, int stream, ReadOnlySpan<byte> payload) => Whole.Add($"{type} {stream} {payload.Length}");

        public void FrameTooLarge() => Assert.Fail("no frame is");
    }
}
