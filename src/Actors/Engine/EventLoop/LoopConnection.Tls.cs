using System.Buffers;
using System.Diagnostics;
using System.Net.Security;
using System.Security.Authentication;
using Actors443.Connections;
using Actors443.Engine.EventLoop.Http2;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Engine.EventLoop.Tls;
using Actors443.Engine.Http2;
using Actors443.Telemetry;
using Actors443.Tls;

namespace Actors443.Engine.EventLoop;

/// <summary>From the ClientHello to close_notify.</summary>
internal sealed unsafe partial class LoopConnection
{
    private ServerTlsContext? _tls;
    private nint _ssl;
    private byte[]? _hello;
    private int _helloLength;
    private bool _offersResumption;
    private bool _tlsEnded;
    private bool _socketEnded;
    private long _handshakeStarted;
    private Activity? _span;

    private void TlsBytesArrived(int count)
    {
        switch (_phase)
        {
            case Phase.ProxyHeader:
                ReadProxyHeader(count);
                break;
            case Phase.Hello:
                ReadHello(_home.ReceivedMemory[..count]);
                break;
            case Phase.Deciding:
                KeepForLater(count);
                break;
            case Phase.Handshaking:
                Handshake();
                break;
            case Phase.Open when _isRaw:
                TakeReceived(count);
                break;
            case Phase.Open:
                BytesArrived();
                Decrypt();
                break;
        }
    }

    private void ReadHello(ReadOnlyMemory<byte> bytes, bool isKept = false)
    {
        if (_hello is not null && !isKept)
            bytes = Gather(bytes.Span);
        HasSpoken();
        if (Routes is { } routes && LeadByFirstBytes(routes, bytes))
            return;
        ClientHelloStatus status = ClientHelloReader.TryRead(new ReadOnlySequence<byte>(bytes), out ClientHello? hello);
        switch (status)
        {
            case ClientHelloStatus.Complete:
                Answer(hello!, bytes);
                break;
            case ClientHelloStatus.Incomplete:
                if (_hello is null)
                    Gather(bytes.Span);
                break;
            case ClientHelloStatus.PlainHttp:
                Refuse(CloseReason.PlainHttp, null, PlainHttpReply.Bytes);
                break;
            case ClientHelloStatus.NotTls:
                Refuse(CloseReason.NotTls, null, []);
                break;
            default:
                Refuse(CloseReason.MalformedClientHello, null, status.ToAlert());
                break;
        }
    }

    /// <summary>Keeps bytes beyond this turn. All that are kept.</summary>
    private Memory<byte> Gather(ReadOnlySpan<byte> bytes)
    {
        _hello ??= new byte[bytes.Length];
        if (_hello.Length - _helloLength < bytes.Length)
            Array.Resize(ref _hello, _helloLength + bytes.Length);
        bytes.CopyTo(_hello.AsSpan(_helloLength));
        _helloLength += bytes.Length;
        return _hello.AsMemory(0, _helloLength);
    }

    private void Answer(ClientHello hello, ReadOnlyMemory<byte> bytes)
    {
        HelloRead(hello);
        if (Routes?.ByServerName(hello.ServerName) is { } route)
        {
            Lead(route, bytes.Span, hello);
            return;
        }

        CloseReason refusal = _entry.Tls.TryHandshake(this, hello);
        if (refusal != CloseReason.None)
        {
            _origin.Metrics.Refused(refusal);
            Refuse(refusal, null, TlsAlert.AccessDenied);
            return;
        }

        Admitted();
        if (_entry.Tls.FrontEnd.DecidersOf(hello) is { } deciders)
            Consult(deciders, hello, 0);
        else
            Choose(hello);
    }

    private void Choose(ClientHello hello)
    {
        TlsDecision decision = _entry.Tls.FrontEnd.Decide(hello, Remote.Address);
        if (decision.Options is null)
        {
            _origin.Metrics.HandshakeFailed(decision.Refusal, TimeSpan.Zero);
            Refuse(decision.Refusal, decision.Detail, decision.Alert);
            return;
        }

        _offersResumption = hello.OffersResumption;
        BeginHandshake(decision.Options);
    }

    private void BeginHandshake(HandshakeOptions options)
    {
        try
        {
            _tls = options.ForEngine(_entry.MakeTlsContext);
            _ssl = _tls.Open(_home.Bio);
        }
        catch (AuthenticationException cause)
        {
            _origin.Log.ConnectionPathFailed(cause, Id);
            Refuse(CloseReason.InternalError, cause.Message, TlsAlert.InternalError);
            return;
        }

        if (_ssl == 0)
        {
            Refuse(CloseReason.InternalError, "there is no memory for TLS", TlsAlert.InternalError);
            return;
        }

        Interlocked.Increment(ref _origin.Engine.Sessions);
        _handshakeStarted = Stopwatch.GetTimestamp();
        _span = ConnectionTraces.StartHandshake(this);
        HandshakeStarted();
        _phase = Phase.Handshaking;
        if (_hello is not { } hello)
        {
            Handshake();
            return;
        }

        _hello = null;
        fixed (byte* bytes = hello)
        {
            _home.Bio.SetInput(bytes, _helloLength);
            Handshake();
            // All of it: OpenSSL takes what is there.
            _home.Bio.SetInput(null, 0);
        }
    }

    private void Handshake()
    {
        OpenSsl.ClearErrors();
        int result = OpenSsl.SSL_do_handshake(_ssl);
        if (result == 1)
        {
            HandshakeDone();
            return;
        }

        int error = OpenSsl.SSL_get_error(_ssl, result);
        if (error == OpenSsl.ErrorWantRead)
        {
            SendOutput();
            return;
        }

        (CloseReason reason, string? detail) = WhyNot(OpenSsl.TakeReason());
        HandshakeFailed(reason, detail);
        // The alert that says why.
        if (SendOutput())
            Linger();
    }

    private (CloseReason Reason, string? Detail) WhyNot(int error)
    {
        if (_dial is not null)
            return WhyNotDialed(error);
        (CloseReason reason, string? detail) = HandshakeError.Classify(error);
        return reason == CloseReason.ClientCertificateRejected ? _tls!.Options.Clients!.Explain((ClientVerdict)OpenSsl.SSL_get_verify_result(_ssl), detail) : (reason, detail);
    }

    private void HandshakeDone()
    {
        bool isTls13 = OpenSsl.SSL_version(_ssl) == OpenSsl.Tls13;
        TlsVersion = isTls13 ? SslProtocols.Tls13 : SslProtocols.Tls12;
        CipherSuite = (TlsCipherSuite)OpenSsl.SSL_CIPHER_get_protocol_id(OpenSsl.SSL_get_current_cipher(_ssl));
        ApplicationProtocol = SelectedProtocol();
        Resumed = OpenSsl.SSL_session_reused(_ssl) == 1;
        if (_dial is not null)
        {
            DialDone(_dial);
            return;
        }

        if (_tls!.Options.Clients is { } clients && AcceptsClient(clients) is not ClientVerdict.Accepted and var verdict)
        {
            (CloseReason reason, string? detail) = clients.Explain(verdict, "the certificate of the resumed session has expired");
            HandshakeFailed(reason, detail);
            Reset();
            return;
        }

        HandshakeCompleted();
        _entry.Tls.FrontEnd.Completed(_tls.Options.Certificate, Resumed, Remote.Address);
        _origin.Metrics.HandshakeCompleted(this, Stopwatch.GetElapsedTime(_handshakeStarted));
        _span.Completed(this);
        EndSpan();
        // A session to resume is the client's claim. If there was none it has had a full handshake, and pays for one; over its rate, it is banned.
        if (_offersResumption && Resumed == false)
            _entry.Tls.Admission.TryHandshake(Remote.Address, offersResumption: false);
        HandshakeOver();
        if (_tls.Options.EndsAfterHandshake)
        {
            EndAfterHandshake();
            return;
        }

        if (_entry.Tls.Router?.ServerOf(ApplicationProtocol) is { } serve)
        {
            Carry(serve);
            return;
        }

        _phase = Phase.Open;
        // Its client speaks at once, and its first requests, too, are to be answered in parts.
        if (ApplicationProtocol == SslApplicationProtocol.Http2)
        {
            Http2 = new Http2Frames(this, _entry.Request.Limits);
            if (KeepsHttp2OnLoop)
                EnterKestrel();
        }

        // What came with the end of the handshake is there when Kestrel looks, and its answer leaves with the tickets.
        if (_phase == Phase.Open && HasReceived)
        {
            BytesArrived();
            Decrypt();
        }
    }

    /// <summary>Its first bytes have come. What asks for nothing costs nothing of Kestrel's.</summary>
    private void EnterKestrel()
    {
        _httpEnded = false;
        _context = new LoopConnectionContext(this);
        _entry.Enter(_context);
    }

    private void EndAfterHandshake()
    {
        SetReason(CloseReason.ChallengeAnswered);
        _ = OpenSsl.SSL_shutdown(_ssl);
        OpenSsl.ClearErrors();
        if (SendOutput())
            Linger();
    }

    private ClientVerdict AcceptsClient(ClientCertificateVerifier clients)
    {
        ClientCertificate = PeerCertificates.Of(_ssl);
        // A full handshake has just verified it. What a resumed one brings is as old as its ticket.
        if (Resumed != true || ClientCertificate is null)
            return ClientVerdict.Accepted;
        return ClientCertificate.NotAfter.ToUniversalTime() > Clock.UtcNow ? clients.VerifyAgain(ClientCertificate) : ClientVerdict.Rejected;
    }

    private SslApplicationProtocol SelectedProtocol()
    {
        ReadOnlySpan<byte> selected = OpenSsl.SelectedProtocol(_ssl);
        foreach (SslApplicationProtocol protocol in _dial?.Protocols ?? _tls!.Options.Protocols)
        {
            if (protocol.Protocol.Span.SequenceEqual(selected))
                return protocol;
        }

        return default;
    }

    private void HandshakeFailed(CloseReason reason, string? detail)
    {
        SetReason(reason, detail);
        Record(LifecycleEvent.HandshakeFailed, (ushort)reason);
        if (_tls is not null)
            _entry.Tls.FrontEnd.Failed(_tls.Options.Certificate, reason, detail, ServerName, Remote.Address);
        _origin.Metrics.HandshakeFailed(Reason, Stopwatch.GetElapsedTime(_handshakeStarted));
        _span.Failed(Reason, ReasonDetail);
        EndSpan();
    }

    private void EndSpan()
    {
        _span?.Dispose();
        _span = null;
    }

    /// <summary>Something of what was received is to be decrypted yet, be it in memory of the loop or of OpenSSL.</summary>
    private bool HasReceived => _home.Bio.InputLength > 0 || OpenSsl.SSL_has_pending(_ssl) == 1;

    /// <summary>Decrypts all that was received, and lets Kestrel have it.</summary>
    private void Decrypt()
    {
        OpenSsl.ClearErrors();
        int read = 0;
        int received = _home.Bio.InputLength;
        int said = _home.Bio.OutputLength;
        while (!_tlsEnded)
        {
            byte* room = _input.Reserve(out int length);
            int count = OpenSsl.SSL_read(_ssl, room, length);
            if (count > 0)
            {
                read += count;
                var bytes = new ReadOnlySpan<byte>(room, count);
                if (Http2 is null)
                {
                    _input.Advance(count);
                }
                else if (KeepsHttp2OnLoop)
                {
                    if (!HearInParts(Http2, bytes, ref said))
                        return;
                }
                else if (Http2.Hear(bytes) is { } flood)
                {
                    EndFlood(flood);
                }
                else
                {
                    _input.Advance(count);
                }

                if (!HasReceived)
                    break;
                continue;
            }

            if (!ReadNothing(OpenSsl.SSL_get_error(_ssl, count)))
                return;
            break;
        }

        if (read == 0 || _home.Bio.OutputLength > said)
            CheckPatience(read == 0 ? received : 0, _home.Bio.OutputLength - said);
        else
            _silentBytes = 0;
        if (_input.IsFull)
            UpdateInterest();
        // Whoever waits runs here and now, and may end the connection.
        if (_tlsEnded)
            _input.End(null);
        else
            _input.Publish();
        if (!AsksNothing)
            return;
        if (read > 0)
            EnterKestrel();
        else if (_tlsEnded)
            Post(CloseWork);
    }

    /// <summary>
    /// Lets Kestrel, on this loop, have what the client says, and in parts if it may have to reset streams for it: a record holds hundreds of requests that are all begun before the first is found
    /// to break a rule (CVE-2025-8671).
    /// </summary>
    /// <param name="http2">Looks at it.</param>
    /// <param name="bytes">What was written to the room of the input.</param>
    /// <param name="said">Length of the output of TLS that is not its own.</param>
    /// <returns>False: the connection is over.</returns>
    private bool HearInParts(Http2Frames http2, ReadOnlySpan<byte> bytes, ref int said)
    {
        while (true)
        {
            ReadOnlySpan<byte> rest = bytes;
            if (http2.HearPart(ref rest) is { } flood)
            {
                EndFlood(flood);
                return true;
            }

            _input.Advance(bytes.Length - rest.Length);
            if (rest.IsEmpty)
                return true;
            bytes = rest;
            LoopScheduler.PublishAtOnce(_input);
            if (_dirty && _phase == Phase.Open)
            {
                _answeredBytes += _home.Bio.OutputLength - said;
                WriteOutput();
                said = _home.Bio.OutputLength;
            }

            if (_phase != Phase.Open)
                return false;
            if (_tlsEnded)
                return true;
        }
    }

    /// <summary>False: the connection is over.</summary>
    private bool ReadNothing(int error)
    {
        switch (error)
        {
            case OpenSsl.ErrorWantRead:
                return true;
            case OpenSsl.ErrorZeroReturn:
                // close_notify: the client says no more, and may still listen (RFC 8446 6.1).
                _peerEnded = true;
                _tlsEnded = true;
                return true;
            default:
                int reason = OpenSsl.TakeReason();
                if (_dial is not null)
                    HearAlert(reason);
                SetReason(CloseReason.ProtocolError, $"TLS: {HandshakeError.Describe(reason)}");
                _tlsFailed = true;
                // The alert, if there is one to be sent.
                if (SendOutput())
                    Reset();
                return false;
        }
    }

    private bool _tlsFailed;

    /// <summary>Encrypts and sends what the application has flushed, as far as the socket takes it.</summary>
    private void WriteOutput()
    {
        if (_isRaw)
        {
            WriteRaw();
            return;
        }

        _dirty = false;
        while (_ssl != 0 && _unsent.IsEmpty && _phase is Phase.Open or Phase.Closing)
        {
            int length = _output.Peek(out byte* bytes);
            if (length == 0)
                break;
            if (Http2?.LacksPreface(new ReadOnlySpan<byte>(bytes, length)) == true && !SayPreface())
                return;
            int written = Encrypt(bytes, Math.Min(_output.RecordLength(length), Pipes.Block.Size));
            if (written <= 0)
                return;
            string? flood = Http2?.Say(new ReadOnlySpan<byte>(bytes, written));
            _output.Consume(written);
            if (flood is not null && !_tlsEnded && _phase == Phase.Open)
                EndFlood(flood);
            if (_home.Bio.OutputLength >= SendAtOnce && !SendOutput())
                return;
        }

        if (!SendOutput() || !EndOutputIfSent())
            return;
        // A writer that waited runs here and now; what it writes has its turn at the end of the next tick.
        bool processing = _processing;
        _processing = false;
        if (_unsent.IsEmpty)
            _output.Drained();
        _output.EndTurn();
        _processing = processing;
    }

    /// <summary>Not above 0: the connection is over.</summary>
    private int Encrypt(byte* bytes, int length)
    {
        int written = OpenSsl.SSL_write(_ssl, bytes, length);
        if (written > 0)
            return written;
        OpenSsl.ClearErrors();
        SetReason(CloseReason.ProtocolError, "TLS refuses to write");
        Reset();
        return written;
    }

    /// <summary>Before Kestrel's first frame. False: the connection is over.</summary>
    private bool SayPreface()
    {
        fixed (byte* settings = ServerPreface.Settings.Span)
            return Encrypt(settings, ServerPreface.Settings.Length) > 0;
    }

    /// <summary>The rest of what was written, then close_notify, then the end of our side.</summary>
    private void SayGoodbye()
    {
        WriteOutput();
        if (_phase != Phase.Closing || !_unsent.IsEmpty || _output.Unsent > 0)
        {
            if (_phase == Phase.Closing)
                UpdateInterest();
            return;
        }

        if (!_hasParted && !_peerEnded && Http2 is { HasSaidGoodbye: true })
        {
            Part();
            return;
        }

        if (!_shutdownSaid && !_tlsFailed && !_isRaw)
        {
            _shutdownSaid = true;
            OpenSsl.ClearErrors();
            _ = OpenSsl.SSL_shutdown(_ssl);
            OpenSsl.ClearErrors();
            if (!SendOutput() || !_unsent.IsEmpty)
                return;
        }

        Linger();
    }

    private bool _shutdownSaid;
    private bool _hasParted;

    private void Part()
    {
        _hasParted = true;
        DecideReason();
        _phase = Phase.Parting;
        Ask(Reading);
        if (_phase == Phase.Parting)
            _home.Remind(this, PartingPatience);
    }

    /// <summary>To a connection that is not to have TLS: an alert or a text, and the end.</summary>
    private void Refuse(CloseReason reason, string? detail, TlsAlert alert)
    {
        Span<byte> record = stackalloc byte[TlsAlertRecord.Length];
        TlsAlertRecord.Write(alert, record);
        Refuse(reason, detail, record);
    }

    private void Refuse(CloseReason reason, string? detail, ReadOnlySpan<byte> lastWords)
    {
        SetReason(reason, detail);
        _home.Bio.Write(lastWords);
        if (SendOutput())
            Linger();
    }

    // Closing at once with bytes unread would reset the connection, and the client might lose what it was told last.
    private void Linger()
    {
        FreeTls();
        if (_socketEnded)
        {
            Release();
            return;
        }

        if (_handshakeCounted)
            HandshakeOver();
        _ = LibC.shutdown(_descriptor, LibC.ShutdownWrite);
        _phase = Phase.Lingering;
        _unsent.Release();
        _input.End(null);
        _output.End();
        Ask(Reading);
        if (_phase != Phase.Lingering)
            return;
        _home.Remind(this, LingeringPatience);
        _context?.FireClosed(inline: _httpEnded);
        FinishIfOver();
    }

    private void FreeTls()
    {
        EndSpan();
        if (_ssl == 0)
            return;
        // However it ended: its session can be resumed.
        OpenSsl.SSL_set_shutdown(_ssl, OpenSsl.ShutdownBothWays);
        OpenSsl.SSL_free(_ssl);
        _ssl = 0;
        Interlocked.Decrement(ref _origin.Engine.Sessions);
    }
}
