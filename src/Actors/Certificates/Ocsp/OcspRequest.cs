using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Certificates.Ocsp;

/// <summary>What a responder is asked: one certificate by its CertID (RFC 6960 4.1.1), without a nonce so that answers may come from a cache (RFC 5019).</summary>
internal static class OcspRequest
{
    private const string Sha1 = "1.3.14.3.2.26";

    public static byte[] For(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
        using (writer.PushSequence())
            writer.WriteEncodedValue(CertificateId(certificate, issuer));
        return writer.Encode();
    }

    /// <summary>As responders give it back.</summary>
    public static byte[] CertificateId(X509Certificate2 certificate, X509Certificate2 issuer)
    {
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            using (writer.PushSequence())
            {
                writer.WriteObjectIdentifier(Sha1);
                writer.WriteNull();
            }

#pragma warning disable CA5350 // A name for the issuer, no signature: RFC 5019 2.1.1 wants SHA-1.
            writer.WriteOctetString(SHA1.HashData(certificate.IssuerName.RawData));
            writer.WriteOctetString(SHA1.HashData(issuer.PublicKey.EncodedKeyValue.RawData));
#pragma warning restore CA5350
            writer.WriteInteger(new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true));
        }

        return writer.Encode();
    }
}
