using System.Collections.Frozen;
using System.Net;

namespace Actors443.Certificates;

/// <summary>All certificates being served, by server name. An immutable snapshot: a change publishes a new index with the next generation.</summary>
internal sealed class CertificateIndex
{
    private readonly FrozenDictionary<string, Pair> _exact;
    private readonly FrozenDictionary<string, Pair> _wildcard;
    // By part of a name, without a copy of it for each handshake.
    private readonly FrozenDictionary<string, Pair>.AlternateLookup<ReadOnlySpan<char>> _wildcardByPart;
    private readonly Pair _default;

    /// <param name="generation">Rises with every publication.</param>
    /// <param name="certificates">In order of preference: of two for the same name and key kind the first is shown. One that has expired is shown
    /// only for names that no other has.</param>
    /// <param name="defaultName">Whose certificate is shown without a known SNI; null: the first.</param>
    /// <param name="now">What has ended by then has expired.</param>
    public CertificateIndex(long generation, IReadOnlyList<ServerCertificate> certificates, string? defaultName, DateTimeOffset now)
    {
        Generation = generation;
        DefaultName = defaultName;
        Certificates = [.. certificates.OrderBy(certificate => certificate.NotAfter <= now)];
        Expired = Certificates.Count(certificate => certificate.NotAfter <= now);
        var exact = new Dictionary<string, Pair>(StringComparer.OrdinalIgnoreCase);
        var wildcard = new Dictionary<string, Pair>(StringComparer.OrdinalIgnoreCase);
        foreach (ServerCertificate certificate in Certificates)
        {
            foreach (string name in certificate.Names)
            {
                bool isWildcard = name.StartsWith("*.", StringComparison.Ordinal);
                Dictionary<string, Pair> target = isWildcard ? wildcard : exact;
                string key = isWildcard ? name[2..] : name;
                Pair pair = target.GetValueOrDefault(key);
                if (pair.IsEmpty || certificate.NotAfter > now)
                    target[key] = pair.With(certificate);
            }
        }

        _exact = exact.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _wildcard = wildcard.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
        _wildcardByPart = _wildcard.GetAlternateLookup<ReadOnlySpan<char>>();
        _default = defaultName is not null && Lookup(defaultName) is { IsEmpty: false } named ? named
            : Certificates.Count > 0 ? Lookup(Certificates[0].Names[0])
            : default;
    }

    public static CertificateIndex Empty { get; } = new(0, [], null, DateTimeOffset.MinValue);

    public long Generation { get; }

    /// <summary>Valid ones first, else in order of preference.</summary>
    public IReadOnlyList<ServerCertificate> Certificates { get; }

    public string? DefaultName { get; }

    /// <summary>How many had expired when the index was made.</summary>
    public int Expired { get; }

    /// <summary>The certificate for a name, exact before wildcard (one label, RFC 9525 6.3), ECDSA before RSA; null if none covers it. One whose key
    /// the client cannot use is answered only if there is no other: OpenSSL then sends the right alert.</summary>
    public ServerCertificate? Find(string serverName, CertificateKeyKinds usable)
    {
        Pair exact = Exact(serverName);
        if (exact.Usable(usable) is { } found)
            return found;
        Pair wildcard = Wildcard(serverName);
        return wildcard.Usable(usable) ?? exact.Any ?? wildcard.Any;
    }

    /// <summary>The certificate for a client that sends no SNI or an unknown one; null only if the index is empty.</summary>
    public ServerCertificate? Default(CertificateKeyKinds usable) => _default.Usable(usable) ?? _default.Any;

    public bool Covers(string serverName) => !Lookup(serverName).IsEmpty;

    /// <summary>Whether any client can be shown the certificate.</summary>
    public bool Shows(ServerCertificate certificate) => _exact.Values.Concat(_wildcard.Values).Any(pair => pair.Ecdsa == certificate || pair.Rsa == certificate);

    private Pair Lookup(string name) => Exact(name) is { IsEmpty: false } exact ? exact : Wildcard(name);

    private Pair Exact(string name) => _exact.GetValueOrDefault(name);

    private Pair Wildcard(string name)
    {
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && _wildcardByPart.TryGetValue(name.AsSpan(dot + 1), out Pair pair) && !IPAddress.TryParse(name, out _) ? pair : default;
    }

    /// <summary>The ECDSA and the RSA certificate of one name.</summary>
    private readonly record struct Pair(ServerCertificate? Ecdsa, ServerCertificate? Rsa)
    {
        public bool IsEmpty => Ecdsa is null && Rsa is null;

        public ServerCertificate? Any => Ecdsa ?? Rsa;

        public Pair With(ServerCertificate certificate) => certificate.KeyKind == CertificateKeyKinds.Ecdsa
            ? this with { Ecdsa = Ecdsa ?? certificate }
            : this with { Rsa = Rsa ?? certificate };

        public ServerCertificate? Usable(CertificateKeyKinds usable) =>
            Ecdsa is not null && usable.HasFlag(CertificateKeyKinds.Ecdsa) ? Ecdsa
            : Rsa is not null && usable.HasFlag(CertificateKeyKinds.Rsa) ? Rsa
            : null;
    }
}
