using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Connections;
using Actors443.Tls;

namespace Actors443.Engine.Dialing;

/// <summary>What the client of a connection shows, and wants to be shown. Nothing is resumed. Immutable; thread-safe.</summary>
/// <param name="Host">Asked for by name (SNI), unless it is an address.</param>
/// <param name="Protocol">The one that is offered by ALPN; a server that does not speak it is refused before its certificate is looked at.</param>
/// <param name="Versions">TLS 1.2 and 1.3, or the latter.</param>
/// <param name="Certificate">Shown if the server asks.</param>
/// <param name="Check">Looks at the server's.</param>
internal sealed record ClientTls(string Host, SslApplicationProtocol Protocol, SslProtocols Versions, ServerCertificate Certificate, ServerCheck Check)
{
    /// <summary>As <see cref="Check"/>, after the protocol.</summary>
    /// <param name="spoken">What the server has chosen.</param>
    /// <param name="certificate">Its own; null: it shows none.</param>
    /// <param name="presented">What it has sent besides.</param>
    public ServerVerdict Look(ReadOnlySpan<byte> spoken, X509Certificate2? certificate, IEnumerable<X509Certificate2> presented) =>
        spoken.SequenceEqual(Protocol.Protocol.Span) ? Check(certificate, presented) : new ServerVerdict(ClientVerdict.Rejected, CloseReason.NoApplicationProtocol, $"it does not speak {Protocol}");
}

/// <summary>Looks at the certificate of a server during the handshake. May be called by several threads at once; must not block.</summary>
internal delegate ServerVerdict ServerCheck(X509Certificate2? certificate, IEnumerable<X509Certificate2> presented);

/// <summary>What becomes of a server's certificate.</summary>
/// <param name="Verdict">Decides the alert.</param>
/// <param name="Reason">Why the connection ends; none: it does not.</param>
/// <param name="Problem">The same in words.</param>
internal readonly record struct ServerVerdict(ClientVerdict Verdict, CloseReason Reason, string? Problem)
{
    public bool IsGood => Verdict == ClientVerdict.Accepted;
}
