using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Certificates;

/// <summary>The kinds of key a certificate can have, as a set: what a client can verify, or what one certificate has.</summary>
[Flags]
internal enum CertificateKeyKinds
{
    None = 0,
    Rsa = 1,
    Ecdsa = 2,
    Any = Rsa | Ecdsa,
}

/// <summary>One certificate ready to be shown: validated, with its chain and the context that keeps OpenSSL's state. Immutable.</summary>
/// <param name="Context">Built offline with the chain supplied; shared by all handshakes, which is what makes resumption work.</param>
/// <param name="Names">DNS names (lower case, <c>*.</c> wildcards) and IP addresses of the subject alternative names.</param>
/// <param name="KeyKind">RSA or ECDSA.</param>
/// <param name="Source">Where it came from, for people: a path or <c>local CA</c>.</param>
internal sealed record ServerCertificate(
    SslStreamCertificateContext Context,
    IReadOnlyList<string> Names,
    CertificateKeyKinds KeyKind,
    string Source)
{
    public X509Certificate2 Leaf => Context.TargetCertificate;

    public DateTimeOffset NotBefore => Leaf.NotBefore;

    /// <summary>When the first of leaf and intermediates ends: clients refuse it from then on.</summary>
    public DateTimeOffset NotAfter { get; } = Context.IntermediateCertificates.Append(Context.TargetCertificate).Min(certificate => certificate.NotAfter);

    public string Thumbprint => Leaf.Thumbprint;

    /// <summary>Whether a client is shown the same with either: leaf and chain.</summary>
    public bool ShowsTheSameAs(ServerCertificate? other) =>
        other is not null && Thumbprint == other.Thumbprint && IssuersOf(this).SequenceEqual(IssuersOf(other));

    private static IEnumerable<string> IssuersOf(ServerCertificate certificate) => certificate.Context.IntermediateCertificates.Select(issuer => issuer.Thumbprint);
}
