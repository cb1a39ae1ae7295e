using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Certificates;

/// <summary>What certificates that are issued here are made of (RFC 5280). Pure.</summary>
internal static class CertificateParts
{
    private const int SerialLength = 16;

    /// <summary>For a root that issues leaves and nothing else.</summary>
    public static CertificateRequest Authority(X500DistinguishedName name, ECDsa key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    /// <summary>Host names and IP addresses as subject alternative names.</summary>
    public static X509Extension AlternativeNames(IEnumerable<string> names, bool critical)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        return alternatives.Build(critical);
    }

    /// <summary>Random, and positive (4.1.2.2).</summary>
    public static byte[] SerialNumber()
    {
        byte[] serial = RandomNumberGenerator.GetBytes(SerialLength);
        serial[0] &= 0x7f;
        return serial;
    }
}
