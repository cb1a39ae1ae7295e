using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>Reads a certificate with its key and chain from the files that the settings name. Stateless.</summary>
internal static class CertificateLoader
{
    // In memory alone where TLS takes such a key: on Linux.
    private static readonly X509KeyStorageFlags KeyStorage =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? X509KeyStorageFlags.DefaultKeySet : X509KeyStorageFlags.EphemeralKeySet;

    /// <summary>Reads and validates.</summary>
    /// <param name="files">Where it is.</param>
    /// <param name="now">When it must be valid.</param>
    /// <param name="early">So much earlier it may be used than it says.</param>
    /// <exception cref="CertificateException">The first thing that is wrong, in one line.</exception>
    public static ServerCertificate Load(CertificateFileSettings files, DateTimeOffset now, TimeSpan early = default)
    {
        (X509Certificate2 leaf, AsymmetricAlgorithm key, IReadOnlyList<X509Certificate2> others, string source) = files.Pfx is null ? ReadPem(files) : ReadPfx(files);
        try
        {
            IReadOnlyList<string> problems = CertificateValidation.Examine(leaf, others, files.Names, now, out IReadOnlyList<X509Certificate2> issuers, early);
            if (problems.Count > 0)
                throw new CertificateException($"{source}: {string.Join(" ", problems)}");
            return new ServerCertificate(
                leaf, key, [.. issuers.Select(KnownIssuers.Keep)], CertificateValidation.NamesOf(leaf), key is RSA ? CertificateKeyKinds.Rsa : CertificateKeyKinds.Ecdsa, source);
        }
        catch (CryptographicException cause)
        {
            // An extension that is no ASN.1, say: found only when it is looked at.
            throw new CertificateException($"{source}: cannot be used ({cause.Message}); have the certificate issued again.", cause);
        }
    }

    private static (X509Certificate2 Leaf, AsymmetricAlgorithm Key, IReadOnlyList<X509Certificate2> Others, string Source) ReadPem(CertificateFileSettings files)
    {
        string source = files.Chain ?? throw new CertificateException("certificates.files: an entry names neither chain nor pfx; write { chain = \"…pem\", key = \"…key\" } or { pfx = \"…\" }.");
        string chainText = ReadText(source);
        string keyFile = files.Key ?? source;
        string keyText = files.Key is null ? chainText : ReadText(keyFile);

        List<X509Certificate2> certificates;
        try
        {
            certificates =
            [
                .. PemBlocks.Of(chainText).Where(block => block.Label is "CERTIFICATE" or "X509 CERTIFICATE")
                    .Select(block => KnownIssuers.Find(block.Der) ?? X509CertificateLoader.LoadCertificate(block.Der)),
            ];
        }
        catch (CryptographicException cause)
        {
            throw new CertificateException($"{source}: holds a certificate that cannot be read ({cause.Message}); write it again, PEM, leaf first.", cause);
        }

        if (certificates.Count == 0)
            throw new CertificateException($"{source}: holds no certificate; it must be PEM with BEGIN CERTIFICATE, leaf first.");

        AsymmetricAlgorithm key = PrivateKeyPem.Read(keyText, Secret.Resolve(files.Password), keyFile);
        byte[] publicKey = key.ExportSubjectPublicKeyInfo();
        // Leaf first is the rule; any order is taken, since the key says which is the leaf.
        X509Certificate2 leaf = certificates.FirstOrDefault(certificate => certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(publicKey))
            ?? throw new CertificateException($"{keyFile}: is not the key of any certificate in {source}; put the pair together again.");
        certificates.Remove(leaf);
        return (leaf, key, certificates, source);
    }

    private static (X509Certificate2 Leaf, AsymmetricAlgorithm Key, IReadOnlyList<X509Certificate2> Others, string Source) ReadPfx(CertificateFileSettings files)
    {
        string source = files.Pfx!;
        byte[] content = ReadBytes(source);
        X509Certificate2Collection all;
        try
        {
            all = X509CertificateLoader.LoadPkcs12Collection(content, Secret.Resolve(files.Password), KeyStorage);
        }
        catch (CryptographicException cause)
        {
            throw new CertificateException($"{source}: cannot be opened; check that it is PKCS#12 and its password is right ({cause.Message}).", cause);
        }

        X509Certificate2 leaf = all.FirstOrDefault(certificate => certificate.HasPrivateKey)
            ?? throw new CertificateException($"{source}: holds no private key; export it with its key.");
        all.Remove(leaf);
        AsymmetricAlgorithm key = (AsymmetricAlgorithm?)leaf.GetECDsaPrivateKey() ?? leaf.GetRSAPrivateKey()
            ?? throw new CertificateException($"{source}: its key is neither RSA nor ECDSA; have the certificate issued for such a key.");
        return (X509CertificateLoader.LoadCertificate(leaf.RawDataMemory.Span), key, [.. all], source);
    }

    private static string ReadText(string path)
    {
        // Editors on Windows put a byte order mark in front, which PEM readers take for a part of the line.
        string text = System.Text.Encoding.UTF8.GetString(ReadBytes(path)).Replace("\uFEFF", "", StringComparison.Ordinal);
        // PEM readers pass over a block without its end, and half a chain would look like a whole one.
        if (text.AsSpan().Count("-----BEGIN ") != text.AsSpan().Count("-----END "))
            throw new CertificateException($"{path}: ends in the middle of a PEM block; write it whole, under another name, and rename it.");
        return text;
    }

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
