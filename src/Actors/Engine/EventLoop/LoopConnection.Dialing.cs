using System.Diagnostics;
using System.Net;
using Actors443.Connections;
using Actors443.Engine.Dialing;
using Actors443.Engine.EventLoop.Tls;
using Actors443.Tls;

namespace Actors443.Engine.EventLoop;

/// <summary>A connection that this side has made, on which it is the client of TLS. What follows the handshake is the same.</summary>
internal sealed unsafe partial class LoopConnection
{
    // Null: it was accepted.
    private readonly LoopDial? _dial;

    public LoopConnection(LoopDial dial, int descriptor, IPEndPoint local)
        : this(dial.Home, dial.Origin, descriptor, dial.Request.To, local)
    {
        _dial = dial;
        // Handshakes are counted for those that come.
        _handshakeCounted = false;
        ServerName = dial.Request.Tls.Host;
        AllowHandshake(dial.Request.Patience);
    }

    /// <summary>Begins, on its loop, with a socket that is connected.</summary>
    public void StartDialed()
    {
        if (!IsWatched())
            return;
        _origin.Metrics.Accepted(Listener);
        _origin.Owners?.Accepted(this);
        // Of whoever was served before.
        _home.Bio.SetInput(null, 0);
        _ssl = _dial!.Tls.Open(_home.Bio);
        if (_ssl == 0)
        {
            SetReason(CloseReason.InternalError, "there is no memory for TLS");
            Release();
            return;
        }

        Interlocked.Increment(ref _origin.Engine.Sessions);
        _handshakeStarted = Stopwatch.GetTimestamp();
        HandshakeStarted();
        _phase = Phase.Handshaking;
        Step(Handshake);
    }

    private void DialDone(LoopDial dial)
    {
        ClientCertificate = PeerCertificates.Of(_ssl);
        HandshakeCompleted();
        _origin.Metrics.HandshakeCompleted(this, Stopwatch.GetElapsedTime(_handshakeStarted));
        Carry(dial.ServeAsync);
    }

    private (CloseReason Reason, string? Detail) WhyNotDialed(int error)
    {
        if (_dial!.Tls.Refusal is { } refusal)
            return (refusal.Reason, refusal.Problem);
        PeerAlert = TlsAlertNames.ReceivedBy(error);
        return PeerAlert is { } alert ? (CloseReason.HandshakeFailed, DialException.SentByServer(alert)) : HandshakeError.Classify(error);
    }

    // With TLS 1.3 the server looks at our certificate when we are done already, and its alert comes as an answer.
    private void HearAlert(int error)
    {
        PeerAlert = TlsAlertNames.ReceivedBy(error);
        if (PeerAlert is { } alert)
            SetReason(CloseReason.HandshakeFailed, DialException.SentByServer(alert));
    }
}
