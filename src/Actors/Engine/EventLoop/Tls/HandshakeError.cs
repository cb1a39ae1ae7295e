using Actors443.Connections;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Tls;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>What OpenSSL's error means, as an end of a connection.</summary>
internal static class HandshakeError
{
    public static (CloseReason Reason, string? Detail) Classify(int reason) => reason switch
    {
        _ when TlsAlertNames.ReceivedBy(reason) is not null => (CloseReason.HandshakeFailed, Describe(reason)),
        OpenSsl.ReasonNoSharedCipher => (CloseReason.NoSharedCipher, null),
        OpenSsl.ReasonUnsupportedProtocol => (CloseReason.NoSharedProtocol, null),
        OpenSsl.ReasonNoApplicationProtocol => (CloseReason.NoApplicationProtocol, null),
        OpenSsl.ReasonPeerSentNoCertificate => ClientVerdict.Missing.ToReason(null),
        OpenSsl.ReasonCertificateVerifyFailed => (CloseReason.ClientCertificateRejected, OpenSsl.ReasonText(reason)),
        0 => (CloseReason.HandshakeFailed, null),
        _ => (CloseReason.HandshakeFailed, OpenSsl.ReasonText(reason)),
    };

    /// <summary>In words.</summary>
    public static string Describe(int reason) => TlsAlertNames.ReceivedBy(reason) is { } alert ? TlsAlertNames.SentByClient(alert) : OpenSsl.ReasonText(reason);
}
