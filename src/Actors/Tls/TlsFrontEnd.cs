using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Runtime.CompilerServices;
using Actors443.Acme.Challenges;
using Actors443.Certificates;
using Actors443.Certificates.Canary;
using Actors443.Certificates.Revocation;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Identities;
using Actors443.Remoting;
using Actors443.Tls.Deciding;

namespace Actors443.Tls;

/// <summary>What a ClientHello is answered with: a refusal with its alert, or the options of the handshake.</summary>
internal readonly record struct TlsDecision(CloseReason Refusal, TlsAlert Alert, HandshakeOptions? Options, string? Detail)
{
    public static TlsDecision Refuse(CloseReason reason, TlsAlert alert, string? detail = null) => new(reason, alert, null, detail);
}

/// <summary>Chooses certificate, policy and client-certificate rule by ClientHello. Thread-safe; settings are replaced whole.</summary>
internal sealed class TlsFrontEnd
{
    private readonly PublishedCertificates _certificates;
    private readonly PublishedRevocations _revocations;
    private readonly RevokedIdentities _revoked;
    private readonly TimeProvider _time;
    private readonly TlsAlpnChallengeTable? _challenges;
    private volatile Rules _rules;
    private volatile Tried? _tried;
    private CanaryStatus? _policyCanary;

    /// <param name="settings">To begin with.</param>
    /// <param name="certificates">What is served.</param>
    /// <param name="challenges">Answers to validations by CAs; null: none.</param>
    /// <param name="tickets">Of sessions; null: the defaults.</param>
    /// <param name="revocations">Lists for client certificates; null: none.</param>
    /// <param name="time">The clock that lists expire by; null: the system's.</param>
    /// <param name="revoked">Whose certificates are refused; null: nobody's.</param>
    public TlsFrontEnd(HttpsSettings settings, PublishedCertificates certificates, TlsAlpnChallengeTable? challenges = null, TicketKeySettings? tickets = null, PublishedRevocations? revocations = null, TimeProvider? time = null, RevokedIdentities? revoked = null)
    {
        _certificates = certificates;
        _challenges = challenges;
        _revocations = revocations ?? new PublishedRevocations();
        _revoked = revoked ?? new RevokedIdentities();
        _time = time ?? TimeProvider.System;
        _rules = new Rules(settings, tickets ?? new TicketKeySettings(), _revocations, _revoked, _time);
    }

    public TlsPolicy Policy => _rules.Policy;

    /// <summary>What holds for all but those of a trial.</summary>
    public HttpsSettings Settings => _rules.Settings;

    /// <summary>Who has a say on handshakes; null: nobody.</summary>
    public HandshakeDeciders? Deciders { get; init; }

    /// <summary>Where nodes of a cluster come in; null: nowhere.</summary>
    public RemotingDoor? Nodes { get; init; }

    /// <summary>To be asked before <see cref="Decide(ClientHello, IPAddress?)"/>; null: nobody. A validation by a CA, or a node, leads to no site, and is ours to answer.</summary>
    public HandshakeDeciders? DecidersOf(ClientHello hello) =>
        Deciders is null || (_challenges is not null && TlsAlpnChallengeTable.IsValidation(hello)) || Nodes?.Takes(hello) == true ? null : Deciders;

    /// <summary>Whether it says that it is a node, and comes from where some have come: no flood of others from there keeps it out.</summary>
    /// <param name="hello">What it says.</param>
    /// <param name="client">Who it is; null: it may come from anywhere.</param>
    public bool IsOfNode(ClientHello hello, IPAddress? client) => Nodes is { } nodes && nodes.Takes(hello) && (client is null || nodes.Peers.Contains(client));

    /// <summary>How the last trial of another policy stands; null: there was none. Written by the policy actor.</summary>
    public CanaryStatus? PolicyCanary
    {
        get => Volatile.Read(ref _policyCanary);
        set => Volatile.Write(ref _policyCanary, value);
    }

    /// <summary>For new handshakes from now on, of all clients. A trial of another policy ends.</summary>
    /// <exception cref="ClientCaException">A CA file cannot be read; the former settings stay.</exception>
    public void Apply(HttpsSettings settings, TicketKeySettings tickets)
    {
        // New rules make new TLS contexts, and with some engines clients could not come back with the sessions of the former.
        if (!_rules.AreFor(settings, tickets))
            _rules = new Rules(settings, tickets, _revocations, _revoked, _time);
        _tried = null;
    }

    /// <summary>Whether these could be applied. Changes nothing.</summary>
    /// <exception cref="ClientCaException">A CA file cannot be read.</exception>
    public void Check(Actors443Settings settings)
    {
        if (!_rules.AreFor(settings.Https, settings.Certificates.TicketKeys))
            _ = new Rules(settings.Https, settings.Certificates.TicketKeys, _revocations, _revoked, _time);
    }

    /// <summary>For new handshakes from now on: one policy for the clients of the trial, another for all others.</summary>
    /// <param name="settings">With the policy of all others.</param>
    /// <param name="candidate">The same with the policy that is tried.</param>
    /// <param name="tickets">Of sessions.</param>
    /// <param name="trial">Who sees it, and how that goes.</param>
    /// <exception cref="ClientCaException">A CA file cannot be read; the former settings stay.</exception>
    public void Try(HttpsSettings settings, HttpsSettings candidate, TicketKeySettings tickets, TlsPolicyTrial trial)
    {
        var tried = new Tried(new Rules(candidate, tickets, _revocations, _revoked, _time), trial);
        _rules = new Rules(settings, tickets, _revocations, _revoked, _time);
        _tried = tried;
    }

    /// <summary>A handshake was completed; counts while new certificates or another policy are on trial.</summary>
    public void Completed(ServerCertificate shown, bool? resumed, IPAddress client)
    {
        _tried?.Trial.Completed(client);
        // A resumed session shows no certificate.
        if (_certificates.Trial is { } trial && resumed != true)
            trial.Completed(shown);
    }

    /// <summary>A handshake failed after the certificate was shown; counts while new certificates or another policy are on trial.</summary>
    public void Failed(ServerCertificate shown, CloseReason reason, string? detail, string? serverName, IPAddress client)
    {
        if (reason is not (CloseReason.HandshakeFailed or CloseReason.NoSharedProtocol or CloseReason.NoSharedCipher or CloseReason.ClientClosed or CloseReason.ClientReset))
            return;
        _certificates.Trial?.Failed(shown, detail ?? reason.ToTag(), serverName, client);
        _tried?.Trial.Failed(detail ?? reason.ToTag(), serverName, client);
    }

    /// <summary>Who checks client certificates for a name; null: nobody.</summary>
    public ClientCertificateVerifier? ClientsOf(string? serverName) => _rules.ClientsOf(serverName);

    /// <param name="hello">What the client offers.</param>
    /// <param name="client">Who it is; null: not one of those who see new certificates first.</param>
    public TlsDecision Decide(ClientHello hello, IPAddress? client = null)
    {
        if (_challenges is not null && TlsAlpnChallengeTable.IsValidation(hello))
            return DecideValidation(_challenges, hello);
        if (Nodes?.Takes(hello) == true)
            return Nodes.Decide(hello);
        if (_tried is not { } tried || client is null)
            return Decide(_rules, hello, client);
        TlsDecision decision = Decide(tried.Trial.Takes(client) ? tried.Rules : _rules, hello, client);
        if (decision.Refusal is CloseReason.NoSharedProtocol or CloseReason.NoSharedCipher or CloseReason.UnknownServerName)
            tried.Trial.Failed(decision.Refusal.ToTag(), hello.ServerName, client);
        return decision;
    }

    private TlsDecision Decide(Rules rules, ClientHello hello, IPAddress? client)
    {
        (CertificateKeyKinds usable, CloseReason refusal, TlsAlert alert) = rules.Policy.Examine(hello);
        if (refusal != CloseReason.None)
            return TlsDecision.Refuse(refusal, alert);
        if (hello.ApplicationProtocols is { } offered && !rules.SharesProtocol(offered))
            return TlsDecision.Refuse(CloseReason.NoApplicationProtocol, TlsAlert.NoApplicationProtocol, $"offered {string.Join(", ", offered)}");

        CertificateIndex index = _certificates.Trial is { } trial && client is not null && trial.Takes(client) ? trial.Candidate : _certificates.Current;
        ServerCertificate? certificate = hello.ServerName is null ? null : index.Find(hello.ServerName, usable);
        if (certificate is null)
        {
            if (rules.StrictSni)
                return TlsDecision.Refuse(CloseReason.UnknownServerName, TlsAlert.UnrecognizedName, hello.ServerName ?? "no server name sent");
            certificate = index.Default(usable);
        }

        if (certificate is null)
            return TlsDecision.Refuse(CloseReason.NoCertificate, TlsAlert.InternalError);

        // A TLS 1.2 client that offers AEAD only for the other kind of key would be given a CBC suite.
        if (!hello.OffersTls13 && !usable.HasFlag(certificate.KeyKind))
            return TlsDecision.Refuse(CloseReason.NoSharedCipher, TlsAlert.HandshakeFailure, $"the certificate's key is {certificate.KeyKind}");
        return new TlsDecision(CloseReason.None, default, rules.OptionsFor(certificate, hello.ServerName), null);
    }

    // Never by way of the ordinary certificates: whoever offers acme-tls/1 gets a challenge certificate or nothing.
    private static TlsDecision DecideValidation(TlsAlpnChallengeTable challenges, ClientHello hello) =>
        challenges.Find(hello.ServerName) is { } options
            ? new TlsDecision(CloseReason.None, default, options, null)
            : TlsDecision.Refuse(CloseReason.UnknownServerName, TlsAlert.UnrecognizedName, $"no tls-alpn-01 challenge is pending for {hello.ServerName ?? "no name"}");

    private sealed record Tried(Rules Rules, TlsPolicyTrial Trial);

    /// <summary>One generation of settings, with the handshake options made from them: one instance a certificate and rule, kept while the certificate is served.</summary>
    private sealed class Rules
    {
        private readonly HttpsSettings _settings;
        private readonly TicketKeySettings _tickets;
        private readonly List<SslApplicationProtocol> _protocols;
        private readonly ConditionalWeakTable<ServerCertificate, ConcurrentDictionary<ClientCertificateSettings, HandshakeOptions>> _options = [];
        private readonly Dictionary<ClientCertificateSettings, ClientCertificateVerifier> _verifiers = [];
        private readonly Dictionary<string, FileStamp> _files = [];

        public Rules(HttpsSettings settings, TicketKeySettings tickets, PublishedRevocations revocations, RevokedIdentities revoked, TimeProvider time)
        {
            _settings = settings;
            _tickets = tickets;
            Policy = new TlsPolicy(settings.Tls);
            _protocols = [.. settings.Protocols.Concat(settings.OtherProtocols).Select(protocol => new SslApplicationProtocol(protocol))];
            foreach (ClientCertificateSettings rule in settings.ClientCertificatesByName.Values.Append(settings.ClientCertificates))
            {
                if (rule.Mode == ClientCertificateMode.None)
                    continue;
                // Looked at first: what is written meanwhile is seen as a change.
                if (rule.CaFile is { } file)
                    _files[file] = FileStamp.Of(file);
                _verifiers[rule] = ClientCertificateVerifier.Load(rule, revocations, time, revoked);
            }
        }

        /// <summary>Whether others made now would be the same.</summary>
        public bool AreFor(HttpsSettings settings, TicketKeySettings tickets) =>
            settings.OtherProtocols.SequenceEqual(_settings.OtherProtocols)
            && settings with { OtherProtocols = _settings.OtherProtocols } == _settings
            && tickets == _tickets
            && _files.All(file => FileStamp.Of(file.Key) == file.Value);

        public TlsPolicy Policy { get; }

        public HttpsSettings Settings => _settings;

        public bool StrictSni => _settings.StrictSni;

        public bool SharesProtocol(IReadOnlyList<string> offered)
        {
            foreach (string protocol in offered)
            {
                if (_settings.Protocols.Contains(protocol) || _settings.OtherProtocols.Contains(protocol))
                    return true;
            }

            return false;
        }

        public HandshakeOptions OptionsFor(ServerCertificate certificate, string? serverName)
        {
            ClientCertificateSettings rule = _settings.ClientCertificatesFor(serverName);
            ConcurrentDictionary<ClientCertificateSettings, HandshakeOptions> byRule = _options.GetOrCreateValue(certificate);
            return byRule.TryGetValue(rule, out HandshakeOptions? options) ? options : byRule.GetOrAdd(rule, Build(certificate, rule));
        }

        public ClientCertificateVerifier? ClientsOf(string? serverName) => _verifiers.GetValueOrDefault(_settings.ClientCertificatesFor(serverName));

        private HandshakeOptions Build(ServerCertificate certificate, ClientCertificateSettings rule) =>
            new(certificate, Policy, _protocols, _verifiers.GetValueOrDefault(rule), _tickets);
    }
}
