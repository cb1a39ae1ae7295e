using System.Security.Authentication;
using Actors443.Connections;

namespace Actors443.Engine.Portable;

/// <summary>What a failed handshake of SslStream means.</summary>
internal static class HandshakeFailure
{
    public static (CloseReason Reason, string? Detail) Classify(Exception cause, bool peerEnded, bool clientCertificateAsked)
    {
        if (cause is AuthenticationException authentication)
        {
            string detail = authentication.InnerException?.Message ?? authentication.Message;
            // SslStream says no more than that its validation callback refused.
            return clientCertificateAsked && authentication.InnerException is null
                ? (CloseReason.ClientCertificateRejected, detail)
                : (CloseReason.HandshakeFailed, detail);
        }

        return peerEnded ? (CloseReason.ClientClosed, "during the handshake") : (CloseReason.ClientReset, "during the handshake");
    }
}
