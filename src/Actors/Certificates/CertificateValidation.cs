using System.Formats.Asn1;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Certificates;

/// <summary>What a certificate must be before any client is shown it. Pure.</summary>
internal static class CertificateValidation
{
    private const string TlsFeature = "1.3.6.1.5.5.7.1.24";
    private const string AnyUsage = "2.5.29.37.0";
    private const int SmallestRsa = 2048;

    /// <summary>How much the clock of this machine may be behind that of a CA which has just issued something.</summary>
    public static readonly TimeSpan ClockTolerance = TimeSpan.FromHours(1);

    /// <summary>All that is wrong, each a sentence with its fix; empty: nothing.</summary>
    /// <param name="leaf">The server's own.</param>
    /// <param name="chain">What came with it, in any order.</param>
    /// <param name="requiredNames">That it must cover.</param>
    /// <param name="now">When it must be valid.</param>
    /// <param name="issuers">What is to be shown with it, in its order.</param>
    /// <param name="early">So much earlier it may be used than it says.</param>
    public static IReadOnlyList<string> Examine(X509Certificate2 leaf, IReadOnlyCollection<X509Certificate2> chain, IReadOnlyList<string> requiredNames, DateTimeOffset now, out IReadOnlyList<X509Certificate2> issuers, TimeSpan early = default)
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

        if (leaf.NotBefore > now + early)
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
        if (usage is not null && !usage.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value is ExtendedKeyUsages.ServerAuthentication or AnyUsage))
            problems.Add("Its extended key usage does not allow servers; have it issued with serverAuth.");
        using (RSA? rsa = leaf.GetRSAPublicKey())
        {
            if (rsa is not null && rsa.KeySize < SmallestRsa)
                problems.Add($"Its RSA key has {rsa.KeySize} bits, clients refuse less than {SmallestRsa}; make a new key, ECDSA P-256 is best.");
        }

        // Whether the root is trusted is the clients' affair; that each certificate was signed by the one given as its issuer is ours.
        issuers = CertificatePath.Of(leaf, chain, out string? broken);
        if (broken is not null)
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

    private static string Date(DateTime date) => date.ToUniversalTime().ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);
}
