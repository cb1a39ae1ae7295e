using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;

namespace Actors443.Testing;

/// <summary>A certificate authority of the tests' own, made in memory: what it issues is right in every way but those asked for.</summary>
public sealed class TestCertificates : IDisposable
{
    private readonly ECDsa _key;
    private readonly IReadOnlyList<X509Certificate2> _shown;

    /// <summary>A root.</summary>
    /// <param name="name">Its common name.</param>
    /// <param name="now">The day it is made; null: today. Issued certificates live from the day before to 90 days after.</param>
    public TestCertificates(string name = "Test Root", DateTimeOffset? now = null)
    {
        Now = now ?? DateTimeOffset.UtcNow;
        _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = AuthorityRequest(name, _key);
        Certificate = request.CreateSelfSigned(Now.AddDays(-400), Now.AddDays(4000));
        _shown = [];
    }

    private TestCertificates(X509Certificate2 certificate, ECDsa key, IReadOnlyList<X509Certificate2> shown, DateTimeOffset now)
    {
        Now = now;
        _key = key;
        Certificate = certificate;
        _shown = shown;
    }

    /// <summary>The day it was made.</summary>
    public DateTimeOffset Now { get; }

    /// <summary>Its own certificate, with its key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>Its own certificate as PEM, for a file of trusted roots.</summary>
    public string CertificatePem => Certificate.ExportCertificatePem() + "\n";

    /// <summary>Its key as PEM, for other programs that sign in its name.</summary>
    public string KeyPem => _key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>An authority under this one; its certificate goes into the chain of what it issues.</summary>
    public TestCertificates Intermediate(string name = "Test Intermediate", DateTimeOffset? notAfter = null)
    {
        ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 signed = Sign(AuthorityRequest(name, key), Now.AddDays(-300), notAfter ?? Now.AddDays(2000));
        X509Certificate2 certificate = signed.CopyWithPrivateKey(key);
        return new TestCertificates(certificate, key, [certificate, .. _shown], Now);
    }

    /// <summary>A server's certificate for these DNS names and IP addresses, ECDSA P-256.</summary>
    public TestCertificate Issue(params string[] names) => Issue(new TestCertificateOrder { Names = names });

    /// <summary>A server's certificate for these DNS names and IP addresses, RSA 2048.</summary>
    public TestCertificate IssueRsa(params string[] names) => Issue(new TestCertificateOrder { Names = names, Key = TestKey.Rsa2048 });

    /// <summary>A certificate that ended yesterday.</summary>
    public TestCertificate IssueExpired(params string[] names) => Issue(new TestCertificateOrder { Names = names, NotBefore = Now.AddDays(-90), NotAfter = Now.AddDays(-1) });

    /// <summary>A certificate that begins tomorrow.</summary>
    public TestCertificate IssueNotYetValid(params string[] names) => Issue(new TestCertificateOrder { Names = names, NotBefore = Now.AddDays(1) });

    /// <summary>A certificate with its name in the common name alone.</summary>
    public TestCertificate IssueCommonNameOnly(string name) => Issue(new TestCertificateOrder { CommonName = name });

    /// <summary>A client's certificate.</summary>
    public TestCertificate IssueClient(string commonName) => Issue(new TestCertificateOrder { CommonName = commonName, ExtendedKeyUsage = ExtendedKeyUsages.ClientAuthentication });

    /// <summary>A certificate of a node of a cluster, which is both.</summary>
    public TestCertificate IssueNode(params string[] names) => Issue(new TestCertificateOrder { Names = names, ForClientsToo = true });

    /// <summary>A client's certificate that was good once.</summary>
    public TestCertificate IssueExpiredClient(string commonName) =>
        Issue(new TestCertificateOrder { CommonName = commonName, ExtendedKeyUsage = ExtendedKeyUsages.ClientAuthentication, NotBefore = Now.AddDays(-90), NotAfter = Now.AddDays(-1) });

    /// <summary>Whatever is ordered.</summary>
    public TestCertificate Issue(TestCertificateOrder order)
    {
        AsymmetricAlgorithm key = CreateKey(order.Key);
        string subject = "CN=" + (order.CommonName ?? order.Names.FirstOrDefault(name => !IPAddress.TryParse(name, out _)) ?? "test");
        CertificateRequest request = key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        if (order.Names.Count > 0)
            request.CertificateExtensions.Add(AlternativeNames(order.Names));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(order.ExtendedKeyUsage ?? ExtendedKeyUsages.ServerAuthentication), .. order.ForClientsToo ? (Oid[])[new Oid(ExtendedKeyUsages.ClientAuthentication)] : []], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false));
        if (order.OcspResponder is { } responder)
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([responder], null));
        if (order.MustStaple)
            request.CertificateExtensions.Add(new X509Extension("1.3.6.1.5.5.7.1.24", [0x30, 3, 2, 1, 5], false));
        using X509Certificate2 signed = Sign(request, order.NotBefore ?? Now.AddDays(-1), order.NotAfter ?? Now.AddDays(90));
        return new TestCertificate(key is RSA rsaKey ? signed.CopyWithPrivateKey(rsaKey) : signed.CopyWithPrivateKey((ECDsa)key), key, _shown);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Certificate.Dispose();
        _key.Dispose();
    }

    private static AsymmetricAlgorithm CreateKey(TestKey kind) => kind switch
    {
        TestKey.EcdsaP256 => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        TestKey.EcdsaP384 => ECDsa.Create(ECCurve.NamedCurves.nistP384),
        TestKey.EcdsaP521 => ECDsa.Create(ECCurve.NamedCurves.nistP521),
        TestKey.Rsa1024 => RSA.Create(1024),
        TestKey.Rsa2048 => RSA.Create(2048),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "No such key."),
    };

    private static CertificateRequest AuthorityRequest(string name, ECDsa key)
    {
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        return request;
    }

    private static X509Extension AlternativeNames(IReadOnlyList<string> names)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        return alternatives.Build();
    }

    // By its own generator: the convenient overload wants an issuer that outlives what it signs, and tests want otherwise.
    private X509Certificate2 Sign(CertificateRequest request, DateTimeOffset notBefore, DateTimeOffset notAfter)
    {
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return request.Create(Certificate.SubjectName, X509SignatureGenerator.CreateForECDsa(_key), notBefore, notAfter, serial);
    }
}

/// <summary>What to issue; what is not said is as it should be.</summary>
public sealed record TestCertificateOrder
{
    /// <summary>DNS names and IP addresses; none: no subject alternative name at all.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Null: the first DNS name.</summary>
    public string? CommonName { get; init; }

    /// <summary>The key to make.</summary>
    public TestKey Key { get; init; }

    /// <summary>Null: yesterday.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Null: in 90 days.</summary>
    public DateTimeOffset? NotAfter { get; init; }

    /// <summary>Object identifier; null: serverAuth.</summary>
    public string? ExtendedKeyUsage { get; init; }

    /// <summary>Besides, clientAuth.</summary>
    public bool ForClientsToo { get; init; }

    /// <summary>URL of an OCSP responder to name; null: none.</summary>
    public string? OcspResponder { get; init; }

    /// <summary>With the TLS feature status_request (RFC 7633).</summary>
    public bool MustStaple { get; init; }
}

/// <summary>Keys that certificates of the tests have.</summary>
public enum TestKey
{
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Rsa1024,
    Rsa2048,
}
