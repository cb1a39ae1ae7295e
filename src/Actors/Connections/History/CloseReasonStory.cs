namespace Actors443.Connections.History;

/// <summary>What a reason means to somebody who asks why, and what can be done.</summary>
/// <param name="By">Who ended the connection.</param>
/// <param name="Meaning">A sentence.</param>
/// <param name="Advice">Another; null: there is nothing to do.</param>
internal sealed record CloseReasonStory(string By, string Meaning, string? Advice = null)
{
    private const string Client = "client";
    private const string Server = "server";
    private const string Application = "application";
    private const string Upstream = "upstream";
    private const string Operator = "operator";

    /// <exception cref="ArgumentOutOfRangeException">It is no reason.</exception>
    public static CloseReasonStory Of(CloseReason reason) => reason switch
    {
        CloseReason.None => new(Server, "It is still open."),
        CloseReason.ClientClosed => new(Client, "The client closed it in order."),
        CloseReason.ClientReset => new(Client, "The client reset it or vanished without a word.", "Look at the client and at what is between: a NAT or firewall that forgets idle connections, a client that gave up waiting."),
        CloseReason.ServerClosed => new(Server, "HTTP came to its end on it."),
        CloseReason.Drained => new(Operator, "It was let go in order: the server stopped, or somebody had it drained."),
        CloseReason.ClosedByRequest => new(Operator, "Somebody had it closed."),
        CloseReason.HandshakeTimeout => new(Server, "The client did not finish the TLS handshake in time.", "A slow or broken network, a port scanner, or an attack; if clients are merely slow, raise deadlines.handshake."),
        CloseReason.HeadersTimeout => new(Server, "The client did not finish the headers of a request in time.", "A slow network or an attack of Slowloris' kind; deadlines.headers is the limit."),
        CloseReason.IdleTimeout => new(Server, "No request came for too long.", "Nothing is wrong; deadlines.idle (while load is shed: admission.load.shedding-idle) is the limit."),
        CloseReason.SlowSender => new(Server, "The body of a request came too slowly.", "https.limits.minimum-rate is the limit."),
        CloseReason.SlowReader => new(Server, "The client read a response too slowly.", "https.limits.minimum-rate is the limit."),
        CloseReason.ProtocolError => new(Server, "What the client sent broke the rules of its protocol.", "The detail names the rule; the client is at fault, or attacks."),
        CloseReason.AbortedByApplication => new(Application, "The application gave up a response half-way.", "Look at the application's log at that time, or at the upstream of the site."),
        CloseReason.AgeLimit => new(Server, "It had been open for as long as it may.", "Nothing is wrong; deadlines.age is the limit."),
        CloseReason.DrainTimeout => new(Server, "It was still open at the end of a drain, and was cut.", "drain.deadline is how long connections have to end by themselves."),
        CloseReason.NotTls => new(Server, "What came first was neither TLS nor anything else that is served here.", "A scanner, or a client of another protocol; routes with first-bytes lead such elsewhere."),
        CloseReason.PlainHttp => new(Server, "The client spoke plain HTTP to the https port; it was told so by a 400.", "The link or the client says http:// with the port of https."),
        CloseReason.MalformedClientHello => new(Server, "The first message of TLS could not be read.", "A broken client or a fuzzer."),
        CloseReason.NoSharedProtocol => new(Server, "Client and server have no version of TLS in common.", "The client is too old for the policy of https.tls."),
        CloseReason.NoSharedCipher => new(Server, "Client and server have no cipher suite in common.", "The client is too old for the suites of https.tls, or has none for the key of the certificate."),
        CloseReason.NoApplicationProtocol => new(Server, "The client offers only application protocols (ALPN) that are not served.", "routes with alpn lead other protocols to their servers."),
        CloseReason.UnknownServerName => new(Server, "The client asked for a name that no certificate has (strict SNI).", "The name's DNS leads here: add a site or a certificate for it, or correct its DNS."),
        CloseReason.NoCertificate => new(Server, "There is no certificate to show.", "actors443 certs lists what there is, and what is wrong with the rest."),
        CloseReason.ClientCertificateRejected => new(Server, "The client certificate is missing or not acceptable.", "The detail says what is wrong with it: renew it, or look at the site's client-certificates."),
        CloseReason.HandshakeFailed => new(Client, "The TLS handshake failed.", "The detail has the alert: with unknown_ca, bad_certificate or certificate_expired the client does not trust our certificate (actors443 certs)."),
        CloseReason.ClientCertificateRevoked => new(Server, "The client certificate is on the revocation list of its issuer, or was revoked here.", "Give the client a new one, if it is to come back; 'actors443 revoke list' says what was revoked here."),
        CloseReason.HandshakeRefused => new(Application, "The application refused the handshake.", "Its handshake decider says why in the detail."),
        CloseReason.ClientConnectionLimit => new(Server, "The client had too many connections already.", "admission.per-client.connections is the limit; a proxy in front belongs in admission.per-client.exempt or speaks the PROXY protocol."),
        CloseReason.ClientHandshakeLimit => new(Server, "The client had too many unfinished handshakes already.", "admission.per-client.unfinished-handshakes is the limit."),
        CloseReason.ClientHandshakeRate => new(Server, "The client made handshakes too fast, and is banned for a short time.", "admission.per-client has the rates; a client that keeps connections or resumes sessions needs fewer."),
        CloseReason.ClientBanned => new(Server, "The client is banned for a short time, because it made handshakes too fast.", "admission.per-client.ban is how long; the rates are beside it."),
        CloseReason.HandshakeShed => new(Server, "There were too many unfinished handshakes, and it was the oldest.", "A flood of half-open handshakes; admission.maximum-handshakes is the limit."),
        CloseReason.LoadShed => new(Server, "It was closed to shed load.", "actors443_admission_mode and the log say what was short."),
        CloseReason.ActorFailed => new(Server, "The actor that owned it failed.", "The log has the exception at that time. Please report it."),
        CloseReason.InternalError => new(Server, "The server itself failed.", "The log has the exception at that time. Please report it."),
        CloseReason.MalformedProxyHeader => new("proxy", "A trusted proxy sent no PROXY header, or a wrong one.", "Have the proxy send it (HAProxy: send-proxy-v2), or take it out of https.proxy-protocol."),
        CloseReason.ChallengeAnswered => new(Server, "A CA's validation was answered."),
        CloseReason.UpstreamClosed => new(Upstream, "The upstream it was led to ended it in order."),
        CloseReason.UpstreamRefused => new(Upstream, "No upstream of its route takes connections.", "Is the upstream running, and on that address?"),
        CloseReason.UpstreamUnreachable => new(Upstream, "No upstream of its route can be reached, or its name has no address.", "The detail has the address that was tried: look at DNS, routes and firewalls."),
        CloseReason.UpstreamTimeout => new(Upstream, "No upstream of its route could be connected to in time.", "The upstream is overloaded or behind a firewall that drops; connect-timeout of the route is the limit."),
        CloseReason.UpstreamReset => new(Upstream, "The upstream it was led to reset it or vanished.", "Look at the upstream's log at that time."),
        CloseReason.RouteFailed => new(Application, "The actor of a route or protocol on it failed, and connections are closed then.", "requests.supervision and requests.routes say what a failure ends; the log has the exception."),
        CloseReason.RouteQuarantined => new(Server, "The protocol it speaks is in quarantine: its actor has failed too often, or has too many connections.", "requests.supervision.back-off says when it is tried again."),
        CloseReason.CertificateConnectionLimit => new(Server, "Its client certificate had too many connections already.", "admission.per-certificate.connections is the limit; in a cluster those on all nodes count."),
        CloseReason.FrameFlood => new(Server, "The client sent frames of HTTP/2 without end that ask for nothing, or took requests back as fast as it made them.", "The detail names the frames. An attack, or a client that loops; with the third such connection in a short time it is banned for a while (admission.per-client.ban)."),
        CloseReason.Revoked => new(Server, "Its certificate, account, token or principal was revoked while it was open.", "'actors443 revoke undo' lets it in again."),
        _ => throw new ArgumentOutOfRangeException(nameof(reason), reason, "no reason"),
    };
}
