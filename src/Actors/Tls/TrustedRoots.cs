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

    /// <summary>For one handshake: these alone are trusted. Whom they have revoked is not asked.</summary>
    public static X509ChainPolicy PolicyOf(X509Certificate2Collection roots)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
