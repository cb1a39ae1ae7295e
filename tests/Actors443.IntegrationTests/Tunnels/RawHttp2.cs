using System.Buffers.Binary;
using System.Net.Security;
using System.Text;
using Actors443.Testing;
using static Actors443.Testing.Http2.FrameClient;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>One stream of an HTTP/2 connection, frame by frame: what the framework's client does not ask for.</summary>
internal sealed class RawHttp2 : IAsyncDisposable
{
    private readonly TlsClient _client;
    private readonly Queue<byte> _received = new();
    private long _window = 65_535;

    private RawHttp2(TlsClient client) => _client = client;

    /// <summary>The code of the reset that ended the stream; null: none did.</summary>
    public uint? ResetCode { get; private set; }

    public bool HasEnded { get; private set; }

    public int Status { get; private set; }

    /// <summary>Connects and sends one request on stream 1.</summary>
    public static async Task<RawHttp2> SendAsync(int port, params (string Name, string Value)[] headers)
    {
        TlsClient client = await TlsClient.ConnectAsync(port, configure: options => options.ApplicationProtocols = [SslApplicationProtocol.Http2]);
        var http = new RawHttp2(client);
        await client.Stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await http.WriteFrameAsync(Settings, 0, 0, ReadOnlyMemory<byte>.Empty);
        using var block = new MemoryStream();
        foreach ((string name, string value) in headers)
        {
            // RFC 7541 6.2.2: a literal that is not kept.
            block.WriteByte(0);
            WriteText(block, name);
            WriteText(block, value);
        }

        await http.WriteFrameAsync(Headers, EndHeaders, 1, block.ToArray());
        while (http.Status == 0 && !http.HasEnded)
            await http.ReadFrameAsync();
        return http;
    }

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int part = Math.Min(bytes.Length, 16_384);
            while (_window < part && !HasEnded)
                await ReadFrameAsync();
            _window -= part;
            await WriteFrameAsync(Data, 0, 1, bytes[..part]);
            bytes = bytes[part..];
        }
    }

    /// <summary>This side has said all.</summary>
    public Task EndAsync() => WriteFrameAsync(Data, EndStream, 1, ReadOnlyMemory<byte>.Empty);

    /// <summary>The next bytes; fewer if the stream ends before.</summary>
    public async Task<byte[]> ReadAsync(int count)
    {
        while (_received.Count < count && !HasEnded)
            await ReadFrameAsync();
        byte[] bytes = new byte[Math.Min(count, _received.Count)];
        for (int index = 0; index < bytes.Length; index++)
            bytes[index] = _received.Dequeue();
        return bytes;
    }

    /// <summary>All to the end of the stream.</summary>
    public Task<byte[]> ReadToEndAsync() => ReadAsync(int.MaxValue);

    public ValueTask DisposeAsync() => _client.DisposeAsync();

    private async Task WriteFrameAsync(byte type, byte flags, int stream, ReadOnlyMemory<byte> payload)
    {
        using var frame = new MemoryStream();
        WriteFrame(frame, type, flags, stream, payload.Span);
        await _client.Stream.WriteAsync(frame.GetBuffer().AsMemory(0, (int)frame.Length));
    }

    private async Task ReadFrameAsync()
    {
        byte[] head = new byte[9];
        await _client.Stream.ReadExactlyAsync(head);
        byte[] payload = new byte[(head[0] << 16) | (head[1] << 8) | head[2]];
        await _client.Stream.ReadExactlyAsync(payload);
        int stream = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5));
        switch (head[3])
        {
            case Settings when (head[4] & 1) == 0:
                for (int at = 0; at < payload.Length; at += 6)
                {
                    // SETTINGS_INITIAL_WINDOW_SIZE
                    if (payload[at + 1] == 4)
                        _window += BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(at + 2)) - 65_535;
                }

                await WriteFrameAsync(Settings, 1, 0, ReadOnlyMemory<byte>.Empty);
                break;
            case WindowUpdate when stream == 1:
                _window += BinaryPrimitives.ReadInt32BigEndian(payload);
                break;
            case Headers when Status == 0:
                Status = StatusIn(payload);
                break;
            case Data:
                foreach (byte one in payload)
                    _received.Enqueue(one);
                if (payload.Length > 0)
                {
                    byte[] more = new byte[4];
                    BinaryPrimitives.WriteInt32BigEndian(more, payload.Length);
                    await WriteFrameAsync(WindowUpdate, 0, 0, more);
                    await WriteFrameAsync(WindowUpdate, 0, 1, more);
                }

                break;
            case Reset:
                ResetCode = BinaryPrimitives.ReadUInt32BigEndian(payload);
                HasEnded = true;
                break;
        }

        if (head[3] is Data or Headers && (head[4] & EndStream) != 0)
            HasEnded = true;
    }

    // The first field, after changes of the table's size: from the static table (RFC 7541 A, 8 to 14), or with that name and a value of three digits.
    private static int StatusIn(byte[] block)
    {
        int[] known = [200, 204, 206, 304, 400, 404, 500];
        int start = Array.FindIndex(block, first => (first & 0xe0) != 0x20);
        byte field = block[start];
        return field is >= 0x88 and <= 0x8e ? known[field - 0x88] : int.Parse(Encoding.ASCII.GetString(block, start + 2, 3), System.Globalization.CultureInfo.InvariantCulture);
    }
}
