using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;

namespace Actors443.Acme.Protocol;

/// <summary>The kinds of key that certificates are ordered for.</summary>
public enum CertificateKeyType
{
    /// <summary>ECDSA on P-256: small and fast, and every client of today takes it.</summary>
    EcdsaP256,

    /// <summary>ECDSA on P-384.</summary>
    EcdsaP384,

    /// <summary>RSA of 2,048 bits, for clients of long ago.</summary>
    Rsa2048,

    /// <summary>RSA of 3,072 bits.</summary>
    Rsa3072,

    /// <summary>RSA of 4,096 bits.</summary>
    Rsa4096,
}

/// <summary>The key of a certificate to be ordered, and its signing request. Not thread-safe.</summary>
internal sealed class CertificateKey : IDisposable
{
    // ub-common-name of RFC 5280; many names are longer.
    private const int LongestCommonName = 64;

    private readonly AsymmetricAlgorithm _key;

    private CertificateKey(AsymmetricAlgorithm key)
    {
        _key = key;
        PublicKey = key.ExportSubjectPublicKeyInfo();
    }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public byte[] PublicKey { get; }

    public static CertificateKey Create(CertificateKeyType type) => new(type switch
    {
        CertificateKeyType.EcdsaP384 => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        CertificateKeyType.Rsa2048 => RSA.Create(2048),
        CertificateKeyType.Rsa3072 => RSA.Create(3072),
        CertificateKeyType.Rsa4096 => RSA.Create(4096),
        _ => ECDsa.Create(ECCurve.NamedCurves.nistP256),
    });

    /// <param name="pem">As <see cref="ToPem"/> writes it.</param>
    /// <param name="file">Named when something is wrong.</param>
    /// <exception cref="CertificateException">There is no such key in it.</exception>
    public static CertificateKey FromPem(string pem, string file) => new(PrivateKeyPem.Read(pem, null, file));

    /// <summary>PKCS#8. To be written for the owner alone.</summary>
    public string ToPem() => _key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>The same key as a signer, for revoking its certificate; the caller disposes of it.</summary>
    public AcmeKey ToSigner(string file) => AcmeKey.FromPem(ToPem(), file);

    /// <summary>PKCS#10 in DER. All names are alternative names; the first DNS name that fits is the common name too, for CAs that still ask for one.</summary>
    /// <param name="identifiers">At least one.</param>
    public byte[] SigningRequest(IReadOnlyList<AcmeIdentifier> identifiers)
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (AcmeIdentifier identifier in identifiers)
        {
            if (identifier.Type == AcmeIdentifier.Ip)
                names.AddIpAddress(IPAddress.Parse(identifier.Value));
            else
                names.AddDnsName(identifier.Value);
        }

        var subject = new X500DistinguishedNameBuilder();
        if (identifiers.FirstOrDefault(identifier => identifier.Type == AcmeIdentifier.Dns && identifier.Value.Length <= LongestCommonName) is { } first)
            subject.AddCommonName(first.Value);
        CertificateRequest request = _key is RSA rsa
            ? new CertificateRequest(subject.Build(), rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject.Build(), (ECDsa)_key, _key.KeySize > 256 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSigningRequest();
    }

    public void Dispose() => _key.Dispose();
}
