using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;

namespace Actors443.Server.Load.Protocols;

/// <summary>HTTP/2 (RFC 9113): so many requests in flight at a time. Takes whatever the server sends at once: its windows never close.</summary>
internal sealed class Http2Protocol : HttpClientProtocol, IHttp2FrameSink
{
    private const uint Window = int.MaxValue;
    private const int UpdateAfter = 1 << 29;
    private const int DefaultWindow = 65_535;
    private const int LastStreamNumber = int.MaxValue - 2;

    private readonly int _streamsWanted;
    private readonly Http2FrameReader _frames;
    private readonly Http2Streams _streams = new();
    private readonly OutputBuffer _headers = new(1024);
    private int _peerStreams;
    private int _next;
    private int _receivedSinceUpdate;
    private int _sendWindow;
    private int _initialSendWindow;
    private int _headerStream;
    private bool _headersEndStream;
    private bool _open;
    private bool _leaving;
    private bool _hasTable;
    private bool _tableWithdrawn;

    /// <param name="source">Where requests come from.</param>
    /// <param name="streams">Requests in flight; the server's own limit holds where it is lower.</param>
    public Http2Protocol(IRequestSource source, int streams)
        : base(source)
    {
        _streamsWanted = streams;
        _frames = new Http2FrameReader(this);
    }

    public override int Room => _open && !_leaving ? Math.Min(_streamsWanted, _peerStreams) - _streams.Count : 0;

    public override bool IsBusy => _streams.Count > 0;

    public override string Waiting => _streams.Count > 0 ? "answer" : "idle";

    public override long OldestRequest => _streams.OldestSentAt();

    public override void Opened()
    {
        _frames.Reset();
        _open = true;
        _leaving = false;
        _next = 1;
        _peerStreams = int.MaxValue;
        _sendWindow = _initialSendWindow = DefaultWindow;
        _receivedSinceUpdate = 0;
        _hasTable = true;
        _tableWithdrawn = false;
        _headerStream = 0;
        OutputBuffer output = Connection.Output;
        output.Append(Http2Frames.Preface);
        // Without a table of ours there is nothing to keep between responses.
        Http2Frames.AppendSettings(output, (Http2Frames.HeaderTableSize, 0u), (Http2Frames.EnablePush, 0u), (Http2Frames.InitialWindowSize, Window));
        Http2Frames.AppendWindowUpdate(output, 0, (int)Window - DefaultWindow);
        AskForWork();
    }

    public override void Start(RequestTemplate request, long due)
    {
        int number = _next;
        _next += 2;
        if (number == LastStreamNumber)
            _leaving = true;
        ref Http2Streams.Stream stream = ref _streams.Add(number);
        stream.Due = due;
        stream.SentAt = ClientLoop.Timestamp;
        stream.SendWindow = _initialSendWindow;
        OutputBuffer output = Connection.Output;
        ReadOnlySpan<byte> block = request.Http2.Block(number == 1, _hasTable);
        int resize = _tableWithdrawn ? 1 : 0;
        Span<byte> payload = Http2Frames.Append(
            output, block.Length + resize, Http2Frames.Headers, request.Body.IsEmpty ? (byte)(Http2Frames.EndHeaders | Http2Frames.EndStream) : Http2Frames.EndHeaders, number);
        if (_tableWithdrawn)
        {
            // RFC 7541 6.3: our table is of size 0 from now on.
            payload[0] = 0x20;
            _tableWithdrawn = false;
        }

        block.CopyTo(payload[resize..]);
        if (!request.Body.IsEmpty)
        {
            stream.Request = request;
            SendBody(ref stream);
        }
    }

    public override void Received(ReadOnlySpan<byte> bytes) => _frames.Read(bytes);

    public override bool CloseIsFailure() => IsBusy;

    public override void Ended()
    {
        _open = false;
        _streams.Clear();
        _frames.Reset();
        _frames.Stop();
        _headers.Release();
    }

    void IHttp2FrameSink.DataReceived(int stream, int length, bool endsStream)
    {
        _receivedSinceUpdate += length;
        if (_receivedSinceUpdate > UpdateAfter)
        {
            Http2Frames.AppendWindowUpdate(Connection.Output, 0, _receivedSinceUpdate);
            _receivedSinceUpdate = 0;
        }

        ref Http2Streams.Stream found = ref _streams.Find(stream);
        if (Unsafe.IsNullRef(ref found))
            return;
        found.ReceivedSinceUpdate += length;
        if (endsStream)
        {
            Complete(ref found);
        }
        else if (found.ReceivedSinceUpdate > UpdateAfter)
        {
            Http2Frames.AppendWindowUpdate(Connection.Output, stream, found.ReceivedSinceUpdate);
            found.ReceivedSinceUpdate = 0;
        }
    }

    void IHttp2FrameSink.FrameReceived(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        if (_headerStream != 0 && type != Http2Frames.Continuation)
        {
            Fail("headers broken off");
            return;
        }

        switch (type)
        {
            case Http2Frames.Headers:
                HeadersReceived(flags, stream, payload);
                break;
            case Http2Frames.Continuation:
                ContinuationReceived(flags, stream, payload);
                break;
            case Http2Frames.ResetStream when payload.Length == 4:
                StreamReset(stream, BinaryPrimitives.ReadUInt32BigEndian(payload));
                break;
            case Http2Frames.Settings when (flags & Http2Frames.Acknowledge) == 0:
                SettingsReceived(payload);
                break;
            case Http2Frames.Ping when (flags & Http2Frames.Acknowledge) == 0 && payload.Length == 8:
                payload.CopyTo(Http2Frames.Append(Connection.Output, 8, Http2Frames.Ping, Http2Frames.Acknowledge, 0));
                break;
            case Http2Frames.GoAway when payload.Length >= 8:
                GoAwayReceived(BinaryPrimitives.ReadInt32BigEndian(payload) & 0x7FFFFFFF, BinaryPrimitives.ReadUInt32BigEndian(payload[4..]));
                break;
            case Http2Frames.WindowUpdate when payload.Length == 4:
                WindowUpdated(stream, BinaryPrimitives.ReadInt32BigEndian(payload) & 0x7FFFFFFF);
                break;
            case Http2Frames.PushPromise:
                Fail("push that was switched off");
                break;
        }
    }

    void IHttp2FrameSink.FrameTooLarge() => Fail("frame above 16 KiB");

    private void HeadersReceived(byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        int padding = 0;
        if ((flags & Http2Frames.Padded) != 0 && payload.Length > 0)
        {
            padding = payload[0];
            payload = payload[1..];
        }

        if ((flags & Http2Frames.Priority) != 0 && payload.Length >= 5)
            payload = payload[5..];
        if (padding > payload.Length)
        {
            Fail("padding longer than its frame");
            return;
        }

        payload = payload[..^padding];
        bool endsStream = (flags & Http2Frames.EndStream) != 0;
        if ((flags & Http2Frames.EndHeaders) != 0)
        {
            BlockReceived(stream, payload, endsStream);
            return;
        }

        _headerStream = stream;
        _headersEndStream = endsStream;
        _headers.Append(payload);
    }

    private void ContinuationReceived(byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        if (stream != _headerStream || stream == 0 || _headers.Length > 64 * Http2Frames.LargestPayload)
        {
            Fail("headers that never end");
            return;
        }

        _headers.Append(payload);
        if ((flags & Http2Frames.EndHeaders) == 0)
            return;
        _headerStream = 0;
        BlockReceived(stream, _headers.Pending, _headersEndStream);
        _headers.Release();
    }

    private void BlockReceived(int stream, ReadOnlySpan<byte> block, bool endsStream)
    {
        ref Http2Streams.Stream found = ref _streams.Find(stream);
        if (Unsafe.IsNullRef(ref found))
            return;
        int status = HpackStatus.Read(block);
        if (status < 0)
        {
            Fail("malformed header block");
            return;
        }

        // Interim answers and trailers change nothing.
        if (status >= 200)
            found.Status = status;
        if (endsStream)
            Complete(ref found);
    }

    private void StreamReset(int stream, uint error)
    {
        ref Http2Streams.Stream found = ref _streams.Find(stream);
        if (Unsafe.IsNullRef(ref found))
            return;
        _streams.Remove(ref found);
        Connection.Recorder.Failed(new LoadError(LoadErrorKind.Http2, Http2Frames.ErrorName(error)));
        AskForWork();
    }

    private void SettingsReceived(ReadOnlySpan<byte> payload)
    {
        for (; payload.Length >= 6; payload = payload[6..])
        {
            uint value = BinaryPrimitives.ReadUInt32BigEndian(payload[2..]);
            switch (BinaryPrimitives.ReadUInt16BigEndian(payload))
            {
                case Http2Frames.HeaderTableSize when value < 4_096 && _hasTable:
                    _hasTable = false;
                    _tableWithdrawn = true;
                    break;
                case Http2Frames.MaximumConcurrentStreams:
                    _peerStreams = (int)Math.Min(value, int.MaxValue);
                    break;
                case Http2Frames.InitialWindowSize:
                    int change = (int)Math.Min(value, int.MaxValue) - _initialSendWindow;
                    _initialSendWindow += change;
                    foreach (ref Http2Streams.Stream stream in _streams.Places)
                        stream.SendWindow += change;
                    break;
            }
        }

        Http2Frames.Append(Connection.Output, 0, Http2Frames.Settings, Http2Frames.Acknowledge, 0);
        SendBodies();
        AskForWork();
    }

    private void GoAwayReceived(int lastStream, uint error)
    {
        _leaving = true;
        foreach (ref Http2Streams.Stream stream in _streams.Places)
        {
            // The server says that it has not looked at these.
            if (stream.Number <= lastStream)
                continue;
            _streams.Remove(ref stream);
            Connection.Recorder.Failed(new LoadError(LoadErrorKind.Http2, "GOAWAY " + Http2Frames.ErrorName(error)));
        }

        if (!IsBusy)
            Connection.End(null);
    }

    private void WindowUpdated(int stream, int increment)
    {
        if (stream == 0)
        {
            _sendWindow += increment;
            SendBodies();
            return;
        }

        ref Http2Streams.Stream found = ref _streams.Find(stream);
        if (Unsafe.IsNullRef(ref found))
            return;
        found.SendWindow += increment;
        SendBody(ref found);
    }

    private void SendBodies()
    {
        foreach (ref Http2Streams.Stream stream in _streams.Places)
            SendBody(ref stream);
    }

    private void SendBody(ref Http2Streams.Stream stream)
    {
        while (stream.Request is { } request && Math.Min(_sendWindow, stream.SendWindow) is > 0 and int window)
        {
            ReadOnlySpan<byte> rest = request.Body.Span[stream.BodySent..];
            int length = Math.Min(rest.Length, Math.Min(window, Http2Frames.LargestPayload));
            bool last = length == rest.Length;
            rest[..length].CopyTo(Http2Frames.Append(Connection.Output, length, Http2Frames.Data, last ? Http2Frames.EndStream : (byte)0, stream.Number));
            stream.BodySent += length;
            stream.SendWindow -= length;
            _sendWindow -= length;
            if (last)
                stream.Request = null;
        }
    }

    private void Complete(ref Http2Streams.Stream stream)
    {
        int status = stream.Status;
        long due = stream.Due;
        _streams.Remove(ref stream);
        if (status == 0)
        {
            Fail("answer without a status");
            return;
        }

        Complete(status, due);
        if (_leaving && !IsBusy)
            Connection.End(null);
        else
            AskForWork();
    }

    private void Fail(string what)
    {
        _frames.Stop();
        Connection.End(new LoadError(LoadErrorKind.Protocol, what));
    }
}
