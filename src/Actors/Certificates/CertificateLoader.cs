using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>Reads a certificate with its key and chain from the files that the settings name. Stateless.</summary>
internal static class CertificateLoader
{
    private const string RsaOid = "1.2.840.113549.1.1.1";
    private const string EcOid = "1.2.840.10045.2.1";

    /// <summary>Reads and validates.</summary>
    /// <exception cref="CertificateException">The first thing that is wrong, in one line.</exception>
    public static ServerCertificate Load(CertificateFileSettings files, DateTimeOffset now)
    {
        (X509Certificate2 leaf, X509Certificate2Collection chain, string source) = files.Pfx is null ? ReadPem(files) : ReadPfx(files);
        IReadOnlyList<string> problems = CertificateValidation.Examine(leaf, chain, files.Names, now);
        if (problems.Count > 0)
            throw new CertificateException($"{source}: {string.Join(" ", problems)}");
        return CertificateValidation.ToServerCertificate(leaf, chain, source);
    }

    private static (X509Certificate2 Leaf, X509Certificate2Collection Chain, string Source) ReadPem(CertificateFileSettings files)
    {
        string source = files.Chain ?? throw new CertificateException("certificates.files: an entry names neither chain nor pfx; write { chain = \"…pem\", key = \"…key\" } or { pfx = \"…\" }.");
        string chainText = ReadText(source);
        string keyFile = files.Key ?? source;
        string keyText = files.Key is null ? chainText : ReadText(keyFile);

        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(chainText);
        }
        catch (CryptographicException cause)
        {
            throw new CertificateException($"{source}: holds a certificate that cannot be read ({cause.Message}); write it again, PEM, leaf first.", cause);
        }

        if (certificates.Count == 0)
            throw new CertificateException($"{source}: holds no certificate; it must be PEM with BEGIN CERTIFICATE, leaf first.");
        if (!keyText.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw new CertificateException($"{keyFile}: holds no private key; name the key's PEM file with key = \"…\".");

        string? password = Secret.Resolve(files.Password);
        // Leaf first is the rule; any order is taken, since the key says which is the leaf.
        foreach (X509Certificate2 candidate in certificates)
        {
            if (TryPair(candidate, keyText, password, keyFile, out X509Certificate2? paired))
            {
                certificates.Remove(candidate);
                return (paired!, certificates, source);
            }
        }

        throw new CertificateException($"{keyFile}: is not the key of any certificate in {source}; put the pair together again.");
    }

    private static bool TryPair(X509Certificate2 candidate, string keyText, string? password, string keyFile, out X509Certificate2? paired)
    {
        paired = null;
        switch (candidate.GetKeyAlgorithm())
        {
            case RsaOid:
                using (RSA rsa = RSA.Create())
                {
                    if (!TryImport(rsa, keyText, password, keyFile))
                        return false;
                    using RSA? wanted = candidate.GetRSAPublicKey();
                    if (wanted is null || !wanted.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(rsa.ExportSubjectPublicKeyInfo()))
                        return false;
                    paired = candidate.CopyWithPrivateKey(rsa);
                    return true;
                }

            case EcOid:
                using (ECDsa ecdsa = ECDsa.Create())
                {
                    if (!TryImport(ecdsa, keyText, password, keyFile))
                        return false;
                    using ECDsa? wanted = candidate.GetECDsaPublicKey();
                    if (wanted is null || !wanted.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(ecdsa.ExportSubjectPublicKeyInfo()))
                        return false;
                    paired = candidate.CopyWithPrivateKey(ecdsa);
                    return true;
                }

            default:
                return false;
        }
    }

    /// <summary>False: a key of another kind.</summary>
    private static bool TryImport(AsymmetricAlgorithm key, string keyText, string? password, string keyFile)
    {
        bool encrypted = keyText.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal);
        if (encrypted && password is null)
            throw new CertificateException($"{keyFile}: the key is encrypted; give its password with password = \"file:…\" or \"env:…\".");
        try
        {
            if (encrypted)
                key.ImportFromEncryptedPem(keyText, password);
            else
                key.ImportFromPem(keyText);
            return true;
        }
        catch (CryptographicException cause) when (encrypted)
        {
            throw new CertificateException($"{keyFile}: the key cannot be decrypted; check its password.", cause);
        }
        catch (Exception cause) when (cause is ArgumentException or CryptographicException)
        {
            return false;
        }
    }

    private static (X509Certificate2 Leaf, X509Certificate2Collection Chain, string Source) ReadPfx(CertificateFileSettings files)
    {
        string source = files.Pfx!;
        byte[] content = ReadBytes(source);
        X509Certificate2Collection all;
        try
        {
            all = X509CertificateLoader.LoadPkcs12Collection(content, Secret.Resolve(files.Password), X509KeyStorageFlags.EphemeralKeySet);
        }
        catch (CryptographicException cause)
        {
            throw new CertificateException($"{source}: cannot be opened; check that it is PKCS#12 and its password is right ({cause.Message}).", cause);
        }

        X509Certificate2 leaf = all.FirstOrDefault(certificate => certificate.HasPrivateKey)
            ?? throw new CertificateException($"{source}: holds no private key; export it with its key.");
        all.Remove(leaf);
        return (leaf, all, source);
    }

    private static string ReadText(string path) => System.Text.Encoding.UTF8.GetString(ReadBytes(path));

    private static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CertificateException($"{path}: there is no such file; correct the path.", cause);
        }
        catch (Exception cause) when (cause is UnauthorizedAccessException or IOException)
        {
            throw new CertificateException($"{path}: cannot be read ({cause.Message}); give the server's user the right to read it.", cause);
        }
    }
}
