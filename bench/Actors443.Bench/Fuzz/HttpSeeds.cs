namespace Actors443.Bench.Fuzz;

/// <summary>What well-behaved clients say inside TLS, to be changed.</summary>
internal static class HttpSeeds
{
    private static readonly byte[] HelloHeaders = [0x82, 0x87, 0x04, 0x06, .. "/hello"u8, 0x01, 0x09, .. "localhost"u8];
    private static readonly byte[] PostHeaders = [0x83, 0x87, 0x04, 0x06, .. "/proxy"u8, 0x01, 0x09, .. "localhost"u8];

    public static IReadOnlyList<byte[]> Http1 { get; } =
    [
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(),
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\nGET /files/hello.txt HTTP/1.1\r\nHost: localhost\r\nRange: bytes=2-5\r\nIf-None-Match: \"x\"\r\n\r\n"u8.ToArray(),
        "POST /proxy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n0123456789"u8.ToArray(),
        "POST /proxy HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: x\r\n\r\n5\r\nhello\r\n0;a=b\r\n\r\n0\r\nx: y\r\n\r\n"u8.ToArray(),
        "GET /proxy HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n\x81\x85\x01\x02\x03\x04hello"u8.ToArray(),
        "OPTIONS * HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip, br;q=0\r\nCookie: a=b; c=d\r\n\r\nCONNECT localhost:1 HTTP/1.1\r\nHost: localhost:1\r\n\r\n"u8.ToArray(),
    ];

    public static IReadOnlyList<byte[]> Http2 { get; } =
    [
        [.. Preface, .. Frame(1, 5, 1, HelloHeaders)],
        [.. Preface, .. Frame(1, 5, 1, HelloHeaders), .. Frame(3, 0, 1, [0, 0, 0, 8]), .. Frame(1, 5, 3, HelloHeaders), .. Frame(6, 0, 0, new byte[8])],
        [.. Preface, .. Frame(1, 4, 1, PostHeaders), .. Frame(0, 0, 1, "some of it"u8), .. Frame(0, 1, 1, "the rest"u8), .. Frame(8, 0, 0, [0, 1, 0, 0])],
        [.. Preface, .. Frame(1, 1, 1, HelloHeaders.AsSpan(0, 4)), .. Frame(9, 4, 1, HelloHeaders.AsSpan(4)), .. Frame(2, 0, 1, [0, 0, 0, 0, 16])],
        [.. Preface, .. Frame(4, 1, 0, []), .. Frame(4, 0, 0, [0, 1, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 5, 0, 0, 0x40, 0]), .. Frame(1, 5, 1, HelloHeaders), .. Frame(7, 0, 0, new byte[8])],
        [.. Preface, .. Frame(1, 0x2D, 1, [3, 0, 0, 0, 0, 5, .. HelloHeaders, 0, 0, 0]), .. Frame(0, 9, 3, [2, 65, 0, 0])],
    ];

    private static byte[] Preface => [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. Frame(4, 0, 0, [])];

    /// <summary>Frames that make no sense together, each well formed on its own.</summary>
    public static byte[] RandomFrames(Random random)
    {
        List<byte> frames = [.. Preface];
        for (int count = random.Next(1, 40); count > 0; count--)
        {
            byte[] payload = new byte[random.Next(6) == 0 ? random.Next(2_000) : random.Next(20)];
            random.NextBytes(payload);
            frames.AddRange(random.Next(4) == 0 ? Frame(1, 5, random.Next(20), HelloHeaders) : Frame(random.Next(12), random.Next(256), random.Next(12), payload));
        }

        return [.. frames];
    }

    private static byte[] Frame(int type, int flags, int stream, ReadOnlySpan<byte> payload) =>
        [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, (byte)type, (byte)flags, 0, 0, 0, (byte)stream, .. payload];
}
