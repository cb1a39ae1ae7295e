namespace Actors443.Bench.Attacks;

/// <summary>A request whose end two servers could see in two places (RFC 9112 6.3, 11.2).</summary>
/// <param name="Name">What is odd.</param>
/// <param name="Text">From the request line on. A line feed stands for CR LF, U+240A for a bare LF, U+240D for a bare CR, U+2400 for a zero.</param>
/// <param name="MustBeRefused">The rules leave no other reading, or readers are known to differ.</param>
internal sealed record SmugglingCase(string Name, string Text, bool MustBeRefused = true)
{
    private const string Hidden = "GET /smuggled HTTP/1.1\nHost: localhost\n\n";

    public static IReadOnlyList<SmugglingCase> All { get; } =
    [
        Post("CL.TE", $"Content-Length: {6 + Hidden.Length + 4}\nTransfer-Encoding: chunked\n\n0\n\n{Hidden}"),
        Post("TE.CL", $"Transfer-Encoding: chunked\nContent-Length: 4\n\n2d\n{Hidden}\n0\n\n"),
        Post("CL.CL, two values", $"Content-Length: 0\nContent-Length: {Hidden.Length + 4}\n\n{Hidden}"),
        Post("CL twice, same value", "Content-Length: 5\nContent-Length: 5\n\nhello"),
        Post("CL as a list", "Content-Length: 5, 5\n\nhello"),
        Post("CL as a list of two", $"Content-Length: 0, {Hidden.Length + 4}\n\n{Hidden}"),
        Post("CL negative", $"Content-Length: -5\n\n{Hidden}"),
        Post("CL with a plus", $"Content-Length: +5\n\nhello", refuse: false),
        Post("CL in hexadecimal", $"Content-Length: 0x5\n\nhello"),
        Post("CL with a space within", $"Content-Length: 0 5\n\nhello"),
        Post("CL empty", $"Content-Length:\n\n{Hidden}"),
        Post("CL too large", $"Content-Length: 99999999999999999999\n\n{Hidden}"),
        Post("CL that overflows to 5", $"Content-Length: 18446744073709551621\n\nhello"),
        Post("CL with zeros before", $"Content-Length: 0000005\n\nhello", refuse: false),
        Post("CL with a letter", $"Content-Length: 5a\n\nhello"),
        Post("CL with a point", $"Content-Length: 5.0\n\nhello"),
        Post("space before the colon of CL", $"Content-Length : {Hidden.Length + 4}\n\n{Hidden}"),
        Post("space before the colon of TE", $"Transfer-Encoding : chunked\n\n0\n\n{Hidden}"),
        Post("tab before the colon", $"Transfer-Encoding\t: chunked\n\n0\n\n{Hidden}"),
        Post("space before the name", $" Transfer-Encoding: chunked\n\n0\n\n{Hidden}"),
        Post("obs-fold of TE", $"X: a\n Transfer-Encoding: chunked\n\n0\n\n{Hidden}"),
        Post("obs-fold of a value", $"Transfer-Encoding:\n chunked\n\n0\n\n{Hidden}"),
        Post("obs-fold of CL", $"Content-Length: 1\n 0\n\n{Hidden}"),
        Post("TE xchunked", $"Transfer-Encoding: xchunked\n\n0\n\n{Hidden}"),
        Post("TE identity", $"Transfer-Encoding: identity\n\n{Hidden}"),
        Post("TE chunked twice in one", $"Transfer-Encoding: chunked, chunked\n\n0\n\n{Hidden}"),
        Post("TE chunked twice", $"Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n0\n\n{Hidden}"),
        Post("TE chunked, identity", $"Transfer-Encoding: chunked, identity\n\n0\n\n{Hidden}"),
        Post("TE gzip, chunked", $"Transfer-Encoding: gzip, chunked\n\n0\n\n{Hidden}"),
        Post("TE with a parameter", $"Transfer-Encoding: chunked;a=b\n\n0\n\n{Hidden}"),
        Post("TE in quotes", $"Transfer-Encoding: \"chunked\"\n\n0\n\n{Hidden}"),
        Post("TE with a vertical tab", $"Transfer-Encoding: \u000bchunked\n\n0\n\n{Hidden}"),
        Post("TE with a zero behind", $"Transfer-Encoding: chunked\u2400\n\n0\n\n{Hidden}"),
        Post("TE with a zero in its name", $"Transfer-Encoding\u2400: chunked\n\n0\n\n{Hidden}"),
        Post("TE after a bare CR", $"X: a\u240DTransfer-Encoding: chunked\n\n0\n\n{Hidden}"),
        Post("TE after a bare LF", $"X: a\u240ATransfer-Encoding: chunked\nContent-Length: 5\n\n0\n\n{Hidden}"),
        Post("TE with an empty element", $"Transfer-Encoding: , chunked\n\n0\n\n{Hidden}", refuse: false),
        Post("TE with an underscore", $"Transfer_Encoding: chunked\nContent-Length: 5\n\nhello", refuse: false),
        Post("TE with capitals", "Transfer-Encoding: CHUNKED\n\n5\nhello\n0\n\n", refuse: false),
        Post("TE with a tab before", "Transfer-Encoding:\tchunked\n\n5\nhello\n0\n\n", refuse: false),
        Post("TE empty", $"Transfer-Encoding:\n\n{Hidden}"),
        Post("Connection names CL", $"Connection: Content-Length\nContent-Length: 5\n\nhello", refuse: false),
        Post("Connection names TE", $"Connection: Transfer-Encoding\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n", refuse: false),
        Post("chunk extension", "Transfer-Encoding: chunked\n\n5;a=b\nhello\n0\n\n", refuse: false),
        Post("chunk extension in quotes with CR LF", $"Transfer-Encoding: chunked\n\n5;a=\"\nX\"\nhello\n0\n\n"),
        Post("chunk extension ended by a bare LF", $"Transfer-Encoding: chunked\n\n5;a\u240Ahello\n0\n\n{Hidden}"),
        Post("chunk extension with a bare CR", $"Transfer-Encoding: chunked\n\n5;a\u240Db\nhello\n0\n\n"),
        Post("chunk size ended by a bare LF", $"Transfer-Encoding: chunked\n\n5\u240Ahello\n0\n\n"),
        Post("chunk ended by a bare LF", $"Transfer-Encoding: chunked\n\n5\nhello\u240A0\n\n"),
        Post("chunk without its end", $"Transfer-Encoding: chunked\n\n5\nhello0\n\n{Hidden}"),
        Post("chunk longer than it says", $"Transfer-Encoding: chunked\n\n5\nhelloX\n0\n\n{Hidden}"),
        Post("chunk size with a sign", "Transfer-Encoding: chunked\n\n+5\nhello\n0\n\n"),
        Post("chunk size negative", $"Transfer-Encoding: chunked\n\n-1\nhello\n0\n\n"),
        Post("chunk size with 0x", "Transfer-Encoding: chunked\n\n0x5\nhello\n0\n\n"),
        Post("chunk size with a space behind", "Transfer-Encoding: chunked\n\n5 \nhello\n0\n\n"),
        Post("chunk size with a space before", "Transfer-Encoding: chunked\n\n 5\nhello\n0\n\n"),
        Post("chunk size that overflows", $"Transfer-Encoding: chunked\n\nfffffffffffffffff\nhello\n0\n\n{Hidden}"),
        Post("chunk size that overflows to 5", $"Transfer-Encoding: chunked\n\n10000000000000005\nhello\n0\n\n{Hidden}"),
        Post("chunk size missing", $"Transfer-Encoding: chunked\n\n\nhello\n0\n\n{Hidden}"),
        Post("zero in several digits", $"Transfer-Encoding: chunked\n\n5\nhello\n0000\n\n", refuse: false),
        Post("trailers that name CL and TE", $"Transfer-Encoding: chunked\n\n5\nhello\n0\nContent-Length: {Hidden.Length}\nTransfer-Encoding: chunked\n\n", refuse: false),
        Post("last chunk ended by a bare LF", $"Transfer-Encoding: chunked\n\n5\nhello\n0\u240A\u240A{Hidden}"),
        new("GET with a body", $"GET / HTTP/1.1\nHost: localhost\nContent-Length: {Hidden.Length + 4}\n\n{Hidden}", MustBeRefused: false),
        new("HTTP/1.0 with TE", $"POST / HTTP/1.0\nHost: localhost\nConnection: keep-alive\nTransfer-Encoding: chunked\n\n0\n\n{Hidden}", MustBeRefused: false),
        new("HTTP/1.0 with TE and CL", $"POST / HTTP/1.0\nHost: localhost\nConnection: keep-alive\nContent-Length: {5 + Hidden.Length + 4}\nTransfer-Encoding: chunked\n\n0\n\n{Hidden}"),
        new("lines ended by bare LF", "GET / HTTP/1.1\u240AHost: localhost\u240A\u240A", MustBeRefused: false),
        new("request line ended by a bare CR", "GET / HTTP/1.1\u240DHost: localhost\n\n"),
        new("request line in a header", $"GET / HTTP/1.1\nHost: localhost\nX: a\u240D{Hidden}"),
        new("a zero in a value", "GET / HTTP/1.1\nHost: localhost\nX: a\u2400b\n\n"),
        new("two Hosts", "GET / HTTP/1.1\nHost: localhost\nHost: other\n\n"),
        new("no Host", "GET / HTTP/1.1\n\n"),
        new("a target with a space", "GET /a b HTTP/1.1\nHost: localhost\n\n"),
        new("letters in the path whose low bytes are CR LF", "GET /\u00c4\u008d\u00c4\u008aX:y HTTP/1.1\nHost: localhost\n\n", MustBeRefused: false),
        new("letters in the query whose low bytes are CR LF", "GET /?\u00c4\u008d\u00c4\u008aX:y HTTP/1.1\nHost: localhost\n\n", MustBeRefused: false),
        new("letters in the query whose low byte is a space", "GET /?\u00c4\u00a0HTTP/1.1 HTTP/1.1\nHost: localhost\n\n", MustBeRefused: false),
        new("a version that is none", "GET / HTTP/1.2\nHost: localhost\n\n"),
        new("HTTP/2 within HTTP/1.1", "PRI * HTTP/2.0\n\nSM\n\n"),
        new("Expect with a body", $"POST / HTTP/1.1\nHost: localhost\nExpect: 100-continue\nContent-Length: 5\n\nhello", MustBeRefused: false),
        new("Upgrade to h2c", $"GET / HTTP/1.1\nHost: localhost\nConnection: Upgrade, HTTP2-Settings\nUpgrade: h2c\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\n\n", MustBeRefused: false),
        new("a WebSocket that is none", $"GET / HTTP/1.1\nHost: localhost\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Version: 777\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\n\n", MustBeRefused: false),
    ];

    /// <summary>What is sent, with another request behind.</summary>
    public string Bytes => Text.Replace("\n", "\r\n", StringComparison.Ordinal).Replace('\u240A', '\n').Replace('\u240D', '\r').Replace('\u2400', '\0')
        + "GET /second HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

    private static SmugglingCase Post(string name, string rest, bool refuse = true) => new(name, "POST / HTTP/1.1\nHost: localhost\n" + rest, refuse);
}
