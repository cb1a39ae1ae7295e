using Actors443.Connections;
using Actors443.Tls;

namespace Actors443.Engine.Dialing;

/// <summary>A connection that this side has made, and on which TLS came to nothing.</summary>
/// <param name="reason">Why it ended.</param>
/// <param name="detail">More about it; null: there is no more.</param>
/// <param name="alert">What the server had to say of it; null: nothing.</param>
internal sealed class DialException(CloseReason reason, string? detail, byte? alert, Exception? cause = null) : IOException(detail ?? reason.ToTag(), cause)
{
    public CloseReason Reason => reason;

    public byte? Alert => alert;

    /// <summary>The server's certificate was looked at, and not taken.</summary>
    public bool IsOurs => reason is CloseReason.ClientCertificateRejected or CloseReason.ClientCertificateRevoked;

    /// <summary>What an alert of the server means.</summary>
    public static string SentByServer(byte alert) => $"the server sent the alert {TlsAlertNames.Of(alert)}";
}
