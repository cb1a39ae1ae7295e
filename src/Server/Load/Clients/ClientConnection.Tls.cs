using Actors443.Engine.EventLoop.Interop;
using Actors443.Server.Load.Results;
using Actors443.Tls;

namespace Actors443.Server.Load.Clients;

internal sealed unsafe partial class ClientConnection
{
    private const int ReadsPerEvent = 16;
    private const int RecordLength = 16 * 1024;

    private nint _offered;

    private void Handshake()
    {
        int result = OpenSsl.SSL_do_handshake(_ssl);
        if (result == 1)
        {
            Resumed = OpenSsl.SSL_session_reused(_ssl) == 1;
            Recorder.Handshaken(Resumed, ClientLoop.ToMicroseconds(ClientLoop.Timestamp - _startedAt));
            Ask(ReadInterest);
            if (_phase == Phase.Handshaking)
                Opened();
            // What the server sent with the end of its handshake is in memory, where epoll does not see it.
            if (_phase == Phase.Open && !_plan.ReadsOnDemand && OpenSsl.SSL_has_pending(_ssl) == 1)
                Receive();
            return;
        }

        switch (OpenSsl.SSL_get_error(_ssl, result))
        {
            case OpenSsl.ErrorWantRead:
                Ask(_plan.StopsInHandshake ? LibC.EpollReadHangUp : LibC.EpollIn);
                break;
            case OpenSsl.ErrorWantWrite:
                Ask(LibC.EpollOut);
                break;
            case var error:
                End(FromOpenSsl(error, "handshake"));
                break;
        }
    }

    /// <summary>Reads a little, for a client that reads slowly.</summary>
    /// <param name="count">At most so many bytes.</param>
    public void ReadSome(int count)
    {
        if (_phase != Phase.Open)
            return;
        int read = OpenSsl.SSL_read(_ssl, _loop.ReadBuffer, Math.Min(count, ClientLoop.ReadBufferLength));
        if (read > 0)
            Recorder.BytesReceived += read;
        else
            ReceivedNothing(OpenSsl.SSL_get_error(_ssl, read));
    }

    private void Receivable()
    {
        // All that is told to one who does not read is that the server has gone.
        if (_plan.ReadsOnDemand)
            End(new LoadError(LoadErrorKind.Closed, Protocol.Waiting));
        else
            Receive();
    }

    private void Receive()
    {
        if (_ssl == 0)
        {
            ReceivePlain();
            return;
        }

        for (int reads = 0; reads < ReadsPerEvent && _phase == Phase.Open; reads++)
        {
            int count = OpenSsl.SSL_read(_ssl, _loop.ReadBuffer, ClientLoop.ReadBufferLength);
            if (count <= 0)
            {
                ReceivedNothing(OpenSsl.SSL_get_error(_ssl, count));
                return;
            }

            Recorder.BytesReceived += count;
            Protocol.Received(new ReadOnlySpan<byte>(_loop.ReadBuffer, count));
            // A short record with nothing behind it: asking again would only cost a call.
            if (_phase != Phase.Open || count < RecordLength && OpenSsl.SSL_has_pending(_ssl) == 0)
                return;
        }

        // Other sockets have their turn; what is still in OpenSSL's memory epoll does not see.
        if (_phase == Phase.Open && OpenSsl.SSL_has_pending(_ssl) == 1)
            _loop.Loop.Post(new ReceiveMore(this));
    }

    private void ReceivedNothing(int error)
    {
        switch (error)
        {
            case OpenSsl.ErrorWantRead:
                break;
            case OpenSsl.ErrorWantWrite:
                Ask(ReadInterest | LibC.EpollOut);
                break;
            case OpenSsl.ErrorZeroReturn:
                EndedByServer();
                break;
            default:
                End(FromOpenSsl(error, Protocol.Waiting));
                break;
        }
    }

    private void ReceivePlain()
    {
        nint count = LibC.read(_descriptor, _loop.ReadBuffer, ClientLoop.ReadBufferLength);
        if (count > 0)
            Protocol.Received(new ReadOnlySpan<byte>(_loop.ReadBuffer, (int)count));
        else if (count == 0)
            EndedByServer();
        else if (LibC.Error is not (LibC.EAGAIN or LibC.EINTR))
            End(FromErrno(LibC.Error, Protocol.Waiting));
    }

    // The server said goodbye: a failure only if it still owed something.
    private void EndedByServer() => End(Protocol.CloseIsFailure() ? new LoadError(LoadErrorKind.Closed, Protocol.Waiting) : null);

    /// <summary>Sends what the loop gathered for this connection; what the socket does not take waits here.</summary>
    public void Send(OutputBuffer output)
    {
        if (_phase != Phase.Open || !_unsent.IsEmpty)
        {
            if (_phase == Phase.Open)
                _unsent.Append(output.Pending);
            output.Take(output.Length);
            return;
        }

        if (Write(output) && !output.IsEmpty)
        {
            _unsent.Append(output.Pending);
            Ask(ReadInterest | LibC.EpollOut);
        }

        output.Take(output.Length);
    }

    private void SendRest()
    {
        if (!Write(_unsent))
            return;
        if (_unsent.IsEmpty)
        {
            _unsent.Release();
            Ask(ReadInterest);
            Protocol.Drained();
        }
    }

    /// <summary>True as long as the connection lives, whether or not all could be written.</summary>
    private bool Write(OutputBuffer output)
    {
        while (!output.IsEmpty)
        {
            int written;
            ReadOnlySpan<byte> pending = output.Pending;
            fixed (byte* bytes = pending)
                written = _ssl != 0 ? OpenSsl.SSL_write(_ssl, bytes, pending.Length) : (int)LibC.write(_descriptor, bytes, (nuint)pending.Length);
            if (written > 0)
            {
                Recorder.BytesSent += written;
                output.Take(written);
                continue;
            }

            int error = _ssl != 0 ? OpenSsl.SSL_get_error(_ssl, written) : LibC.Error == LibC.EAGAIN ? OpenSsl.ErrorWantWrite : OpenSsl.ErrorSystemCall;
            if (error is OpenSsl.ErrorWantWrite or OpenSsl.ErrorWantRead)
                return true;
            End(_ssl != 0 ? FromOpenSsl(error, Protocol.Waiting) : FromErrno(LibC.Error, Protocol.Waiting));
            return false;
        }

        return true;
    }

    private LoadError FromOpenSsl(int error, string phase)
    {
        if (error == OpenSsl.ErrorSystemCall)
        {
            int errno = LibC.LastSystemError;
            OpenSsl.ClearErrors();
            return errno == 0 ? new LoadError(LoadErrorKind.Closed, phase) : FromErrno(errno, phase);
        }

        int reason = OpenSsl.TakeReason();
        return reason switch
        {
            OpenSsl.ReasonUnexpectedEof => new LoadError(LoadErrorKind.Closed, phase),
            OpenSsl.ReasonCertificateVerifyFailed => new LoadError(LoadErrorKind.Tls, OpenSsl.VerifyText(OpenSsl.SSL_get_verify_result(_ssl))),
            _ when TlsAlertNames.ReceivedBy(reason) is { } alert => new LoadError(LoadErrorKind.TlsAlert, TlsAlertNames.Of(alert)),
            _ => new LoadError(LoadErrorKind.Tls, OpenSsl.ReasonText(reason)),
        };
    }

    private sealed class ReceiveMore(ClientConnection connection) : Akka.Dispatch.IRunnable
    {
        public void Run()
        {
            if (connection._phase == Phase.Open)
                connection.Receive();
            connection._loop.Flush();
        }

        public void Execute() => Run();
    }
}
