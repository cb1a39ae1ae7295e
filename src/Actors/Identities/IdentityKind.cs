namespace Actors443.Identities;

/// <summary>What can be revoked.</summary>
public enum IdentityKind
{
    /// <summary>One client certificate, by the SHA-256 of the whole.</summary>
    Certificate,

    /// <summary>Every client certificate over one key, by the SHA-256 of its SubjectPublicKeyInfo (RFC 5280 4.1.2.7).</summary>
    CertificateKey,

    /// <summary>An account for tunnels, by name, whatever proves it.</summary>
    Account,

    /// <summary>A token of such an account, by its SHA-256, as <c>token-hash</c> has it.</summary>
    Token,

    /// <summary>Whose a connection is, as the application says (<see cref="Connections.IActorConnectionFeature.Principal"/>).</summary>
    Principal,
}
