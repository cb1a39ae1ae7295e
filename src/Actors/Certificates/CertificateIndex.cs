using System.Collections.Frozen;
using System.Net;

namespace Actors443.Certificates;

/// <summary>All certificates being served, by server name. An immutable snapshot: a change publishes a new index with the next generation.</summary>
internal sealed class CertificateIndex
{
    private readonly FrozenDictionary<string, Pair> _exact;
    private readonly FrozenDictionary<string, Pair> _wildcard;
    private readonly Pair _default;

    /// <param name="generation">Rises with every publication.</param>
    /// <param name="certificates">In order of preference: of two for the same name and key kind the first is shown.</param>
    /// <param name="defaultName">Whose certificate is shown without a known SNI; null: the first.</param>
    public CertificateIndex(long generation, IReadOnlyList<ServerCertificate> certificates, string? defaultName)
    {
        Generation = generation;
        Certificates = certificates;
        DefaultName = defaultName;
        var exact = new Dictionary<string, Pair>(StringComparer.OrdinalIgnoreCase);
        var wildcard = new Dictionary<string, Pair>(StringComparer.OrdinalIgnoreCase);
        foreach (ServerCertificate certificate in certificates)
        {
            foreach (string name in certificate.Names)
            {
                bool isWildcard = name.StartsWith("*.", StringComparison.Ordinal);
                Dictionary<string, Pair> target = isWildcard ? wildcard : exact;
                string key = isWildcard ? name[2..] : name;
                target[key] = target.GetValueOrDefault(key).With(certificate);
            }
        }

        _exact = exact.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _wildcard = wildcard.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _default = defaultName is not null && Lookup(defaultName) is { IsEmpty: false } named
            ? named
            : certificates.Aggregate(default(Pair), (pair, certificate) => pair.With(certificate));
    }

    public static CertificateIndex Empty { get; } = new(0, [], null);

    public long Generation { get; }

    public IReadOnlyList<ServerCertificate> Certificates { get; }

    public string? DefaultName { get; }

    /// <summary>The certificate for a name, exact before wildcard (one label, RFC 9525 6.3), ECDSA before RSA; null if none covers it.</summary>
    public ServerCertificate? Find(string serverName, CertificateKeyKinds usable) => Lookup(serverName).Choose(usable);

    /// <summary>The certificate for a client that sends no SNI or an unknown one; null only if the index is empty.</summary>
    public ServerCertificate? Default(CertificateKeyKinds usable) => _default.Choose(usable);

    public bool Covers(string serverName) => !Lookup(serverName).IsEmpty;

    private Pair Lookup(string name)
    {
        if (_exact.TryGetValue(name, out Pair exact))
            return exact;
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && !IPAddress.TryParse(name, out _) && _wildcard.TryGetValue(name[(dot + 1)..], out Pair wildcard) ? wildcard : default;
    }

    /// <summary>The ECDSA and the RSA certificate of one name.</summary>
    private readonly record struct Pair(ServerCertificate? Ecdsa, ServerCertificate? Rsa)
    {
        public bool IsEmpty => Ecdsa is null && Rsa is null;

        public Pair With(ServerCertificate certificate) => certificate.KeyKind == CertificateKeyKinds.Ecdsa
            ? this with { Ecdsa = Ecdsa ?? certificate }
            : this with { Rsa = Rsa ?? certificate };

        // A client that admits to neither kind gets what there is: OpenSSL then answers with the right alert.
        public ServerCertificate? Choose(CertificateKeyKinds usable) =>
            Ecdsa is not null && (usable.HasFlag(CertificateKeyKinds.Ecdsa) || Rsa is null) ? Ecdsa : Rsa ?? Ecdsa;
    }
}
