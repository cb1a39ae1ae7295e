using System.Collections.Frozen;
using System.Security.Cryptography.X509Certificates;
using Actors443.Engine;
using Actors443.Tunnels.Accounts;

namespace Actors443.Identities;

/// <summary>The identities that are revoked, for looking up. An immutable snapshot.</summary>
internal sealed class RevokedSet
{
    private readonly FrozenDictionary<string, RevokedIdentity>[] _byKind;

    public RevokedSet(IEnumerable<RevokedIdentity> revoked)
    {
        All = [.. revoked];
        _byKind = [.. Enum.GetValues<IdentityKind>().Select(kind => All.Where(one => one.Identity.Kind == kind).ToFrozenDictionary(one => one.Identity.Id, StringComparer.Ordinal))];
    }

    public static RevokedSet Empty { get; } = new([]);

    public IReadOnlyList<RevokedIdentity> All { get; }

    public int CountOf(IdentityKind kind) => Of(kind).Count;

    public RevokedIdentity? Find(Identity identity) => Of(identity.Kind).GetValueOrDefault(identity.Id);

    public RevokedIdentity? Find(X509Certificate2? certificate)
    {
        if (certificate is null)
            return null;
        FrozenDictionary<string, RevokedIdentity> certificates = Of(IdentityKind.Certificate);
        FrozenDictionary<string, RevokedIdentity> keys = Of(IdentityKind.CertificateKey);
        return (certificates.Count == 0 ? null : certificates.GetValueOrDefault(Identity.FingerprintOf(certificate)))
            ?? (keys.Count == 0 ? null : keys.GetValueOrDefault(Identity.KeyFingerprintOf(certificate)));
    }

    /// <summary>By what an account was proved with, or the account itself.</summary>
    public RevokedIdentity? Find(AccountProof? proof)
    {
        if (All.Count == 0 || proof is null)
            return null;
        return Of(IdentityKind.Account).GetValueOrDefault(proof.Account.Name)
            ?? Named(IdentityKind.Token, proof.Token) ?? Named(IdentityKind.Certificate, proof.Certificate) ?? Named(IdentityKind.CertificateKey, proof.CertificateKey);
    }

    /// <summary>By anything that is known of whose a connection is.</summary>
    public RevokedIdentity? Find(EngineConnection connection) =>
        All.Count == 0 ? null : Find(connection.ClientCertificate) ?? Find(connection.Proof) ?? Named(IdentityKind.Principal, connection.Principal);

    private RevokedIdentity? Named(IdentityKind kind, string? id) => id is null ? null : Of(kind).GetValueOrDefault(id);

    private FrozenDictionary<string, RevokedIdentity> Of(IdentityKind kind) => _byKind[(int)kind];
}

/// <summary>Holds the set that handshakes, tunnels and connections look into. Written by its actor alone; outlives it. Thread-safe, lock-free.</summary>
internal sealed class RevokedIdentities
{
    private RevokedSet _current = RevokedSet.Empty;
    private IReadOnlyList<RevocationFact> _facts = [];

    public RevokedSet Current => Volatile.Read(ref _current);

    /// <summary>Others are published. On the thread that has published them, which must not be held up.</summary>
    public event Action? Changed;

    /// <summary>All that is known, what was taken back included.</summary>
    public IReadOnlyList<RevocationFact> Facts => Volatile.Read(ref _facts);

    public void Publish(IReadOnlyList<RevocationFact> facts)
    {
        Volatile.Write(ref _facts, facts);
        Volatile.Write(ref _current, new RevokedSet(facts.Where(fact => fact.Revoked).Select(fact => fact.ToRevoked())));
        // Whoever names a connection's identity looks here afterwards, and whoever publishes looks at the connections: one of the two sees the other.
        Interlocked.MemoryBarrier();
        Changed?.Invoke();
    }
}
