using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
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

/// <summary>One certificate ready to be shown: validated, with its key and chain. Immutable.</summary>
/// <param name="Leaf">The server's own, without its key.</param>
/// <param name="Key">RSA or ECDSA, the leaf's.</param>
/// <param name="Issuers">The rest of what is shown, each the issuer of the one before.</param>
/// <param name="Names">DNS names (lower case, <c>*.</c> wildcards) and IP addresses of the subject alternative names.</param>
/// <param name="KeyKind">RSA or ECDSA.</param>
/// <param name="Source">Where it came from, for people: a path or <c>local CA</c>.</param>
internal sealed record ServerCertificate(
    X509Certificate2 Leaf,
    AsymmetricAlgorithm Key,
    IReadOnlyList<X509Certificate2> Issuers,
    IReadOnlyList<string> Names,
    CertificateKeyKinds KeyKind,
    string Source)
{
    private SslStreamCertificateContext? _context;

    /// <summary>For SslStream; shared by all handshakes, which is what makes resumption work. Made when it is first needed: it takes a millisecond, and 20 KiB.
    /// Offline with the chain given: otherwise the first handshake would wait for downloads.</summary>
    public SslStreamCertificateContext Context => Volatile.Read(ref _context) ?? Interlocked.CompareExchange(ref _context, MakeContext(), null) ?? _context!;

    public DateTimeOffset NotBefore => Leaf.NotBefore;

    /// <summary>When the first of leaf and intermediates ends: clients refuse it from then on.</summary>
    public DateTimeOffset NotAfter { get; } = Issuers.Append(Leaf).Min(certificate => certificate.NotAfter);

    public string Thumbprint => Leaf.Thumbprint;

    /// <summary>One is another, though it shows the same.</summary>
    public bool Equals(ServerCertificate? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => RuntimeHelpers.GetHashCode(this);

    /// <summary>Whether a client is shown the same with either: leaf and chain.</summary>
    public bool ShowsTheSameAs(ServerCertificate? other) =>
        other is not null && Thumbprint == other.Thumbprint && IssuersOf(this).SequenceEqual(IssuersOf(other));

    /// <summary>The private key, PKCS#8 in DER; to be zeroed after use.</summary>
    public byte[] ExportKey()
    {
        // Keys are not thread-safe.
        lock (Key)
            return Key.ExportPkcs8PrivateKey();
    }

    private SslStreamCertificateContext MakeContext()
    {
        X509Certificate2 withKey;
        lock (Key)
            withKey = Leaf.HasPrivateKey ? Leaf : Key is RSA rsa ? Leaf.CopyWithPrivateKey(rsa) : Leaf.CopyWithPrivateKey((ECDsa)Key);
        // Windows' TLS wants a key that has a name: https://github.com/dotnet/runtime/issues/23749.
        if (OperatingSystem.IsWindows())
            withKey = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null);
        return SslStreamCertificateContext.Create(withKey, [.. Issuers], offline: true);
    }

    private static IEnumerable<string> IssuersOf(ServerCertificate certificate) => certificate.Issuers.Select(issuer => issuer.Thumbprint);
}
