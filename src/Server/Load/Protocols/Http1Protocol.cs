using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Results;

namespace Actors443.Server.Load.Protocols;

/// <summary>HTTP/1.1 (RFC 9112): one request at a time, kept alive.</summary>
internal sealed class Http1Protocol(IRequestSource source) : HttpClientProtocol(source)
{
    private const int LongestHead = 64 * 1024;

    private readonly OutputBuffer _head = new(1024);
    private State _state;
    private RequestTemplate? _request;
    private long _due;
    private long _sentAt;
    private long _remaining;
    private Http1ResponseHead _response;
    private ChunkedBody _chunked;

    private enum State
    {
        Closed,
        Idle,
        Head,
        Body,
        Chunks,
        UntilClose,
    }

    public override int Room => _state == State.Idle ? 1 : 0;

    public override bool IsBusy => _state > State.Idle;

    public override string Waiting => _state switch { State.Head => "headers", > State.Head => "body", _ => "idle" };

    public override long OldestRequest => IsBusy ? _sentAt : long.MaxValue;

    public override void Opened()
    {
        _state = State.Idle;
        AskForWork();
    }

    public override void Start(RequestTemplate request, long due)
    {
        _request = request;
        _due = due;
        _sentAt = ClientLoop.Timestamp;
        _state = State.Head;
        Connection.Output.Append(request.Http1);
    }

    public override void Received(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            switch (_state)
            {
                case State.Head when !TakeHead(ref bytes):
                    return;
                case State.Head:
                    break;
                case State.Body:
                    int length = (int)Math.Min(_remaining, bytes.Length);
                    bytes = bytes[length..];
                    _remaining -= length;
                    if (_remaining == 0)
                        Complete();
                    break;
                case State.Chunks:
                    bool? whole = _chunked.Take(ref bytes);
                    if (whole is null)
                        Connection.End(new LoadError(LoadErrorKind.Protocol, "malformed chunk"));
                    else if (whole.Value)
                        Complete();
                    break;
                case State.UntilClose:
                    return;
                case State.Idle:
                    Connection.End(new LoadError(LoadErrorKind.Protocol, "bytes that nobody asked for"));
                    return;
                default:
                    return;
            }
        }
    }

    public override bool CloseIsFailure()
    {
        if (_state == State.UntilClose)
        {
            Complete();
            return false;
        }

        return IsBusy;
    }

    public override void Ended()
    {
        _state = State.Closed;
        _head.Release();
    }

    /// <summary>False: more bytes are needed, or it is over.</summary>
    private bool TakeHead(ref ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf("\r\n\r\n"u8);
        if (_head.IsEmpty && end >= 0)
        {
            ReadOnlySpan<byte> whole = bytes[..(end + 4)];
            bytes = bytes[(end + 4)..];
            return Begin(whole);
        }

        // The head comes in pieces: gather them.
        int before = _head.Length;
        _head.Append(bytes);
        end = _head.Pending.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            if (_head.Length > LongestHead)
                Connection.End(new LoadError(LoadErrorKind.Protocol, "response headers above 64 KiB"));
            bytes = default;
            return false;
        }

        bytes = bytes[(end + 4 - before)..];
        bool begun = Begin(_head.Pending[..(end + 4)]);
        _head.Release();
        return begun;
    }

    private bool Begin(ReadOnlySpan<byte> head)
    {
        if (!Http1ResponseHead.TryRead(head, out _response))
        {
            Connection.End(new LoadError(LoadErrorKind.Protocol, "malformed response headers"));
            return false;
        }

        // Interim answers come before the one that counts.
        if (_response.Status is >= 100 and < 200)
            return true;
        if (_request!.HasNoBodyInAnswer || _response.Status is 204 or 304 || _response is { ContentLength: 0, Chunked: false })
        {
            Complete();
            return _state != State.Closed;
        }

        _remaining = _response.ContentLength;
        _chunked = default;
        _state = _response switch { { Chunked: true } => State.Chunks, { ContentLength: > 0 } => State.Body, _ => State.UntilClose };
        return true;
    }

    private void Complete()
    {
        bool close = _response.Close || _state == State.UntilClose;
        _state = State.Idle;
        Complete(_response.Status, _due);
        if (_state != State.Idle)
            return;
        if (close)
            Connection.End(null);
        else
            AskForWork();
    }
}
