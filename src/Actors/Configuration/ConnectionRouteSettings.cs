namespace Actors443.Configuration;

/// <summary>One of <c>actors443.routes</c>: connections that are not served here but led to another server, known by their first bytes, or by the protocol
/// that TLS agrees upon. One of <see cref="ServerNames"/>, <see cref="FirstBytes"/>, <see cref="SilentFor"/> and <see cref="ApplicationProtocols"/> is set.</summary>
public sealed record ConnectionRouteSettings
{
    /// <summary>For metrics, logs and <c>conns</c>; unique among the routes.</summary>
    public required string Name { get; init; }

    /// <summary>Server names (SNI, RFC 6066 3) whose TLS is passed through as it comes: <c>git.example.com</c>, <c>*.example.com</c> for every name with one more label; in lower case.</summary>
    public IReadOnlyList<string> ServerNames { get; init; } = [];

    /// <summary>What a client says first.</summary>
    public IReadOnlyList<FirstBytesPattern> FirstBytes { get; init; } = [];

    /// <summary>Clients that say nothing for so long, and so wait for the server to speak first; null: silence says nothing.</summary>
    public TimeSpan? SilentFor { get; init; }

    /// <summary>Names of application protocols (ALPN, RFC 7301) that are offered, and led on once TLS has ended here.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>PEM file of the CAs that upstreams with TLS must have their certificate from; null: the system's.</summary>
    public string? TrustedRoots { get; init; }

    /// <summary>Where to; each new connection begins with the next.</summary>
    public IReadOnlyList<UpstreamAddress> To { get; init; } = [];

    /// <summary>Upstreams are told whose connection they get.</summary>
    public ProxyProtocolOut ProxyProtocol { get; init; }

    /// <summary>For finding the address of an upstream and connecting to it, each.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>An upstream that cannot be connected to is left out for so long, unless no other is left.</summary>
    public TimeSpan FailurePause { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A connection without a byte either way for so long is ended; null: never.</summary>
    public TimeSpan? Idle { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>A connection is ended after so long; null: never.</summary>
    public TimeSpan? Age { get; init; }
}

/// <summary>What upstreams are told by the PROXY protocol.</summary>
public enum ProxyProtocolOut
{
    /// <summary>Nothing; to them every client is this server.</summary>
    Off,

    /// <summary>The addresses, in a line of text.</summary>
    V1,

    /// <summary>The addresses, the server name, an id of the connection, and what is known of TLS that ended here.</summary>
    V2,
}

/// <summary>Where a route leads: host and port.</summary>
/// <param name="Host">A name, looked up at each connection, or an address, IPv6 without brackets.</param>
/// <param name="Port">1 to 65535.</param>
/// <param name="Tls">TLS is spoken with it, too; with <see cref="ConnectionRouteSettings.ApplicationProtocols"/> alone.</param>
public sealed record UpstreamAddress(string Host, int Port, bool Tls = false)
{
    /// <summary>As it is written in settings.</summary>
    public override string ToString() => (Tls ? "tls://" : "") + (Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}");
}

/// <summary>How the first bytes of a client must be.</summary>
/// <param name="Text">As it is written in settings: a name, <c>text:…</c> or <c>hex:…</c>.</param>
/// <param name="Bytes">From the first on; -1 stands for any.</param>
public sealed record FirstBytesPattern(string Text, IReadOnlyList<int> Bytes);
