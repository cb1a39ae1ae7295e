using System.Net;
using System.Net.Quic;
using System.Net.Security;
using System.Runtime.Versioning;
using System.Text;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>One stream of an HTTP/3 connection, frame by frame: what the framework's client does not ask for.</summary>
[SupportedOSPlatform("linux")]
[SupportedOSPlatform("macos")]
[SupportedOSPlatform("windows")]
internal sealed class RawHttp3 : IAsyncDisposable
{
    private const long Data = 0;
    private const long Headers = 1;
    private const long Settings = 4;

    private readonly QuicConnection _connection;
    private readonly QuicStream _control;
    private readonly QuicStream _stream;

    private RawHttp3(QuicConnection connection, QuicStream control, QuicStream stream)
    {
        _connection = connection;
        _control = control;
        _stream = stream;
    }

    public int Status { get; private set; }

    /// <summary>Connects and sends one request.</summary>
    public static async Task<RawHttp3> SendAsync(int port, params (string Name, string Value)[] headers)
    {
        QuicConnection connection = await QuicConnection.ConnectAsync(new QuicClientConnectionOptions
        {
            RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, port),
            DefaultCloseErrorCode = 0x100,
            DefaultStreamErrorCode = 0x100,
            MaxInboundUnidirectionalStreams = 3,
            ClientAuthenticationOptions = new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [SslApplicationProtocol.Http3],
                RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null,
            },
        });
        QuicStream control = await connection.OpenOutboundStreamAsync(QuicStreamType.Unidirectional);
        // A control stream (RFC 9114 6.2.1) with empty settings.
        await control.WriteAsync(new byte[] { 0, (byte)Settings, 0 });
        QuicStream stream = await connection.OpenOutboundStreamAsync(QuicStreamType.Bidirectional);
        var http = new RawHttp3(connection, control, stream);
        using var block = new MemoryStream();
        // RFC 9204 4.5.1: nothing of the dynamic table.
        block.Write([0, 0]);
        foreach ((string name, string value) in headers)
        {
            // RFC 9204 4.5.6: a literal with its name.
            WriteText(block, 0x20, 7, name);
            WriteText(block, 0, 127, value);
        }

        await http.WriteFrameAsync(Headers, block.ToArray());
        while (http.Status == 0)
        {
            (long type, byte[] payload) = await http.ReadFrameAsync() ?? throw new EndOfStreamException("The stream ended before the answer.");
            if (type == Headers)
                http.Status = StatusIn(payload);
        }

        return http;
    }

    public Task WriteAsync(byte[] bytes) => WriteFrameAsync(Data, bytes);

    /// <summary>This side has said all.</summary>
    public void End() => _stream.CompleteWrites();

    /// <summary>All to the end of the stream.</summary>
    /// <exception cref="QuicException">The stream was reset.</exception>
    public async Task<byte[]> ReadToEndAsync()
    {
        using var all = new MemoryStream();
        while (await ReadFrameAsync() is var (type, payload))
        {
            if (type == Data)
                all.Write(payload);
        }

        return all.ToArray();
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        await _control.DisposeAsync();
        await _connection.DisposeAsync();
    }

    // Prefixed integers (RFC 9204 4.1.1), without Huffman coding.
    private static void WriteText(MemoryStream block, int flags, int largest, string text)
    {
        if (text.Length < largest)
        {
            block.WriteByte((byte)(flags | text.Length));
        }
        else
        {
            block.WriteByte((byte)(flags | largest));
            int rest = text.Length - largest;
            for (; rest >= 128; rest >>= 7)
                block.WriteByte((byte)(rest | 128));
            block.WriteByte((byte)rest);
        }

        block.Write(Encoding.ASCII.GetBytes(text));
    }

    // The first field: from the static table (RFC 9204 A), or with that name and a value of three digits.
    private static int StatusIn(byte[] block) => block[2] switch
    {
        0xd9 => 200,
        0xff => block[3] switch { 0 => 100, 1 => 204, 2 => 206, 3 => 302, 4 => 400, 5 => 403, 6 => 421, 7 => 425, _ => 500 },
        _ => int.Parse(Encoding.ASCII.GetString(block, Array.FindIndex(block, 2, one => one == 3) + 1, 3), System.Globalization.CultureInfo.InvariantCulture),
    };

    private async Task WriteFrameAsync(long type, byte[] payload)
    {
        byte[] frame = new byte[5 + payload.Length];
        frame[0] = (byte)type;
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length | unchecked((int)0x8000_0000));
        payload.CopyTo(frame, 5);
        await _stream.WriteAsync(frame);
    }

    private async Task<(long Type, byte[] Payload)?> ReadFrameAsync()
    {
        if (await ReadNumberAsync() is not { } type)
            return null;
        byte[] payload = new byte[await ReadNumberAsync() ?? throw new EndOfStreamException()];
        await _stream.ReadExactlyAsync(payload);
        return (type, payload);
    }

    // RFC 9000 16.
    private async Task<long?> ReadNumberAsync()
    {
        byte[] bytes = new byte[8];
        if (await _stream.ReadAsync(bytes.AsMemory(0, 1)) == 0)
            return null;
        int length = 1 << (bytes[0] >> 6);
        await _stream.ReadExactlyAsync(bytes.AsMemory(1, length - 1));
        long value = bytes[0] & 0x3f;
        for (int at = 1; at < length; at++)
            value = (value << 8) | bytes[at];
        return value;
    }
}
