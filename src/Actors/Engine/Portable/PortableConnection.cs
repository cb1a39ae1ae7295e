using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine.Http2;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Actors443.Engine.Portable;

/// <summary>A connection of the portable engine: Kestrel's socket connection below, SslStream on top.</summary>
internal sealed class PortableConnection(ConnectionContext transport, string listener, MonotonicClock clock)
    : EngineConnection(listener, PlainAddress.Of(transport.RemoteEndPoint), PlainAddress.Of(transport.LocalEndPoint), clock)
{
    private const int ForNobodyAtMost = 64 * 1024;

    private bool _peerEnded;
    private int _bytesForNobody;
    private bool _wasCutOff;
    private bool _awaitsHello;
    private CancellationTokenSource? _over;

    public bool HasPeerEnded => Volatile.Read(ref _peerEnded);

    public override bool WasCutOff => Volatile.Read(ref _wasCutOff);

    /// <summary>HTTP aborts it to let go of it.</summary>
    public bool AbortIsEnd => EndsAfterTakeOver;

    public override void RequestClose()
    {
        if (Carried is { } carried)
            carried.Stop();
        else
            transport.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
    }

    public override void ClientIsSilent()
    {
        if (Stage == ConnectionState.Accepted && Volatile.Read(ref _awaitsHello) && SilenceDueMs is not 0 && SilenceDueMs <= Clock.NowMs)
            transport.Transport.Input.CancelPendingRead();
    }

    /// <summary>From now on whoever reads can be told that the client is silent.</summary>
    /// <param name="silentAfter">Null: that says nothing.</param>
    public void AwaitHello(TimeSpan? silentAfter)
    {
        ExpectSilence(silentAfter);
        Volatile.Write(ref _awaitsHello, true);
    }

    /// <summary>
    /// So many bytes have come since somebody asked for plaintext, and none of it: what is not a record that is unfinished, and another that was read ahead, is for TLS alone. SslStream answers key updates
    /// (RFC 8446 4.6.3) for as long as they come.
    /// </summary>
    public bool IsTalkingToTls
    {
        get
        {
            // What is led elsewhere unread is not for TLS of ours.
            if (TlsVersion == SslProtocols.None || Stage < ConnectionState.Open || _bytesForNobody <= ForNobodyAtMost)
                return false;
            SetReason(CloseReason.ProtocolError, "TLS: the client sends key updates without end");
            return true;
        }
    }

    /// <summary>Somebody asks for plaintext, so that what came before has been taken.</summary>
    public void AsksForPlaintext() => _bytesForNobody = 0;

    public void CountRead(int bytes)
    {
        _bytesForNobody += bytes;
        BytesRead += bytes;
        BytesArrived();
    }

    /// <summary>Before its first frame.</summary>
    /// <param name="limits">Of its requests.</param>
    /// <param name="over">Cancelled when nothing more is read: its client floods it, or has gone.</param>
    public void SpeaksHttp2(HttpLimitSettings limits, CancellationTokenSource over)
    {
        Http2 = new Http2Frames(this, limits);
        _over = over;
    }

    /// <summary>Its client floods it: whoever reads is about to fail, and reads no more.</summary>
    public void Floods(string what)
    {
        SetReason(CloseReason.FrameFlood, what);
        _over?.Cancel();
    }

    /// <summary>What comes in one piece with the end of the handshake is read before there can be a request.</summary>
    public void Decrypted() => BytesArrived();

    public void CountWritten(int bytes) => BytesWritten += bytes;

    public void PeerEnded() => Volatile.Write(ref _peerEnded, true);

    /// <summary>The client went away before it had all that it came for.</summary>
    public void CutOff() => Volatile.Write(ref _wasCutOff, true);

    public void HandshakeCompleted(SslStream ssl)
    {
        TlsVersion = ssl.SslProtocol;
        CipherSuite = ssl.NegotiatedCipherSuite;
        ApplicationProtocol = ssl.NegotiatedApplicationProtocol;
        Resumed = SslStreamSession.WasResumed(ssl);
        ClientCertificate = ssl.RemoteCertificate as X509Certificate2;
        HandshakeCompleted();
    }

    protected override void AbortTransport() => transport.Abort(new ConnectionAbortedException($"Closed by Actors443: {Reason}."));
}
