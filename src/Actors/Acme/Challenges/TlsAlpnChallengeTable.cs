using System.Collections.Concurrent;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Actors443.Acme.Protocol;
using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Telemetry;
using Actors443.Tls;

namespace Actors443.Acme.Challenges;

/// <summary>Answers to tls-alpn-01 (RFC 8737) that handshakes on the https port give. Thread-safe; lives in memory, so that whoever publishes does so again after a
/// restart.</summary>
internal sealed class TlsAlpnChallengeTable(AcmeMetrics metrics, TimeProvider time)
{
    // RFC 8737 3: TLS 1.2 or higher. Nothing but the handshake is ever done with it.
    private static readonly TlsPolicy Policy = new(TlsPolicyName.Intermediate);
    private static readonly TicketKeySettings NoTickets = new() { Tickets = 0 };
    private static readonly SslApplicationProtocol[] Protocols = [new(AcmeChallengeType.AlpnProtocol)];

    private readonly ConcurrentDictionary<string, Answer> _answers = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a ClientHello is a validation: it offers <c>acme-tls/1</c> and nothing else. Offered among others it means nothing.</summary>
    public static bool IsValidation(ClientHello hello) => hello.ApplicationProtocols is [AcmeChallengeType.AlpnProtocol];

    /// <summary>Publishes the answer for a name or address, or replaces it.</summary>
    /// <param name="identifier">Not a wildcard.</param>
    /// <param name="keyAuthorization">See <see cref="KeyAuthorization.Of"/>.</param>
    public void Publish(AcmeIdentifier identifier, string keyAuthorization)
    {
        X509Certificate2 certificate = TlsAlpnCertificate.Make(identifier, keyAuthorization, time.GetUtcNow());
        var shown = new ServerCertificate(certificate, certificate.GetECDsaPrivateKey()!, [], [identifier.Value], CertificateKeyKinds.Ecdsa, "ACME challenge");
        _answers[KeyAuthorization.ServerName(identifier)] = new Answer(new HandshakeOptions(shown, Policy, Protocols, null, NoTickets) { EndsAfterHandshake = true });
    }

    public void Withdraw(AcmeIdentifier identifier) => _answers.TryRemove(KeyAuthorization.ServerName(identifier), out _);

    /// <summary>How often a published answer has been given: none means that the CA has not come through to us. 0: not published.</summary>
    public int TimesGiven(AcmeIdentifier identifier) => _answers.TryGetValue(KeyAuthorization.ServerName(identifier), out Answer? answer) ? answer.Given : 0;

    /// <summary>The handshake for a validation; null: nothing is published for that name.</summary>
    public HandshakeOptions? Find(string? serverName)
    {
        bool found = _answers.TryGetValue(serverName ?? "", out Answer? answer);
        metrics.Validated(AcmeChallengeType.TlsAlpn01, found);
        if (!found)
            return null;
        Interlocked.Increment(ref answer!.Given);
        return answer.Options;
    }

    private sealed class Answer(HandshakeOptions options)
    {
        public int Given;

        public HandshakeOptions Options => options;
    }
}
