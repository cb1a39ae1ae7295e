using Actors443.Certificates;

namespace Actors443.Tls;

/// <summary>What a ClientHello says, as far as admission, certificate choice and policy ask (RFC 8446 4.1.2, RFC 6066 3, RFC 7301).</summary>
internal sealed class ClientHello
{
    /// <summary>One of HTTP/3, of which the platform tells the server name alone: TLS 1.3 with any key (RFC 9001 4.2).</summary>
    public static ClientHello OfQuic(string serverName) => new()
    {
        ServerName = serverName.Length == 0 ? null : serverName.TrimEnd('.').ToLowerInvariant(),
        OffersTls13 = true,
        SignatureKeyKinds = CertificateKeyKinds.Any,
    };

    /// <summary>SNI host name in lower case without a trailing dot; null: none sent.</summary>
    public string? ServerName { get; init; }

    public bool OffersTls13 { get; init; }

    public bool OffersTls12 { get; init; }

    /// <summary>Key kinds for which a TLS 1.2 suite with ECDHE and AES-GCM is offered.</summary>
    public CertificateKeyKinds Tls12AeadKeyKinds { get; init; }

    /// <summary>Key kinds whose signatures the client can verify.</summary>
    public CertificateKeyKinds SignatureKeyKinds { get; init; }

    /// <summary>ALPN protocol names; null: the extension was not sent.</summary>
    public IReadOnlyList<string>? ApplicationProtocols { get; init; }

    /// <summary>Carries a session ticket or pre-shared key, so the handshake is probably a resumption and cheap.</summary>
    public bool OffersResumption { get; init; }

    /// <summary>Which program speaks; null: not made from bytes.</summary>
    public Ja4? Ja4 { get; init; }
}
