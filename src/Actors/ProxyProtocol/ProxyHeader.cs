using System.Net;

namespace Actors443.ProxyProtocol;

/// <summary>What a proxy in front says of a connection (PROXY protocol, versions 1 and 2). Immutable.</summary>
public sealed record ProxyHeader
{
    /// <summary>1 or 2.</summary>
    public required int Version { get; init; }

    /// <summary>The client's address; null: the connection is the proxy's own, for example to look whether we live.</summary>
    public IPEndPoint? Source { get; init; }

    /// <summary>The address that the client came to; null with <see cref="Source"/>.</summary>
    public IPEndPoint? Destination { get; init; }

    /// <summary>PP2_TYPE_AUTHORITY: the name that the client asked the proxy for (SNI as a rule); null: not said.</summary>
    public string? Authority { get; init; }

    /// <summary>PP2_TYPE_ALPN: the protocol agreed upon with the proxy; null: not said.</summary>
    public string? ApplicationProtocol { get; init; }

    /// <summary>PP2_TYPE_UNIQUE_ID: the proxy's id of the connection, up to 128 bytes; empty: not said.</summary>
    public ReadOnlyMemory<byte> UniqueId { get; init; }

    /// <summary>PP2_TYPE_SSL: how the client spoke TLS with the proxy; null: it did not, or nothing is said.</summary>
    public ProxyTls? Tls { get; init; }

    /// <summary>All TLVs in their order, those above and others, by type.</summary>
    public IReadOnlyList<ProxyTlv> Tlvs { get; init; } = [];
}

/// <summary>One type-length-value of a PROXY header, version 2.</summary>
/// <param name="Type">PP2_TYPE_*.</param>
/// <param name="Value">As it came.</param>
public readonly record struct ProxyTlv(byte Type, ReadOnlyMemory<byte> Value);

/// <summary>How the client spoke TLS with the proxy (PP2_TYPE_SSL).</summary>
public sealed record ProxyTls
{
    /// <summary>For example <c>TLSv1.3</c>; null: not said.</summary>
    public string? Version { get; init; }

    /// <summary>Cipher suite, in the proxy's words; null: not said.</summary>
    public string? Cipher { get; init; }

    /// <summary>A client certificate was shown over this connection, or when the session that was resumed began.</summary>
    public required bool HasClientCertificate { get; init; }

    /// <summary>It was verified, and found good.</summary>
    public required bool IsClientCertificateVerified { get; init; }

    /// <summary>Common name of the client certificate; null: not said.</summary>
    public string? ClientCommonName { get; init; }
}

/// <summary>A connection that came through a proxy in front; a feature of the connection.</summary>
public interface IProxyProtocolFeature
{
    /// <summary>The proxy's own address.</summary>
    IPEndPoint Proxy { get; }

    /// <summary>What it said.</summary>
    ProxyHeader Header { get; }
}

/// <inheritdoc cref="IProxyProtocolFeature"/>
internal sealed record ProxiedConnection(IPEndPoint Proxy, ProxyHeader Header) : IProxyProtocolFeature;
