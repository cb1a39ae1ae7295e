using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;

namespace Actors443.Cluster.Identity;

/// <summary>
/// The certificates by which nodes know each other. The cluster's CA follows from the cluster's secret, so that every node can issue its own certificate and check the others', and
/// nothing has to be copied or kept. Thread-safe.
/// </summary>
internal sealed class ClusterCertificates
{
    // Whoever has the secret can issue another at any time; and clocks of nodes may differ.
    private static readonly DateTimeOffset NotBefore = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset NotAfter = new(2120, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly X509Certificate2 _root;

    public ClusterCertificates(ClusterKeys keys)
    {
        using ECDsa key = keys.OpenAuthority();
        _root = CertificateParts.Authority(new X500DistinguishedName("O=Actors443 cluster,CN=Cluster CA"), key).CreateSelfSigned(NotBefore, NotAfter);
    }

    /// <summary>The CA's certificate. Nodes have different ones, of the same key and name.</summary>
    public X509Certificate2 Root => _root;

    /// <summary>A certificate with a new private key for the node of this name or address.</summary>
    public X509Certificate2 Issue(string host)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName("O=Actors443 cluster,CN=Node"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(CertificateParts.AlternativeNames([host], critical: false));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ExtendedKeyUsages.ServerAuthentication), new Oid(ExtendedKeyUsages.ClientAuthentication)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        using X509Certificate2 certificate = request.Create(_root, NotBefore, NotAfter, CertificateParts.SerialNumber());
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>The same, ready to be shown by our own engines.</summary>
    public ServerCertificate IssueForServer(string host)
    {
        X509Certificate2 certificate = Issue(host);
        return new ServerCertificate(certificate, certificate.GetECDsaPrivateKey()!, [], CertificateValidation.NamesOf(certificate), CertificateKeyKinds.Ecdsa, "cluster CA");
    }

    /// <summary>Whether the cluster's CA has issued it, and if not, why it does not do.</summary>
    public bool IsOfThisCluster(X509Certificate2? certificate, out string? problem)
    {
        if (certificate is null)
        {
            problem = "it shows no certificate";
            return false;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        bool isOurs = chain.Build(certificate);
        problem = isOurs ? null : $"its certificate was not issued with this cluster's secret ({string.Join(", ", chain.ChainStatus.Select(status => status.Status))})";
        return isOurs;
    }
}
