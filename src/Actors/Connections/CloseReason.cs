namespace Actors443.Connections;

/// <summary>Why a connection ended: one vocabulary for metrics, logs, obituaries and the dashboard.</summary>
public enum CloseReason
{
    /// <summary>Still open.</summary>
    None = 0,

    /// <summary>The client closed it in order.</summary>
    ClientClosed,

    /// <summary>The client reset it or vanished.</summary>
    ClientReset,

    /// <summary>The HTTP layer ended it, for example after <c>Connection: close</c> or a protocol error.</summary>
    ServerClosed,

    /// <summary>Drained because the server stops or somebody asked for it.</summary>
    Drained,

    /// <summary>Closed by a <c>Close</c> message to the connection actor.</summary>
    ClosedByRequest,

    /// <summary>The handshake was not finished in time.</summary>
    HandshakeTimeout,

    /// <summary>Request headers were not finished in time.</summary>
    HeadersTimeout,

    /// <summary>No request for too long.</summary>
    IdleTimeout,

    /// <summary>A request body came slower than <c>https.limits.minimum-rate</c>.</summary>
    SlowSender,

    /// <summary>A response was read slower than <c>https.limits.minimum-rate</c>.</summary>
    SlowReader,

    /// <summary>What the client sent was not HTTP as it must be; the detail names the rule.</summary>
    ProtocolError,

    /// <summary>The application gave up a response half-way, for example because its upstream died.</summary>
    AbortedByApplication,

    /// <summary>Open for longer than <c>deadlines.age</c>.</summary>
    AgeLimit,

    /// <summary>Still open at the end of the drain.</summary>
    DrainTimeout,

    /// <summary>The bytes were neither TLS nor anything else we speak.</summary>
    NotTls,

    /// <summary>Plain HTTP spoken to the https port; answered with a 400.</summary>
    PlainHttp,

    /// <summary>The ClientHello could not be read.</summary>
    MalformedClientHello,

    /// <summary>No TLS version in common with the policy.</summary>
    NoSharedProtocol,

    /// <summary>No cipher suite in common with the policy.</summary>
    NoSharedCipher,

    /// <summary>No application protocol (ALPN) in common.</summary>
    NoApplicationProtocol,

    /// <summary>Strict SNI: no certificate for the name asked for.</summary>
    UnknownServerName,

    /// <summary>There is no certificate at all to show.</summary>
    NoCertificate,

    /// <summary>The client certificate is missing or not acceptable.</summary>
    ClientCertificateRejected,

    /// <summary>The handshake failed for another reason.</summary>
    HandshakeFailed,

    /// <summary>The client certificate is on its issuer's CRL, where open connections are cut, too; or it was revoked here before it came.</summary>
    ClientCertificateRevoked,

    /// <summary>A handshake decider of the application refused it.</summary>
    HandshakeRefused,

    /// <summary>The client has too many connections.</summary>
    ClientConnectionLimit,

    /// <summary>The client has too many unfinished handshakes.</summary>
    ClientHandshakeLimit,

    /// <summary>The client makes handshakes too fast.</summary>
    ClientHandshakeRate,

    /// <summary>The client is banned for a short time.</summary>
    ClientBanned,

    /// <summary>The oldest unfinished handshake made room for a new one.</summary>
    HandshakeShed,

    /// <summary>Closed while shedding load.</summary>
    LoadShed,

    /// <summary>The owning actor failed.</summary>
    ActorFailed,

    /// <summary>The server itself failed.</summary>
    InternalError,

    /// <summary>A trusted proxy has sent no PROXY header, or a wrong one.</summary>
    MalformedProxyHeader,

    /// <summary>A CA's validation by tls-alpn-01 was answered, and nothing else is said on such a connection.</summary>
    ChallengeAnswered,

    /// <summary>Led to an upstream, which ended it in order.</summary>
    UpstreamClosed,

    /// <summary>No upstream of its route takes connections.</summary>
    UpstreamRefused,

    /// <summary>No upstream of its route can be reached, or its name has no address.</summary>
    UpstreamUnreachable,

    /// <summary>No upstream of its route could be connected to in time.</summary>
    UpstreamTimeout,

    /// <summary>The upstream reset it or vanished.</summary>
    UpstreamReset,

    /// <summary>The actor of a route or protocol on it failed, and the supervision of that closes connections then.</summary>
    RouteFailed,

    /// <summary>The protocol it speaks is in quarantine, for its actor has failed too often, or has too many connections already.</summary>
    RouteQuarantined,

    /// <summary>Whose it is was revoked while it was open: client certificate, account, token or principal (<see cref="Identities.IRevocations"/>).</summary>
    Revoked,

    /// <summary>Its client certificate has too many connections.</summary>
    CertificateConnectionLimit,

    /// <summary>It sent frames of HTTP/2 without end that ask for nothing, or took requests back as fast as it made them; the detail says which (RFC 9113 10.5).</summary>
    FrameFlood,
}
