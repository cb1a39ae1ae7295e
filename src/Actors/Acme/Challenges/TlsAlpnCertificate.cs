using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Acme.Protocol;

namespace Actors443.Acme.Challenges;

/// <summary>The certificate that answers tls-alpn-01: self-signed, for exactly the one name, with the digest of the key authorization (RFC 8737 3). Stateless.</summary>
internal static class TlsAlpnCertificate
{
    /// <summary>id-pe-acmeIdentifier.</summary>
    public const string AcmeIdentifierOid = "1.3.6.1.5.5.7.1.31";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(7);
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromDays(1);

    /// <summary>With its key, which is used for nothing else.</summary>
    public static X509Certificate2 Make(AcmeIdentifier identifier, string keyAuthorization, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName("CN=ACME challenge"), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (identifier.Type == AcmeIdentifier.Ip)
            names.AddIpAddress(IPAddress.Parse(identifier.Value));
        else
            names.AddDnsName(identifier.Value);
        request.CertificateExtensions.Add(names.Build());
        var digest = new AsnWriter(AsnEncodingRules.DER);
        digest.WriteOctetString(KeyAuthorization.Digest(keyAuthorization));
        request.CertificateExtensions.Add(new X509Extension(AcmeIdentifierOid, digest.Encode(), critical: true));
        return request.CreateSelfSigned(now - ClockTolerance, now + Lifetime);
    }
}
