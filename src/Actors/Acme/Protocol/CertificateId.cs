using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Acme.Protocol;

/// <summary>The name of a certificate in renewal information and <c>replaces</c> (RFC 9773 4.1). Stateless.</summary>
internal static class CertificateId
{
    /// <summary>Null: the certificate does not name its issuer's key, so that it has no such name.</summary>
    public static string? Of(X509Certificate2 certificate)
    {
        if (certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is not { } issuer)
            return null;
        ReadOnlySpan<byte> serial = certificate.SerialNumberBytes.Span;
        // As DER has it: a positive number whose first bit is set begins with a zero byte.
        byte[] encoded = serial.Length > 0 && serial[0] >= 0x80 ? [0, .. serial] : serial.ToArray();
        return $"{Base64Url.EncodeToString(issuer.Span)}.{Base64Url.EncodeToString(encoded)}";
    }
}
