using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;

namespace Actors443.Remoting.Identity;

/// <summary>Who may be a node, besides that a trusted CA has issued its certificate. Immutable; thread-safe.</summary>
internal sealed record PeerRules
{
    /// <summary>Names of which its certificate must have one, <c>*.</c> for one label; empty: any name will do.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary><c>sha256:</c> and 64 digits: of keys (SubjectPublicKeyInfo) of which its certificate must have one; empty: any key will do.</summary>
    public IReadOnlyList<string> Pins { get; init; } = [];

    /// <summary>Asked last; answers why not, or null. May be called by several threads at once.</summary>
    public Func<X509Certificate2, string?>? Validate { get; init; }

    /// <summary>Why it may not; null: it may.</summary>
    public string? ProblemOf(X509Certificate2 certificate)
    {
        if (Names.Count > 0 && !Names.Any(name => HasName(certificate, name)))
            return $"its certificate has none of the names in peers.names ({string.Join(", ", Names)})";
        if (Pins.Count > 0 && !Pins.Contains(Actors443.Identities.Identity.CertificateKey(certificate).Id))
            return $"its key is none of peers.pins; it is {Actors443.Identities.Identity.CertificateKey(certificate).Id}";
        try
        {
            return Validate?.Invoke(certificate);
        }
        catch (Exception cause)
        {
            // Code of the host's, called from within OpenSSL, through which nothing may be thrown.
            return $"the validation of the certificate failed ({cause.GetType().Name}: {cause.Message.TrimEnd('.')})";
        }
    }

    public bool AreSame(PeerRules other) => Names.SequenceEqual(other.Names) && Pins.SequenceEqual(other.Pins) && Validate == other.Validate;

    /// <summary>Whether it is for this host.</summary>
    public static bool IsFor(X509Certificate2 certificate, string host) => certificate.MatchesHostname(host, allowWildcards: true, allowCommonName: false);

    private static bool HasName(X509Certificate2 certificate, string pattern) => CertificateValidation.NamesOf(certificate).Any(name => CertificateValidation.Covers(pattern, name));
}
