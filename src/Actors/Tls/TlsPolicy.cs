using System.Buffers.Binary;
using System.Net.Security;
using System.Security.Authentication;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Connections;

namespace Actors443.Tls;

/// <summary>
/// Which handshakes are acceptable: forward secrecy always, AEAD always. Enforced on the ClientHello: restricting the TLS library's cipher list
/// instead would switch off .NET's shared SSL_CTX, and session resumption with it. A client that offers an ECDHE AES-GCM suite gets one,
/// since the library prefers these; one that does not is refused here with the right alert. The result is checked once more after the handshake.
/// </summary>
internal sealed class TlsPolicy(TlsPolicyName name)
{
    public TlsPolicyName Name { get; } = name;

    public SslProtocols Protocols { get; } = name == TlsPolicyName.Modern ? SslProtocols.Tls13 : SslProtocols.Tls12 | SslProtocols.Tls13;

    /// <summary>The key kinds that this client and this policy can use; none with the reason why.</summary>
    public (CertificateKeyKinds Usable, CloseReason Refusal, TlsAlert Alert) Examine(ClientHello hello)
    {
        if (hello.OffersTls13)
            return (hello.SignatureKeyKinds, CloseReason.None, default);
        if (!hello.OffersTls12 || !Protocols.HasFlag(SslProtocols.Tls12))
            return (CertificateKeyKinds.None, CloseReason.NoSharedProtocol, TlsAlert.ProtocolVersion);
        CertificateKeyKinds usable = hello.Tls12AeadKeyKinds & hello.SignatureKeyKinds;
        return usable == CertificateKeyKinds.None
            ? (usable, CloseReason.NoSharedCipher, TlsAlert.HandshakeFailure)
            : (usable, CloseReason.None, default);
    }

    /// <summary>Whether a finished handshake is what the policy promises.</summary>
    public bool Accepts(SslProtocols protocol, TlsCipherSuite suite) =>
        Protocols.HasFlag(protocol) && protocol switch
        {
            SslProtocols.Tls13 => true,
            SslProtocols.Tls12 => AeadKeyKind((int)suite) != CertificateKeyKinds.None,
            _ => false,
        };

    /// <summary>For a TLS 1.2 cipher suite list as sent.</summary>
    public static CertificateKeyKinds AeadKeyKinds(ReadOnlySpan<byte> suites)
    {
        CertificateKeyKinds kinds = CertificateKeyKinds.None;
        for (int i = 0; i + 1 < suites.Length; i += 2)
            kinds |= AeadKeyKind(BinaryPrimitives.ReadUInt16BigEndian(suites[i..]));
        return kinds;
    }

    private static CertificateKeyKinds AeadKeyKind(int suite) => (TlsCipherSuite)suite switch
    {
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 or TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => CertificateKeyKinds.Ecdsa,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => CertificateKeyKinds.Rsa,
        _ => CertificateKeyKinds.None,
    };
}
