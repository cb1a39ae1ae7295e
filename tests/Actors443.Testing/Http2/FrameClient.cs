using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Text;

namespace Actors443.Testing.Http2;

/// <summary>An HTTP/2 connection on which any frame can be sent (RFC 9113 4.1). What the server says is read all the while, counted, and not obeyed.</summary>
public sealed class FrameClient : IAsyncDisposable
{
    public const byte Data = 0;
    public const byte Headers = 1;
    public const byte Priority = 2;
    public const byte Reset = 3;
    public const byte Settings = 4;
    public const byte Ping = 6;
    public const byte GoAway = 7;
    public const byte WindowUpdate = 8;
    public const byte Continuation = 9;

    public const byte EndStream = 1;
    public const byte Acknowledged = 1;
    public const byte EndHeaders = 4;
    public const byte Padded = 8;

    /// <summary>RFC 9113 7.</summary>
    public const uint EnhanceYourCalm = 11;

    private readonly TlsClient _client;
    private readonly MemoryStream _unsent = new();
    private readonly Task _reading;
    private readonly ConcurrentDictionary<byte, int> _received = new();
    private long _bytes;
    private int _acknowledged;
    private long _goneAwayAt;

    private FrameClient(TlsClient client)
    {
        _client = client;
        _reading = ReadAsync();
    }

    /// <summary>The error code of the server's GOAWAY that was last; null: none came.</summary>
    public uint? GoneAway { get; private set; }

    /// <summary>The last stream that the server's last GOAWAY names: what was asked after it the server has not seen. Null: none came.</summary>
    public int? LastStream { get; private set; }

    /// <summary>From the server's first GOAWAY to the end of the connection; null: one of them has not come.</summary>
    public TimeSpan? Notice { get; private set; }

    /// <summary>The kind of the first frame that came; null: none has.</summary>
    public byte? First { get; private set; }

    /// <summary>Bytes of frames that came.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>When the server has ended the connection, in order or not.</summary>
    public Task Ended => _reading;

    /// <summary>As the server names this client.</summary>
    public IPEndPoint Local => _client.Local;

    /// <summary>Connects and says what must come first.</summary>
    /// <param name="port">Of 127.0.0.1.</param>
    /// <param name="from">The address to come from; null: the system's choice.</param>
    /// <param name="settings">Identifier and value of each setting.</param>
    public static async Task<FrameClient> ConnectAsync(int port, IPAddress? from = null, params (ushort Id, uint Value)[] settings)
    {
        var client = new FrameClient(await TlsClient.ConnectAsync(port, configure: options => options.ApplicationProtocols = [SslApplicationProtocol.Http2], from: from));
        client._unsent.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        byte[] payload = new byte[6 * settings.Length];
        for (int index = 0; index < settings.Length; index++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(payload.AsSpan(6 * index), settings[index].Id);
            BinaryPrimitives.WriteUInt32BigEndian(payload.AsSpan(6 * index + 2), settings[index].Value);
        }

        client.Add(Settings, 0, 0, payload);
        return client;
    }

    /// <summary>Connects, asks for <c>/</c> and has the head of the answer.</summary>
    /// <param name="port">Of 127.0.0.1.</param>
    public static async Task<FrameClient> ConnectAnsweredAsync(int port)
    {
        FrameClient client = await ConnectAsync(port);
        await client.Add(Headers, EndHeaders | EndStream, 1, Request()).SendAsync();
        await Eventually.HoldsAsync(() => client.Received(Headers) == 1, "the request is answered");
        return client;
    }

    /// <summary>The header block of a request (RFC 7541), with names and values of more headers as they are.</summary>
    public static byte[] Request(string method = "GET", string path = "/", string authority = "localhost", params (string Name, string Value)[] more)
    {
        using var block = new MemoryStream();
        // :scheme https and the names of the others from the static table.
        block.WriteByte(0x87);
        WriteLiteral(block, 2, method);
        WriteLiteral(block, 4, path);
        WriteLiteral(block, 1, authority);
        return WriteMore(block, more);
    }

    /// <summary>The header block of a CONNECT (RFC 9113 8.5).</summary>
    public static byte[] Connect(string authority, params (string Name, string Value)[] more)
    {
        using var block = new MemoryStream();
        WriteLiteral(block, 2, "CONNECT");
        WriteLiteral(block, 1, authority);
        return WriteMore(block, more);
    }

    /// <summary>Writes a text of a header block, not compressed (RFC 7541 5.2).</summary>
    public static void WriteText(MemoryStream block, string text)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(text);
        // RFC 7541 5.1.
        if (bytes.Length < 127)
        {
            block.WriteByte((byte)bytes.Length);
        }
        else
        {
            block.WriteByte(127);
            int rest = bytes.Length - 127;
            for (; rest >= 128; rest >>= 7)
                block.WriteByte((byte)(rest | 128));
            block.WriteByte((byte)rest);
        }

        block.Write(bytes);
    }

    /// <summary>Writes a frame (RFC 9113 4.1).</summary>
    public static void WriteFrame(MemoryStream output, byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        Span<byte> head = stackalloc byte[9];
        BinaryPrimitives.WriteInt32BigEndian(head, payload.Length << 8);
        head[3] = type;
        head[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(head[5..], stream);
        output.Write(head);
        output.Write(payload);
    }

    /// <summary>Frames of a kind that came.</summary>
    public int Received(byte type) => _received.GetValueOrDefault(type);

    /// <summary>Adds a frame to what is sent next.</summary>
    public FrameClient Add(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        WriteFrame(_unsent, type, flags, stream, payload);
        return this;
    }

    /// <inheritdoc cref="Add(byte, byte, int, ReadOnlySpan{byte})"/>
    public FrameClient Add(byte type, byte flags, int stream, uint payload)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, payload);
        return Add(type, flags, stream, bytes);
    }

    /// <summary>Sends what was added. False: the server has ended the connection.</summary>
    public async Task<bool> SendAsync(CancellationToken cancellationToken = default)
    {
        int acknowledged = Volatile.Read(ref _acknowledged);
        for (; acknowledged < Received(Settings); acknowledged++)
            Add(Settings, Acknowledged, 0, []);
        Volatile.Write(ref _acknowledged, acknowledged);
        try
        {
            await _client.Stream.WriteAsync(_unsent.GetBuffer().AsMemory(0, (int)_unsent.Length), cancellationToken);
            return !_reading.IsCompleted;
        }
        catch (IOException)
        {
            return false;
        }
        finally
        {
            _unsent.SetLength(0);
        }
    }

    /// <inheritdoc cref="TlsClient.EndAsync"/>
    public Task EndAsync() => _client.EndAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _client.Reset();
        await _reading;
        await _client.DisposeAsync();
        await _unsent.DisposeAsync();
    }

    private static byte[] WriteMore(MemoryStream block, (string Name, string Value)[] more)
    {
        foreach ((string name, string value) in more)
        {
            WriteLiteral(block, 0, name);
            WriteText(block, value);
        }

        return block.ToArray();
    }

    private static void WriteLiteral(MemoryStream block, byte name, string text)
    {
        // RFC 7541 6.2.2: not kept.
        block.WriteByte(name);
        WriteText(block, text);
    }

    private async Task ReadAsync()
    {
        byte[] head = new byte[9];
        byte[] payload = new byte[16 * 1024];
        try
        {
            while (true)
            {
                await _client.Stream.ReadExactlyAsync(head);
                int length = BinaryPrimitives.ReadInt32BigEndian(head) >>> 8;
                await _client.Stream.ReadExactlyAsync(payload.AsMemory(0, length));
                Volatile.Write(ref _bytes, _bytes + length);
                First ??= head[3];
                bool isAnswer = head[3] == Settings && (head[4] & Acknowledged) != 0;
                if (!isAnswer)
                    _received.AddOrUpdate(head[3], 1, static (_, count) => count + 1);
                if (head[3] != GoAway)
                    continue;
                if (_goneAwayAt == 0)
                    _goneAwayAt = Stopwatch.GetTimestamp();
                LastStream = BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;
                GoneAway = BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(4));
            }
        }
        catch (Exception cause) when (cause is IOException or ObjectDisposedException)
        {
            // The end, in whatever way.
            if (_goneAwayAt != 0)
                Notice = Stopwatch.GetElapsedTime(_goneAwayAt);
        }
    }
}
