using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine.Dialing;
using Actors443.Identities;
using Actors443.Tls;

namespace Actors443.Remoting.Identity;

/// <summary>What a node shows to the others, and what it wants of them, at one time. Immutable; thread-safe.</summary>
internal sealed class PeerIdentity
{
    private static readonly TlsPolicy Policy = new(TlsPolicyName.Intermediate);

    // Each association is looked at in full: what was verified under other CAs is not taken up again.
    private static readonly TicketKeySettings NoTickets = new() { Tickets = 0 };

    private readonly PeerRules _rules;
    private readonly ClientCertificateVerifier _nodesThatAnswer;

    /// <param name="certificate">Its own.</param>
    /// <param name="authorities">Whose certificates it trusts.</param>
    /// <param name="rules">Of these.</param>
    /// <param name="revoked">Who may not come in any more.</param>
    public PeerIdentity(ServerCertificate certificate, X509Certificate2Collection authorities, PeerRules rules, RevokedIdentities revoked)
    {
        Certificate = certificate;
        Authorities = authorities;
        _rules = rules;
        _nodesThatAnswer = ClientCertificateVerifier.ForPeers(authorities, rules.ProblemOf, revoked, ExtendedKeyUsages.ServerAuthentication);
        Accepting = new HandshakeOptions(certificate, Policy, [RemotingProtocol.Alpn], ClientCertificateVerifier.ForPeers(authorities, rules.ProblemOf, revoked), NoTickets) { RefusesInWords = true };
    }

    public ServerCertificate Certificate { get; }

    public X509Certificate2Collection Authorities { get; }

    /// <summary>For those that connect to this one.</summary>
    public HandshakeOptions Accepting { get; }

    /// <summary>The same, but for who is revoked.</summary>
    public PeerIdentity With(RevokedIdentities revoked) => new(Certificate, Authorities, _rules, revoked);

    /// <summary>Whoever may come in with the one may with the other.</summary>
    public bool TrustsTheSameAs(PeerIdentity other) =>
        _rules.AreSame(other._rules)
        && Authorities.Select(Actors443.Identities.Identity.KeyFingerprintOf).ToHashSet().SetEquals(other.Authorities.Select(Actors443.Identities.Identity.KeyFingerprintOf));

    /// <summary>For connecting to another.</summary>
    /// <param name="host">Which must be in the other's certificate.</param>
    public ClientTls Connecting(string host) => new(host, RemotingProtocol.Alpn, Policy.Protocols, Certificate, (certificate, presented) => Check(certificate, presented, host));

    private ServerVerdict Check(X509Certificate2? certificate, IEnumerable<X509Certificate2> presented, string host)
    {
        if (certificate is null)
            return new ServerVerdict(ClientVerdict.Missing, CloseReason.ClientCertificateRejected, "it shows no certificate");
        ClientVerdict verdict = _nodesThatAnswer.Verify(certificate, presented);
        if (verdict != ClientVerdict.Accepted)
        {
            (CloseReason reason, string? detail) = _nodesThatAnswer.Explain(verdict, null);
            return new ServerVerdict(verdict, reason, detail ?? "its certificate is not valid");
        }

        return PeerRules.IsFor(certificate, host)
            ? new ServerVerdict(ClientVerdict.Accepted, CloseReason.None, null)
            : new ServerVerdict(ClientVerdict.Rejected, CloseReason.ClientCertificateRejected, $"its certificate is not for {host} (it is for {string.Join(", ", CertificateValidation.NamesOf(certificate))})");
    }
}
