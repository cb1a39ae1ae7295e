using System.Buffers;
using Actors443.Connections;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Engine.EventLoop;

/// <summary>What moves between the socket and TLS.</summary>
internal sealed unsafe partial class LoopConnection
{
    /// <summary>TLS bytes gathered before they are given to the socket.</summary>
    private const int SendAtOnce = 64 * 1024;

    private const uint Reading = LibC.EpollIn | LibC.EpollReadHangUp;
    private const uint Ending = LibC.EpollReadHangUp | LibC.EpollHangUp | LibC.EpollError;

    private Unsent _unsent;
    private bool _peerEnded;
    private bool _cutOff;
    private long _farewellBytes;

    private void Receivable(uint events)
    {
        if (_phase is Phase.Parting or Phase.Lingering)
        {
            Discard(events);
            return;
        }

        // Not asked to read: only its end is told here.
        if ((_interest & LibC.EpollIn) == 0)
        {
            if ((events & (LibC.EpollError | LibC.EpollHangUp)) == 0)
                return;
            if (IsOverInOrder(events))
                Unwatch();
            else
                CutOff();
            return;
        }

        nint count = LibC.recv(_descriptor, _home.Received, ConnectionLoop.ReceiveLength, 0);
        if (count > 0)
        {
            BytesRead += (int)count;
            _home.Bio.SetInput(_home.Received, (int)count);
            TlsBytesArrived((int)count);
            bool isAll = count < ConnectionLoop.ReceiveLength;
            // The end was there already when the kernel told of these bytes, and they are all: no need to be told, and to read, once more.
            if (isAll && (events & LibC.EpollReadHangUp) != 0 && _phase is Phase.Open or Phase.Closing)
                SocketEnded();
            // What is told of once is told of again when it is asked for.
            else if ((!isAll || (events & Ending) != 0) && (_interest & LibC.EpollIn) != 0 && _phase != Phase.Closed)
                Watch(_interest);
        }
        else if (count == 0)
        {
            SocketEnded();
        }
        else if (LibC.Error is not (LibC.EAGAIN or LibC.EINTR))
        {
            CutOff();
        }
    }

    /// <summary>The client has closed its side (FIN). Nobody waits for answers then, as with any ASP.NET Core server.</summary>
    private void SocketEnded()
    {
        _peerEnded = true;
        switch (_phase)
        {
            case Phase.ProxyHeader:
                SetReason(CloseReason.ClientClosed, "before a whole PROXY header");
                Release();
                break;
            case Phase.Hello:
                SetReason(CloseReason.ClientClosed, "before a ClientHello");
                Release();
                break;
            case Phase.Deciding:
                SetReason(CloseReason.ClientClosed, "while its handshake was being decided");
                Release();
                break;
            case Phase.Handshaking:
                HandshakeFailed(CloseReason.ClientClosed, "during the handshake");
                Release();
                break;
            case Phase.Open:
                _socketEnded = true;
                bool busy = RequestsInFlight > 0;
                _input.End(null);
                if (_phase == Phase.Open && busy)
                    _context?.FireClosed(inline: false);
                if (AsksNothing)
                    Post(CloseWork);
                break;
            case Phase.Closing:
                _socketEnded = true;
                break;
        }
    }

    private void CutOff()
    {
        if (_phase == Phase.Handshaking)
            HandshakeFailed(CloseReason.ClientReset, "during the handshake");
        // A reset between requests is how many clients leave: nothing was lost.
        if (_phase == Phase.Open && RequestsInFlight == 0 && !Upgraded && Carried is null)
            _peerEnded = true;
        else if (!_peerEnded || RequestsInFlight > 0)
            _cutOff = true;
        _reset = true;
        Release();
    }

    private void Discard(uint events)
    {
        nint count = LibC.recv(_descriptor, _home.Received, ConnectionLoop.ReceiveLength, 0);
        if (count == 0 || (count is > 0 and < ConnectionLoop.ReceiveLength && (events & LibC.EpollReadHangUp) != 0) || (count < 0 && LibC.Error is not (LibC.EAGAIN or LibC.EINTR)))
            DiscardedAll();
        else if (count == ConnectionLoop.ReceiveLength)
            Watch(_interest);
    }

    private void DiscardedAll()
    {
        if (_phase == Phase.Lingering)
        {
            Release();
            return;
        }

        _socketEnded = true;
        Post(CloseWork);
    }

    private void Sendable()
    {
        if (!_unsent.IsEmpty && !SendUnsent())
            return;
        if (!_unsent.IsEmpty)
            return;
        UpdateInterest();
        if (_phase == Phase.Closing)
            SayGoodbye();
        else
            WriteOutput();
    }

    /// <summary>Sends what OpenSSL has put out; what the socket does not take waits. False: the connection is over.</summary>
    private bool SendOutput()
    {
        int length = _home.Bio.OutputLength;
        if (length == 0)
            return true;
        if (_phase == Phase.Closed)
        {
            // What OpenSSL wanted to say to a client that is refused: a session ticket, say.
            _home.Bio.ClearOutput();
            return false;
        }

        int sent = 0;
        if (_unsent.IsEmpty)
        {
            nint count = LibC.send(_descriptor, _home.Bio.Output, (nuint)length, LibC.NoSignal);
            if (count < 0 && LibC.Error is not (LibC.EAGAIN or LibC.EINTR))
            {
                _home.Bio.ClearOutput();
                CutOff();
                return false;
            }

            sent = Math.Max(0, (int)count);
            BytesWritten += sent;
        }

        if (sent < length)
        {
            _unsent.Append(new ReadOnlySpan<byte>(_home.Bio.Output + sent, length - sent));
            Ask(_interest | LibC.EpollOut);
        }

        _home.Bio.ClearOutput();
        return _phase != Phase.Closed;
    }

    private bool SendUnsent()
    {
        ReadOnlySpan<byte> rest = _unsent.Pending;
        fixed (byte* bytes = rest)
        {
            nint count = LibC.send(_descriptor, bytes, (nuint)rest.Length, LibC.NoSignal);
            if (count < 0 && LibC.Error is not (LibC.EAGAIN or LibC.EINTR))
            {
                CutOff();
                return false;
            }

            if (count > 0)
            {
                BytesWritten += (int)count;
                _unsent.Take((int)count);
            }

            return true;
        }
    }

    /// <summary>Reads while there is room for what comes, writes while there is something left.</summary>
    private void UpdateInterest()
    {
        uint reading = _phase switch
        {
            Phase.Open when _socketEnded || _input.IsFull => 0,
            Phase.Closing when _socketEnded => 0,
            // What comes now nobody reads; the end of it is told all the same.
            Phase.Closing => 0,
            _ => Reading,
        };
        Ask(reading | (_unsent.IsEmpty && !_isBlocked ? 0 : LibC.EpollOut));
    }

    private void Ask(uint interest)
    {
        if (_interest == interest)
            return;
        if (_isUnwatched && (interest & LibC.EpollIn) == 0)
            return;
        Watch(interest);
    }

    private void Watch(uint interest)
    {
        _interest = interest;
        if (!TellKernel(interest))
            Reset();
    }

    /// <summary>Tells the kernel what to tell of: each time that it comes about, and now if it is so now. False: it does not, and the reason is set.</summary>
    private bool TellKernel(uint interest)
    {
        uint edges = interest | LibC.EpollEdge;
        bool isWatched = _isUnwatched ? _home.Loop.Register(_descriptor, this, edges) : _home.Loop.Modify(_descriptor, edges);
        _isUnwatched = false;
        if (!isWatched)
            SetReason(CloseReason.InternalError, $"epoll failed with error {LibC.Error}");
        return isWatched;
    }

    /// <summary>TLS bytes that the socket did not take yet.</summary>
    private struct Unsent
    {
        private byte[]? _bytes;
        private int _start;
        private int _end;

        public readonly bool IsEmpty => _start == _end;

        public readonly ReadOnlySpan<byte> Pending => _bytes.AsSpan(_start, _end - _start);

        public void Append(ReadOnlySpan<byte> bytes)
        {
            int length = _end - _start;
            if (_bytes is null || _bytes.Length - _end < bytes.Length)
            {
                byte[] larger = ArrayPool<byte>.Shared.Rent(length + bytes.Length);
                Pending.CopyTo(larger);
                if (_bytes is not null)
                    ArrayPool<byte>.Shared.Return(_bytes);
                (_bytes, _start, _end) = (larger, 0, length);
            }

            bytes.CopyTo(_bytes.AsSpan(_end));
            _end += bytes.Length;
        }

        public void Take(int count)
        {
            _start += count;
            if (_start == _end)
                Release();
        }

        public void Release()
        {
            if (_bytes is not null)
                ArrayPool<byte>.Shared.Return(_bytes);
            (_bytes, _start, _end) = (null, 0, 0);
        }
    }
}
