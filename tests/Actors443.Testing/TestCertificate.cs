using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;

namespace Actors443.Testing;

/// <summary>A certificate that <see cref="TestCertificates"/> issued, in every form that files have.</summary>
/// <param name="WithKey">The certificate with its private key.</param>
/// <param name="Key">The key alone.</param>
/// <param name="Issuers">The intermediates, nearest first; without the root.</param>
public sealed record TestCertificate(X509Certificate2 WithKey, AsymmetricAlgorithm Key, IReadOnlyList<X509Certificate2> Issuers)
{
    /// <summary>The certificate alone.</summary>
    public string LeafPem => WithKey.ExportCertificatePem() + "\n";

    /// <summary>Leaf and intermediates.</summary>
    public string ChainPem => LeafPem + string.Concat(Issuers.Select(issuer => issuer.ExportCertificatePem() + "\n"));

    /// <summary>PKCS#8, <c>BEGIN PRIVATE KEY</c>.</summary>
    public string KeyPem => Key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>PKCS#1 (<c>BEGIN RSA PRIVATE KEY</c>) or SEC 1 (<c>BEGIN EC PRIVATE KEY</c>).</summary>
    public string TraditionalKeyPem => (Key is RSA rsa ? rsa.ExportRSAPrivateKeyPem() : ((ECDsa)Key).ExportECPrivateKeyPem()) + "\n";

    public string Thumbprint => WithKey.Thumbprint;

    /// <summary><c>BEGIN ENCRYPTED PRIVATE KEY</c>.</summary>
    public string EncryptedKeyPem(string password) =>
        Key.ExportEncryptedPkcs8PrivateKeyPem(password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2_000)) + "\n";

    /// <summary>PKCS#12 with key and intermediates.</summary>
    public byte[] Pfx(string? password)
    {
        var all = new X509Certificate2Collection { WithKey };
        // Without their keys: an intermediate here still has its own.
        foreach (X509Certificate2 issuer in Issuers)
            all.Add(X509CertificateLoader.LoadCertificate(issuer.RawData));
        return all.Export(X509ContentType.Pkcs12, password)!;
    }

    /// <summary>Writes <c>NAME.pem</c> and <c>NAME.key</c>.</summary>
    public CertificateFileSettings WritePair(TemporaryFolder folder, string name) => WritePair(folder, name + ".pem", name + ".key");

    /// <summary>Writes chain and key.</summary>
    public CertificateFileSettings WritePair(TemporaryFolder folder, string chain, string key) =>
        new() { Chain = folder.Write(chain, ChainPem), Key = folder.Write(key, KeyPem) };

    /// <summary>Writes chain and encrypted key.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="name">Of both files, without their endings.</param>
    /// <param name="password">Encrypts the key.</param>
    /// <param name="setting">The password as the settings give it; may be wrong or null.</param>
    public CertificateFileSettings WriteEncryptedPair(TemporaryFolder folder, string name, string password, string? setting) =>
        new() { Chain = folder.Write(name + ".pem", ChainPem), Key = folder.Write(name + ".key", EncryptedKeyPem(password)), Password = setting };

    /// <summary>Writes key and chain as one PEM file.</summary>
    public CertificateFileSettings WriteSingle(TemporaryFolder folder, string file) => new() { Chain = folder.Write(file, KeyPem + ChainPem) };

    /// <summary>Writes a PKCS#12 file.</summary>
    /// <param name="folder">Where to.</param>
    /// <param name="file">Its name.</param>
    /// <param name="password">Encrypts it.</param>
    /// <param name="setting">The password as the settings give it; may be wrong or null.</param>
    public CertificateFileSettings WritePfx(TemporaryFolder folder, string file, string? password, string? setting)
    {
        string path = folder.Write(file, "");
        File.WriteAllBytes(path, Pfx(password));
        return new CertificateFileSettings { Pfx = path, Password = setting };
    }
}
