using System.Formats.Asn1;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Certificates;

/// <summary>What a certificate must be before any client is shown it. Pure.</summary>
internal static class CertificateValidation
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string TlsFeature = "1.3.6.1.5.5.7.1.24";
    private const string AnyUsage = "2.5.29.37.0";
    private const int SmallestRsa = 2048;

    /// <summary>All that is wrong, each a sentence with its fix; empty: nothing.</summary>
    public static IReadOnlyList<string> Examine(X509Certificate2 leaf, X509Certificate2Collection chain, IReadOnlyList<string> requiredNames, DateTimeOffset now)
    {
        var problems = new List<string>();
        IReadOnlyList<string> names = NamesOf(leaf);
        if (names.Count == 0)
            problems.Add("It has no subject alternative name, and clients ignore the common name; have it issued with its DNS names.");
        foreach (string required in requiredNames)
        {
            if (!names.Any(name => Covers(name, required)))
                problems.Add($"It does not cover {required} (but {string.Join(", ", names)}); have it issued for that name or correct the site's name.");
        }

        if (leaf.NotBefore > now)
            problems.Add($"It is valid from {Date(leaf.NotBefore)} only; check the machine's clock, or wait.");
        if (leaf.NotAfter <= now)
            problems.Add($"It expired on {Date(leaf.NotAfter)}; renew it.");
        foreach (X509Certificate2 issuer in chain)
        {
            if (issuer.NotAfter <= now)
                problems.Add($"The intermediate {issuer.GetNameInfo(X509NameType.SimpleName, false)} expired on {Date(issuer.NotAfter)}; replace it in the chain.");
        }

        if (leaf.Extensions[TlsFeature] is { } feature && MustBeStapled(feature))
            problems.Add("It must be stapled (TLS feature status_request, RFC 7633), so that every failure of its OCSP responder would be an outage; have it issued without that.");
        X509EnhancedKeyUsageExtension? usage = leaf.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault();
        if (usage is not null && !usage.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value is ServerAuthentication or AnyUsage))
            problems.Add("Its extended key usage does not allow servers; have it issued with serverAuth.");
        using (RSA? rsa = leaf.GetRSAPublicKey())
        {
            if (rsa is not null && rsa.KeySize < SmallestRsa)
                problems.Add($"Its RSA key has {rsa.KeySize} bits, clients refuse less than {SmallestRsa}; make a new key, ECDSA P-256 is best.");
        }

        if (BrokenLink(leaf, chain) is { } broken)
            problems.Add(broken);
        return problems;
    }

    private static bool MustBeStapled(X509Extension feature)
    {
        const int StatusRequest = 5;
        const int StatusRequestV2 = 17;
        try
        {
            for (AsnReader features = new AsnReader(feature.RawData, AsnEncodingRules.DER).ReadSequence(); features.HasData;)
            {
                if (features.ReadInteger() is var number && (number == StatusRequest || number == StatusRequestV2))
                    return true;
            }

            return false;
        }
        catch (AsnContentException cause)
        {
            throw new CryptographicException("its TLS features cannot be read", cause);
        }
    }

    public static ServerCertificate ToServerCertificate(X509Certificate2 leaf, X509Certificate2Collection chain, string source)
    {
        using RSA? rsa = leaf.GetRSAPublicKey();
        // Offline with the chain given: otherwise the first handshakes would wait for downloads.
        return new ServerCertificate(
            SslStreamCertificateContext.Create(leaf, chain, offline: true),
            NamesOf(leaf),
            rsa is null ? CertificateKeyKinds.Ecdsa : CertificateKeyKinds.Rsa,
            source);
    }

    public static IReadOnlyList<string> NamesOf(X509Certificate2 leaf)
    {
        var names = new List<string>();
        foreach (X509SubjectAlternativeNameExtension extension in leaf.Extensions.OfType<X509SubjectAlternativeNameExtension>())
        {
            names.AddRange(extension.EnumerateDnsNames().Select(name => name.ToLowerInvariant()));
            names.AddRange(extension.EnumerateIPAddresses().Select(address => address.ToString()));
        }

        return names;
    }

    /// <summary>RFC 9525 6.3: a wildcard stands for one whole label.</summary>
    public static bool Covers(string certified, string name)
    {
        if (string.Equals(certified, name, StringComparison.OrdinalIgnoreCase))
            return true;
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && certified.StartsWith("*.", StringComparison.Ordinal) && !IPAddress.TryParse(name, out _) && name.AsSpan(dot).Equals(certified.AsSpan(1), StringComparison.OrdinalIgnoreCase);
    }

    // Whether the root is trusted is the clients' affair; that each certificate was signed by the one given as its issuer is ours.
    private static string? BrokenLink(X509Certificate2 leaf, X509Certificate2Collection chain)
    {
        using var builder = new X509Chain();
        builder.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        builder.ChainPolicy.CustomTrustStore.AddRange(chain);
        builder.ChainPolicy.ExtraStore.AddRange(chain);
        builder.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        builder.ChainPolicy.DisableCertificateDownloads = true;
        builder.ChainPolicy.VerificationFlags = X509VerificationFlags.AllFlags;
        builder.Build(leaf);
        if (builder.ChainStatus.Any(status => status.Status.HasFlag(X509ChainStatusFlags.NotSignatureValid)))
            return "A certificate of the chain was not signed by the one after it; use the chain that came with the certificate.";
        int used = builder.ChainElements.Count - 1;
        bool selfSigned = leaf.SubjectName.RawData.AsSpan().SequenceEqual(leaf.IssuerName.RawData);
        if (chain.Count > 0 && used == 0 && !selfSigned)
            return $"None of the {chain.Count} further certificates is its issuer ({leaf.GetNameInfo(X509NameType.SimpleName, true)}); use the chain that came with it.";
        return null;
    }

    private static string Date(DateTime date) => date.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
