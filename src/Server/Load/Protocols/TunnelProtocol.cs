using System.Globalization;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;

namespace Actors443.Server.Load.Protocols;

/// <summary>A CONNECT tunnel (RFC 9110 9.3.6) to something that sends back what it gets: so many bytes there and back, again and again.</summary>
internal sealed class TunnelProtocol(byte[] request, int size, LoopRecorder recorder) : ClientProtocol
{
    private const int LongestHead = 16 * 1024;

    private readonly OutputBuffer _head = new(1024);
    private bool _connected;
    private int _left;
    private long _sentAt = long.MaxValue;

    public override string Waiting => _connected ? "message" : "headers";

    public override long OldestRequest => _sentAt;

    public override void Opened()
    {
        _connected = false;
        _sentAt = ClientLoop.Timestamp;
        Connection.Output.Append(request);
    }

    public override void Received(ReadOnlySpan<byte> bytes)
    {
        if (!_connected && !TakeHead(ref bytes))
            return;
        while (!bytes.IsEmpty)
        {
            int part = Math.Min(_left, bytes.Length);
            bytes = bytes[part..];
            _left -= part;
            if (_left > 0)
                continue;
            recorder.Answered(0, ClientLoop.ToMicroseconds(ClientLoop.Timestamp - _sentAt));
            SendNext();
        }
    }

    public override bool CloseIsFailure() => true;

    public override void Ended()
    {
        _sentAt = long.MaxValue;
        _head.Release();
    }

    private bool TakeHead(ref ReadOnlySpan<byte> bytes)
    {
        int before = _head.Length;
        _head.Append(bytes);
        int end = _head.Pending.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            if (_head.Length > LongestHead)
                Connection.End(new LoadError(LoadErrorKind.Protocol, "response headers above 16 KiB"));
            return false;
        }

        bool read = Http1ResponseHead.TryRead(_head.Pending[..(end + 4)], out Http1ResponseHead response);
        _head.Release();
        bytes = bytes[(end + 4 - before)..];
        if (!read || response.Status is < 200 or > 299)
        {
            Connection.End(read
                ? new LoadError(LoadErrorKind.HttpStatus, response.Status.ToString(CultureInfo.InvariantCulture))
                : new LoadError(LoadErrorKind.Protocol, "malformed response headers"));
            return false;
        }

        _connected = true;
        SendNext();
        return true;
    }

    private void SendNext()
    {
        _left = size;
        _sentAt = ClientLoop.Timestamp;
        Connection.Output.Append(size).Fill((byte)'x');
    }
}
