using System.Security.Cryptography.X509Certificates;

namespace Actors443.Certificates;

/// <summary>A certificate as people are shown it.</summary>
public sealed record CertificateInfo
{
    /// <summary>DNS names and IP addresses it covers.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary><c>ECDSA P-256</c>, <c>RSA 2048</c>.</summary>
    public required string Key { get; init; }

    /// <summary>Who signed it.</summary>
    public required string Issuer { get; init; }

    /// <summary>Start of validity.</summary>
    public required DateTimeOffset NotBefore { get; init; }

    /// <summary>End of validity.</summary>
    public required DateTimeOffset NotAfter { get; init; }

    /// <summary>A path, or <c>local CA</c>.</summary>
    public required string Source { get; init; }

    /// <summary>SHA-256 of the certificate, hexadecimal.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>When it is to be renewed; null: not by us.</summary>
    public DateTimeOffset? NextRenewal { get; init; }

    /// <summary>How many certificates of these names there have been, this one counted; null: not counted.</summary>
    public long? Generation { get; init; }

    internal static CertificateInfo Of(ServerCertificate certificate) => new()
    {
        Names = certificate.Names,
        Key = DescribeKey(certificate.Leaf),
        Issuer = certificate.Leaf.GetNameInfo(X509NameType.SimpleName, forIssuer: true),
        NotBefore = certificate.NotBefore,
        NotAfter = certificate.NotAfter,
        Source = certificate.Source,
        Fingerprint = certificate.Leaf.GetCertHashString(System.Security.Cryptography.HashAlgorithmName.SHA256),
    };

    private static string DescribeKey(X509Certificate2 leaf)
    {
        using System.Security.Cryptography.RSA? rsa = leaf.GetRSAPublicKey();
        if (rsa is not null)
            return $"RSA {rsa.KeySize}";
        using System.Security.Cryptography.ECDsa? ecdsa = leaf.GetECDsaPublicKey();
        return ecdsa is null ? "unknown" : $"ECDSA P-{ecdsa.KeySize}";
    }
}
