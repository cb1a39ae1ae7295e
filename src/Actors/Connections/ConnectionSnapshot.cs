using System.Net;
using System.Net.Security;
using System.Security.Authentication;

namespace Actors443.Connections;

/// <summary>One live connection as it was at one moment, for <c>conns</c>, the admin API and the status page.</summary>
public sealed record ConnectionSnapshot
{
    /// <summary>Unique in the process, as shown to people.</summary>
    public required string Id { get; init; }

    /// <summary>Name of the listener that accepted it, for example <c>https-443</c>.</summary>
    public required string Listener { get; init; }

    /// <summary>State of the owning actor.</summary>
    public required ConnectionState State { get; init; }

    /// <summary>The client's address.</summary>
    public required IPEndPoint Remote { get; init; }

    /// <summary>The proxy in front that brought it (PROXY protocol); null: none.</summary>
    public IPEndPoint? Proxy { get; init; }

    /// <summary>Since accept.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Since the last request ended; zero with a request in flight.</summary>
    public required TimeSpan Idle { get; init; }

    /// <summary>SNI; null: none sent or not known yet.</summary>
    public string? ServerName { get; init; }

    /// <summary>JA4 fingerprint of the ClientHello: which program speaks; null: it is not read yet.</summary>
    public string? Ja4 { get; init; }

    /// <summary>ALPN result; null before the handshake is done or without ALPN.</summary>
    public string? ApplicationProtocol { get; init; }

    /// <summary>TLS version; null before the handshake is done.</summary>
    public SslProtocols? TlsVersion { get; init; }

    /// <summary>Cipher suite; null before the handshake is done.</summary>
    public TlsCipherSuite? CipherSuite { get; init; }

    /// <summary>Whether the TLS session was resumed; null: not known.</summary>
    public bool? Resumed { get; init; }

    /// <summary>Subject of the client certificate; null: none.</summary>
    public string? ClientCertificate { get; init; }

    /// <summary>Whose it is, as the application or a tunnel's account has said (<see cref="IActorConnectionFeature.Principal"/>); null: nobody has.</summary>
    public string? Principal { get; init; }

    /// <summary>Name of the route that leads it elsewhere; null: it is served here.</summary>
    public string? Route { get; init; }

    /// <summary>The upstream it is led to; null: none, or not connected yet.</summary>
    public string? Upstream { get; init; }

    /// <summary>Requests begun.</summary>
    public required long Requests { get; init; }

    /// <summary>Requests (HTTP/2: streams) in flight now.</summary>
    public required int RequestsInFlight { get; init; }

    /// <summary>Bytes received, as TLS records.</summary>
    public required long BytesRead { get; init; }

    /// <summary>Bytes sent, as TLS records.</summary>
    public required long BytesWritten { get; init; }
}
