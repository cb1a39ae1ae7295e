using System.Formats.Asn1;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates.Revocation;

namespace Actors443.Certificates;

/// <summary>From a leaf up to what the last certificate given was issued by, as it is shown to clients (RFC 8446 4.4.2). Pure.</summary>
internal static class CertificatePath
{
    /// <summary>The issuers among <paramref name="others"/>, the leaf's first, without a root: clients have that, or do not trust it.</summary>
    /// <param name="leaf">Where it begins.</param>
    /// <param name="others">What came with it, in any order.</param>
    /// <param name="problem">What is wrong with them; null: nothing.</param>
    public static IReadOnlyList<X509Certificate2> Of(X509Certificate2 leaf, IReadOnlyCollection<X509Certificate2> others, out string? problem)
    {
        problem = null;
        var path = new List<X509Certificate2>();
        X509Certificate2 current = leaf;
        while (!IsSelfIssued(current) && others.Where(other => !path.Contains(other) && Names(other, current)).ToArray() is { Length: > 0 } named)
        {
            // One key may have several certificates under one name, and one name several keys.
            if (named.FirstOrDefault(candidate => HasSigned(candidate, current)) is not { } issuer)
            {
                problem = "A certificate of the chain was not signed by the one after it; use the chain that came with the certificate.";
                return path;
            }

            if (IsSelfIssued(issuer))
                break;
            path.Add(issuer);
            current = issuer;
        }

        if (others.Count > 0 && current == leaf && !IsSelfIssued(leaf) && !others.Any(other => Names(other, leaf)))
            problem = $"None of the {others.Count} further certificates is its issuer ({leaf.GetNameInfo(X509NameType.SimpleName, true)}); use the chain that came with it.";
        return path;
    }

    private static bool IsSelfIssued(X509Certificate2 certificate) => Names(certificate, certificate);

    private static bool Names(X509Certificate2 issuer, X509Certificate2 issued) => issuer.SubjectName.RawData.AsSpan().SequenceEqual(issued.IssuerName.RawData);

    private static bool HasSigned(X509Certificate2 issuer, X509Certificate2 issued)
    {
        try
        {
            AsnReader certificate = new AsnReader(issued.RawDataMemory, AsnEncodingRules.DER).ReadSequence();
            ReadOnlyMemory<byte> signed = certificate.ReadEncodedValue();
            if (AsnSignature.Read(certificate).IsOf(issuer, signed.Span))
                return true;
        }
        catch (AsnContentException)
        {
            // What is below knows more of what certificates can be.
        }

        return HasSignedByPlatform(issuer, issued);
    }

    // Algorithms that are rare: ten times the time.
    private static bool HasSignedByPlatform(X509Certificate2 issuer, X509Certificate2 issued)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(issuer);
        chain.ChainPolicy.ExtraStore.Add(issuer);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationFlags = X509VerificationFlags.AllFlags;
        chain.Build(issued);
        return chain.ChainElements.Count > 1 && !chain.ChainStatus.Any(status => status.Status.HasFlag(X509ChainStatusFlags.NotSignatureValid));
    }
}
