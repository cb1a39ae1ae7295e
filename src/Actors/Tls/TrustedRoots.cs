using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Tls;

/// <summary>CAs that are trusted instead of the platform's, by our clients.</summary>
internal static class TrustedRoots
{
    /// <summary>Of a PEM file.</summary>
    public static X509Certificate2Collection Load(string file)
    {
        var roots = new X509Certificate2Collection();
        roots.ImportFromPemFile(file);
        return roots;
    }

    /// <summary>Whether a file can be loaded.</summary>
    /// <param name="file">A PEM file.</param>
    /// <param name="setting">Who names it, for the message.</param>
    /// <exception cref="ClientCaException">It cannot.</exception>
    public static void Check(string file, string setting)
    {
        try
        {
            _ = Load(file);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new ClientCaException($"{setting}: {file} cannot be read: {cause.Message} Name a PEM file of CAs.", cause);
        }
    }

    /// <summary>For one handshake: these alone are trusted. Whom they have revoked is not asked.</summary>
    public static X509ChainPolicy PolicyOf(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
