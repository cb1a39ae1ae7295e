using System.Globalization;
using System.Security.Authentication;
using System.Text.RegularExpressions;
using Actors443.Connections;
using Actors443.Tls;

namespace Actors443.Engine.Portable;

/// <summary>What a failed handshake of SslStream means.</summary>
internal static partial class HandshakeFailure
{
    private const int ReasonMask = 0x7FFFFF;

    public static (CloseReason Reason, string? Detail) Classify(Exception cause, bool peerEnded, bool clientCertificateAsked)
    {
        if (cause is AuthenticationException authentication)
        {
            if (AlertOf(authentication) is { } alert)
                return (CloseReason.HandshakeFailed, TlsAlertNames.SentByClient(alert));
            string detail = Innermost(authentication).Message;
            // SslStream says no more than that its validation callback refused.
            return clientCertificateAsked && authentication.InnerException is null
                ? (CloseReason.ClientCertificateRejected, detail)
                : (CloseReason.HandshakeFailed, detail);
        }

        return peerEnded ? (CloseReason.ClientClosed, "during the handshake") : (CloseReason.ClientReset, "during the handshake");
    }

    /// <summary>The alert that the client sent; null: it sent none, or the platform does not tell.</summary>
    public static byte? AlertOf(Exception cause)
    {
        // OpenSSL's error as text, "error:0A000418:SSL routines::tlsv1 alert unknown ca": there is no other way to it.
        Match match = OpenSslError().Match(Innermost(cause).Message);
        if (!match.Success)
            return null;
        return TlsAlertNames.ReceivedBy(int.Parse(match.ValueSpan["error:".Length..], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & ReasonMask);
    }

    private static Exception Innermost(Exception cause)
    {
        while (cause.InnerException is { } inner)
            cause = inner;
        return cause;
    }

    [GeneratedRegex("error:[0-9A-Fa-f]{8}")]
    private static partial Regex OpenSslError();
}
