using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Certificates;

namespace Actors443.Acme.Protocol;

/// <summary>A certificate as it was downloaded, leaf first (RFC 8555 9.1). Immutable.</summary>
internal sealed class CertificateChain
{
    private CertificateChain(IReadOnlyList<X509Certificate2> certificates, Uri url)
    {
        Certificates = certificates;
        Url = url;
    }

    public IReadOnlyList<X509Certificate2> Certificates { get; }

    public X509Certificate2 Leaf => Certificates[0];

    /// <summary>Where it came from.</summary>
    public Uri Url { get; }

    /// <exception cref="CryptographicException">There is no certificate, or something that is none.</exception>
    public static CertificateChain FromPem(string pem, Uri url)
    {
        var certificates = new List<X509Certificate2>();
        foreach ((string label, byte[] der) in PemBlocks.Of(pem))
        {
            if (label != "CERTIFICATE")
                throw new CryptographicException($"It has a {label} among the certificates.");
            certificates.Add(X509CertificateLoader.LoadCertificate(der));
        }

        return certificates.Count > 0 ? new CertificateChain(certificates, url) : throw new CryptographicException("There is no certificate in it.");
    }

    /// <summary>The chain that leads to a root or issuer of this common name; the first, which is the CA's own choice, if none does.</summary>
    /// <param name="chains">At least one.</param>
    /// <param name="preferred">For example <c>ISRG Root X1</c>; null: the first.</param>
    public static CertificateChain Choose(IReadOnlyList<CertificateChain> chains, string? preferred) =>
        preferred is null ? chains[0] : chains.FirstOrDefault(chain => chain.LeadsTo(preferred)) ?? chains[0];

    /// <summary>Whether an issuer in it, or the root that it ends below, has this common name.</summary>
    public bool LeadsTo(string name) =>
        Certificates.Any(certificate => certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: true).Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>All certificates, leaf first.</summary>
    public string ToPem()
    {
        var pem = new StringBuilder();
        foreach (X509Certificate2 certificate in Certificates)
            pem.Append(certificate.ExportCertificatePem()).Append('\n');
        return pem.ToString();
    }

    /// <summary>Whether it is what was ordered: of this key, for these names, valid now or, by a clock that is slow, soon, signed link by link.</summary>
    /// <exception cref="AcmeException"><see cref="AcmeFailure.WrongCertificate"/>, with all that is wrong.</exception>
    public void Verify(CertificateKey key, IReadOnlyList<AcmeIdentifier> identifiers, DateTimeOffset now)
    {
        var problems = new List<string>();
        if (!Leaf.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.PublicKey))
            problems.Add("Its key is not the one that was sent.");
        problems.AddRange(CertificateValidation.Examine(Leaf, [.. Certificates.Skip(1)], [.. identifiers.Select(identifier => identifier.Value)], now, out _, CertificateValidation.ClockTolerance));
        if (problems.Count > 0)
            throw new AcmeException(AcmeFailure.WrongCertificate, $"The certificate of {Url} is not the one ordered. {string.Join(' ', problems)}") { Url = Url };
    }
}
