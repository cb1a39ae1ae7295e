using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;
using Actors443.Server.Load.Settings;

namespace Actors443.Server.Load.Protocols;

/// <summary>
/// A WebSocket (RFC 6455) over HTTP/1.1. With echo, a message is sent when the last has come back, or when the owner says so; with push, what comes
/// is counted.
/// </summary>
internal sealed class WebSocketProtocol(WebSocketGroup settings, byte[] request, string accept, LoopRecorder recorder) : ClientProtocol
{
    private const int LongestHead = 16 * 1024;
    private const byte FinalBinary = 0x82;
    private const byte Close = 0x88;
    private const byte Pong = 0x8A;
    private const byte MaskBit = 0x80;

    private readonly OutputBuffer _pending = new(1024);
    private State _state;
    private long _sentAt;
    private long _due;
    private long _payloadLeft;
    private bool _finalFrame;
    private bool _wanted;

    private enum State
    {
        Closed,
        Upgrading,
        Open,
        Awaiting,
    }

    public override string Waiting => _state switch { State.Upgrading => "headers", State.Awaiting => "message", _ => "idle" };

    public override long OldestRequest => _state is State.Upgrading or State.Awaiting ? _sentAt : long.MaxValue;

    public override void Opened()
    {
        _pending.Release();
        _payloadLeft = -1;
        _state = State.Upgrading;
        _sentAt = ClientLoop.Timestamp;
        Connection.Output.Append(request);
    }

    /// <summary>A message is due. If the last is not back yet, it is sent when that is; its latency counts from now.</summary>
    /// <param name="due">Stopwatch ticks.</param>
    public void Want(long due)
    {
        if (_state == State.Open)
            SendMessage(due);
        else if (!_wanted)
            (_wanted, _due) = (true, due);
    }

    public override void Received(ReadOnlySpan<byte> bytes)
    {
        if (_pending.IsEmpty)
        {
            int used = Take(bytes);
            if (_state != State.Closed && used < bytes.Length)
                _pending.Append(bytes[used..]);
            return;
        }

        _pending.Append(bytes);
        int taken = Take(_pending.Pending);
        if (_state == State.Closed)
            return;
        _pending.Take(taken);
        if (_pending.IsEmpty)
            _pending.Release();
    }

    public override bool CloseIsFailure() => _state is State.Upgrading or State.Awaiting;

    public override void Ended()
    {
        _state = State.Closed;
        _wanted = false;
        _pending.Release();
    }

    /// <summary>The value the server has to answer a key with (RFC 6455 1.3).</summary>
#pragma warning disable CA5350 // The RFC names SHA-1; it protects nothing here.
    public static string Accept(string key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350

    private int Take(ReadOnlySpan<byte> bytes)
    {
        int position = 0;
        while (position < bytes.Length && _state != State.Closed)
        {
            int used = _state == State.Upgrading ? TakeHead(bytes[position..]) : TakeFrame(bytes[position..]);
            if (used == 0)
                break;
            position += used;
        }

        return position;
    }

    private int TakeHead(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            if (bytes.Length > LongestHead)
                Fail(new LoadError(LoadErrorKind.Protocol, "response headers above 16 KiB"));
            return 0;
        }

        ReadOnlySpan<byte> head = bytes[..(end + 4)];
        if (!Http1ResponseHead.TryRead(head, out Http1ResponseHead response))
        {
            Fail(new LoadError(LoadErrorKind.Protocol, "malformed response headers"));
        }
        else if (response.Status != 101)
        {
            Fail(new LoadError(LoadErrorKind.HttpStatus, response.Status.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
        else if (head.IndexOf(Encoding.ASCII.GetBytes(accept)) < 0)
        {
            Fail(new LoadError(LoadErrorKind.Protocol, "Sec-WebSocket-Accept of another key"));
        }
        else
        {
            _state = State.Open;
            if (_wanted)
                SendWanted();
            else if (settings is { Push: false, Rate: null })
                SendMessage(ClientLoop.Timestamp);
        }

        return end + 4;
    }

    private int TakeFrame(ReadOnlySpan<byte> bytes)
    {
        if (_payloadLeft >= 0)
            return TakePayload(bytes);
        if (bytes.Length < 2)
            return 0;
        int lengthCode = bytes[1] & 0x7F;
        int header = 2 + lengthCode switch { 126 => 2, 127 => 8, _ => 0 };
        if (bytes.Length < header)
            return 0;
        long length = lengthCode switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            127 => BinaryPrimitives.ReadInt64BigEndian(bytes[2..]),
            _ => lengthCode,
        };
        byte opcode = (byte)(bytes[0] & 0x0F);
        if (length < 0 || (bytes[1] & MaskBit) != 0)
        {
            Fail(new LoadError(LoadErrorKind.Protocol, "frame that no server may send"));
            return 0;
        }

        if (opcode >= 8)
        {
            if (bytes.Length < header + length)
                return 0;
            TakeControl(opcode, bytes.Slice(header, (int)length));
            return header + (int)length;
        }

        _payloadLeft = length;
        _finalFrame = (bytes[0] & 0x80) != 0;
        if (length == 0)
            FrameEnded();
        return header;
    }

    private int TakePayload(ReadOnlySpan<byte> bytes)
    {
        int part = (int)Math.Min(_payloadLeft, bytes.Length);
        _payloadLeft -= part;
        if (_payloadLeft == 0)
            FrameEnded();
        return part;
    }

    private void FrameEnded()
    {
        _payloadLeft = -1;
        if (!_finalFrame)
            return;
        if (_state != State.Awaiting)
        {
            recorder.Events++;
            return;
        }

        _state = State.Open;
        recorder.Answered(0, ClientLoop.ToMicroseconds(ClientLoop.Timestamp - _due));
        if (_wanted)
            SendWanted();
        else if (settings.Rate is null)
            SendMessage(ClientLoop.Timestamp);
    }

    private void TakeControl(byte opcode, ReadOnlySpan<byte> payload)
    {
        switch (opcode)
        {
            case Close & 0x0F:
                SendFrame(Close, payload);
                Connection.End(CloseIsFailure() ? new LoadError(LoadErrorKind.Closed, Waiting) : null);
                break;
            case 0x9:
                SendFrame(Pong, payload);
                break;
        }
    }

    private void SendWanted()
    {
        _wanted = false;
        SendMessage(_due);
    }

    private void SendMessage(long due)
    {
        _due = due;
        _sentAt = ClientLoop.Timestamp;
        _state = State.Awaiting;
        Span<byte> payload = Frame(FinalBinary, settings.Size);
        payload.Fill((byte)'x');
    }

    private void SendFrame(byte first, ReadOnlySpan<byte> payload) => payload.CopyTo(Frame(first, payload.Length));

    // The mask of zeros leaves the payload as it is; masking protects proxies from browsers' scripts, and this is neither.
    private Span<byte> Frame(byte first, int length)
    {
        const int Mask = 4;
        OutputBuffer output = Connection.Output;
        int extra = length switch { < 126 => 0, <= ushort.MaxValue => 2, _ => 8 };
        Span<byte> frame = output.Append(2 + extra + Mask + length);
        frame[..(2 + extra + Mask)].Clear();
        frame[0] = first;
        switch (extra)
        {
            case 0:
                frame[1] = (byte)(MaskBit | length);
                break;
            case 2:
                frame[1] = MaskBit | 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame[2..], (ushort)length);
                break;
            default:
                frame[1] = MaskBit | 127;
                BinaryPrimitives.WriteInt64BigEndian(frame[2..], length);
                break;
        }

        return frame[(2 + extra + Mask)..];
    }

    private void Fail(LoadError error) => Connection.End(error);
}
