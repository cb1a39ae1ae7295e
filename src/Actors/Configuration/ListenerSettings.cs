using System.Net;

namespace Actors443.Configuration;

/// <summary><c>actors443.https</c>: the listeners that speak TLS.</summary>
public sealed record HttpsSettings
{
    /// <summary>Addresses to listen on. <c>[::]:443</c> takes IPv4 as well.</summary>
    public IReadOnlyList<IPEndPoint> Bind { get; init; } = [new(IPAddress.IPv6Any, 443)];

    /// <summary>Used instead of <see cref="Bind"/> when that needs a right the process lacks and the user has configured no address himself.</summary>
    public IReadOnlyList<IPEndPoint> FallbackBind { get; init; } = [new(IPAddress.IPv6Any, 8443)];

    /// <summary>True if the user set <c>https.bind</c> himself: then no fall-back happens.</summary>
    public bool BindIsExplicit { get; init; }

    /// <summary>The port to name in redirects and Alt-Svc; null: the one listened on. For servers behind a port mapping.</summary>
    public int? PublicPort { get; init; }

    /// <summary>ALPN protocols in order of preference: <c>h2</c>, <c>http/1.1</c>.</summary>
    public IReadOnlyList<string> Protocols { get; init; } = ["h2", "http/1.1"];

    /// <summary>HTTP/3 on the UDP ports of <see cref="Bind"/>.</summary>
    public Http3Mode Http3 { get; init; }

    /// <summary>What else is offered by ALPN, after <see cref="Protocols"/>: of routes and the resolver.</summary>
    internal IReadOnlyList<string> OtherProtocols { get; init; } = [];

    /// <summary>The named TLS policy.</summary>
    public TlsPolicyName Tls { get; init; } = TlsPolicyName.Intermediate;

    /// <summary>Refuse a handshake whose SNI no certificate covers (alert unrecognized_name), instead of showing the default certificate.</summary>
    public bool StrictSni { get; init; }

    /// <summary>Client certificates asked of everybody; a site can set its own.</summary>
    public ClientCertificateSettings ClientCertificates { get; init; } = ClientCertificateSettings.None;

    /// <summary>Client certificates by server name (exact or <c>*.</c> wildcard), from the sites.</summary>
    public IReadOnlyDictionary<string, ClientCertificateSettings> ClientCertificatesByName { get; init; } =
        new Dictionary<string, ClientCertificateSettings>(StringComparer.OrdinalIgnoreCase);

    /// <summary>What is asked of clients that come for a name; null: they named none.</summary>
    internal ClientCertificateSettings ClientCertificatesFor(string? serverName)
    {
        if (serverName is null || ClientCertificatesByName.Count == 0)
            return ClientCertificates;
        if (ClientCertificatesByName.TryGetValue(serverName, out ClientCertificateSettings? rule))
            return rule;
        int dot = serverName.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && ClientCertificatesByName.TryGetValue($"*{serverName[dot..]}", out rule) ? rule : ClientCertificates;
    }

    /// <summary>File to which the secrets of all sessions are appended (NSS key log format), so that recorded traffic can be decrypted; null: none.
    /// Event-loop engine.</summary>
    public string? KeyLogFile { get; init; }

    /// <summary>Pending connections the kernel holds for us, per address.</summary>
    public int Backlog { get; init; } = 4096;

    /// <summary>What a client's <c>traceparent</c> is worth.</summary>
    public TraceContextPolicy TraceContext { get; init; } = TraceContextPolicy.Link;

    /// <summary>HTTP limits.</summary>
    public HttpLimitSettings Limits { get; init; } = new();

    /// <summary>Proxies in front.</summary>
    public ProxyProtocolSettings ProxyProtocol { get; init; } = new();
}

/// <summary><c>actors443.https.proxy-protocol</c>: proxies in front that say whose connection they bring (PROXY protocol 1 and 2).</summary>
public sealed record ProxyProtocolSettings
{
    /// <summary>Connections from here must begin with a PROXY header; from elsewhere none is looked at.</summary>
    public IReadOnlyList<IPNetwork> Trust { get; init; } = [];
}

/// <summary>Whether HTTP/3 (RFC 9114) is spoken.</summary>
public enum Http3Mode
{
    /// <summary>If the platform has QUIC; if not, or if the port is taken, a line in the log says so.</summary>
    Auto,

    /// <summary>It is an error if it cannot be.</summary>
    On,

    /// <summary>No.</summary>
    Off,
}

/// <summary>What the trace context (W3C <c>traceparent</c>, <c>tracestate</c> and <c>baggage</c>) of a client's request is worth.</summary>
public enum TraceContextPolicy
{
    /// <summary>Nothing.</summary>
    Ignore,

    /// <summary>The request begins a trace of its own, which refers to the client's.</summary>
    Link,

    /// <summary>The request goes on in the client's trace, and is traced if the client says so: for clients of one's own.</summary>
    Trust,
}

/// <summary>Named TLS policies, after Mozilla's guideline.</summary>
public enum TlsPolicyName
{
    /// <summary>TLS 1.3 only.</summary>
    Modern,

    /// <summary>TLS 1.2 with ECDHE and AEAD, and TLS 1.3.</summary>
    Intermediate,
}

/// <summary>Whether a client certificate is asked for, and who may have issued it.</summary>
/// <param name="Mode">Asked for, demanded or neither.</param>
/// <param name="CaFile">PEM file of the accepted CAs; null only with <see cref="ClientCertificateMode.None"/>.</param>
public sealed record ClientCertificateSettings(ClientCertificateMode Mode, string? CaFile)
{
    /// <summary>Not asked for.</summary>
    public static ClientCertificateSettings None { get; } = new(ClientCertificateMode.None, null);

    /// <summary>Files (PEM or DER, absolute paths) and URLs of the CAs' certificate revocation lists (RFC 5280 5); empty: revocation is not checked.</summary>
    public IReadOnlyList<string> Crl { get; init; } = [];

    /// <summary>What a list is worth after its nextUpdate.</summary>
    public ExpiredCrlPolicy ExpiredCrl { get; init; }
}

/// <summary>What a certificate revocation list is worth after its nextUpdate.</summary>
public enum ExpiredCrlPolicy
{
    /// <summary>Nothing: no client certificate of that issuer is accepted until there is a new one.</summary>
    Refuse,

    /// <summary>What is on it stays revoked, the others are accepted.</summary>
    Accept,
}

/// <summary>Whether a client certificate is asked for.</summary>
public enum ClientCertificateMode
{
    /// <summary>Not asked for.</summary>
    None,

    /// <summary>Asked for; a client without one is served, one with a bad one is not.</summary>
    Optional,

    /// <summary>Demanded.</summary>
    Required,
}

/// <summary><c>actors443.https.limits</c>: what one request and one connection may ask for.</summary>
public sealed record HttpLimitSettings
{
    /// <summary>Largest request body, in bytes; null: no limit.</summary>
    public long? RequestBody { get; init; } = 30_000_000;

    /// <summary>Largest request line, in bytes.</summary>
    public int RequestLine { get; init; } = 8 * 1024;

    /// <summary>All request headers together, in bytes.</summary>
    public int RequestHeaders { get; init; } = 32 * 1024;

    /// <summary>Number of request headers.</summary>
    public int RequestHeaderCount { get; init; } = 100;

    /// <summary>Concurrent streams of an HTTP/2 connection.</summary>
    public int Http2Streams { get; init; } = 100;

    /// <summary>A body read or written slower than this (bytes per second) is cut after <see cref="RateGrace"/>; 0: off.</summary>
    public double MinimumRate { get; init; } = 240;

    /// <summary>How long a body may be slower than <see cref="MinimumRate"/>.</summary>
    public TimeSpan RateGrace { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary><c>actors443.http</c>: the listeners that only redirect to https.</summary>
public sealed record HttpSettings
{
    /// <summary>False: no listener on port 80.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Addresses to listen on.</summary>
    public IReadOnlyList<IPEndPoint> Bind { get; init; } = [new(IPAddress.IPv6Any, 80)];

    /// <summary>As <see cref="HttpsSettings.FallbackBind"/>.</summary>
    public IReadOnlyList<IPEndPoint> FallbackBind { get; init; } = [new(IPAddress.IPv6Any, 8080)];

    /// <summary>As <see cref="HttpsSettings.BindIsExplicit"/>.</summary>
    public bool BindIsExplicit { get; init; }

    /// <summary>Concurrent connections; more wait in the kernel's backlog.</summary>
    public int MaximumConnections { get; init; } = 1024;
}
