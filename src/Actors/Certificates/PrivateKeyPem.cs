using System.Security.Cryptography;

namespace Actors443.Certificates;

/// <summary>Reads a private key from PEM: PKCS#8, open or encrypted, PKCS#1 and SEC 1. Stateless.</summary>
internal static class PrivateKeyPem
{
    /// <summary>Whether a text has a private key in it, of whatever form.</summary>
    public static bool IsIn(string text) => text.Contains("PRIVATE KEY-----", StringComparison.Ordinal);

    /// <summary>An RSA or ECDSA key; the caller disposes of it.</summary>
    /// <param name="text">The file's content.</param>
    /// <param name="password">For an encrypted key.</param>
    /// <param name="file">Named when something is wrong.</param>
    /// <exception cref="CertificateException">There is no such key, or it cannot be decrypted.</exception>
    public static AsymmetricAlgorithm Read(string text, string? password, string file)
    {
        if (!IsIn(text))
            throw new CertificateException($"{file}: holds no private key; name the key's PEM file with key = \"…\".");
        // OpenSSL's form of before PKCS#8, weak and not read by .NET.
        if (text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            throw new CertificateException($"{file}: the key is encrypted in a form that is not read any more; write it anew with openssl pkcs8 -topk8 -in {Path.GetFileName(file)}.");
        bool encrypted = text.Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal);
        if (encrypted && password is null)
            throw new CertificateException($"{file}: the key is encrypted; give its password with password = \"file:…\" or \"env:…\".");

        Exception? cause = null;
        foreach (Func<AsymmetricAlgorithm> create in new Func<AsymmetricAlgorithm>[] { ECDsa.Create, RSA.Create })
        {
            AsymmetricAlgorithm key = create();
            try
            {
                if (encrypted)
                    key.ImportFromEncryptedPem(text, password);
                else
                    key.ImportFromPem(text);
                return key;
            }
            catch (Exception problem) when (problem is CryptographicException or ArgumentException or PlatformNotSupportedException)
            {
                // Of the other kind, perhaps, or over a curve that this platform does not know.
                cause = problem;
                key.Dispose();
            }
        }

        throw new CertificateException(
            encrypted
                ? $"{file}: the key cannot be decrypted; check its password."
                : $"{file}: the key cannot be read; it must be one whole RSA or ECDSA key in PEM.",
            cause);
    }
}
