using System.Net.Security;
using System.Security.Authentication;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Tls;

/// <summary>A real ClientHello taken apart (RFC 8446 4.1.2), to be put together wrongly.</summary>
internal sealed record HelloParts
{
    private const int HeaderLength = 5 + 4;

    /// <summary>legacy_version and random.</summary>
    public required byte[] Start { get; init; }

    public required byte[] SessionId { get; init; }

    public required byte[] Suites { get; init; }

    public required byte[] Compressions { get; init; }

    public required IReadOnlyList<(int Type, byte[] Content)> Extensions { get; init; }

    /// <summary>Bytes within the message, behind all that belongs there.</summary>
    public byte[] Trailing { get; init; } = [];

    /// <summary>What the platform's own client says first.</summary>
    public static async Task<HelloParts> CaptureAsync(SslProtocols protocol)
    {
        using var sent = new FirstFlightStream();
        using var client = new SslStream(sent);
        await Assert.ThrowsAnyAsync<Exception>(() => client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = protocol }));
        return Parse(sent.Written.ToArray().AsSpan(HeaderLength));
    }

    public HelloParts With(int extension, Func<byte[], byte[]> change) =>
        this with { Extensions = [.. Extensions.Select(one => one.Type == extension ? (one.Type, change(one.Content)) : one)] };

    public byte[] ToMessage()
    {
        byte[] extensions = [.. Extensions.SelectMany(one => (byte[])[.. Two(one.Type), .. Two(one.Content.Length), .. one.Content])];
        byte[] body =
        [
            .. Start, (byte)SessionId.Length, .. SessionId, .. Two(Suites.Length), .. Suites, (byte)Compressions.Length, .. Compressions,
            .. Two(extensions.Length), .. extensions, .. Trailing,
        ];
        return [1, 0, .. Two(body.Length), .. body];
    }

    public byte[] ToRecord() => Record(22, ToMessage());

    public static byte[] Record(int type, byte[] content) => [(byte)type, 3, 3, .. Two(content.Length), .. content];

    private static HelloParts Parse(ReadOnlySpan<byte> body)
    {
        byte[] start = Take(ref body, 34);
        byte[] session = Take(ref body, Take(ref body, 1)[0]);
        byte[] suites = Take(ref body, Length(ref body));
        byte[] compressions = Take(ref body, Take(ref body, 1)[0]);
        _ = Length(ref body);
        var extensions = new List<(int, byte[])>();
        while (!body.IsEmpty)
        {
            int type = Length(ref body);
            extensions.Add((type, Take(ref body, Length(ref body))));
        }

        return new HelloParts { Start = start, SessionId = session, Suites = suites, Compressions = compressions, Extensions = extensions };
    }

    private static byte[] Take(ref ReadOnlySpan<byte> bytes, int count)
    {
        byte[] taken = bytes[..count].ToArray();
        bytes = bytes[count..];
        return taken;
    }

    private static int Length(ref ReadOnlySpan<byte> bytes)
    {
        byte[] two = Take(ref bytes, 2);
        return two[0] << 8 | two[1];
    }

    private static byte[] Two(int number) => [(byte)(number >> 8), (byte)number];
}
