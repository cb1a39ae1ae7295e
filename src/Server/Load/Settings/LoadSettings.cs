using System.Security.Authentication;

namespace Actors443.Server.Load.Settings;

/// <summary>What one run of <c>actors443 load</c> does: groups of simulated clients, all against one target, at the same time or one after the other.</summary>
internal sealed record LoadSettings
{
    /// <summary>An https address; its path is what groups request unless they name their own.</summary>
    public required Uri Target { get; init; }

    /// <summary>How long groups run that name no duration of their own.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time at the beginning that is driven but not counted.</summary>
    public TimeSpan WarmUp { get; init; }

    /// <summary>Event loops, each on a thread of its own; clients are spread over them.</summary>
    public int Loops { get; init; } = 1;

    /// <summary>
    /// How many addresses of 127.0.0.0/8 to connect from, for targets on loopback: each has ephemeral ports of its own. 0: as many as the
    /// sessions need.
    /// </summary>
    public int SourceAddresses { get; init; }

    public ClientTlsSettings Tls { get; init; } = new();

    /// <summary>A client gives up on a connection attempt with its handshake, and on an answer, after these.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The user says that the target is theirs: abuse may leave loopback.</summary>
    public bool OwnTarget { get; init; }

    /// <summary>Process of the server on this machine, whose memory and CPU are reported.</summary>
    public int? ServerProcess { get; init; }

    public required IReadOnlyList<LoadGroup> Groups { get; init; }
}

/// <summary>How clients speak TLS.</summary>
internal sealed record ClientTlsSettings
{
    /// <summary>Name sent as SNI and verified; null: the host of the target.</summary>
    public string? ServerName { get; init; }

    /// <summary>The server's chain and name are verified. Off by default: load is about cost, and test servers have certificates of their own making.</summary>
    public bool Verify { get; init; }

    /// <summary>PEM file of the CAs trusted when verifying; null: the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>PEM file of the client's certificate with its chain.</summary>
    public string? ClientCertificate { get; init; }

    /// <summary>PEM file of its key.</summary>
    public string? ClientKey { get; init; }

    public SslProtocols MinimumVersion { get; init; } = SslProtocols.Tls12;

    public SslProtocols MaximumVersion { get; init; } = SslProtocols.Tls13;

    /// <summary>The kind of certificate the server is asked for.</summary>
    public CertificateKind CertificateKind { get; init; }
}

internal enum CertificateKind
{
    Any,
    Rsa,
    Ecdsa,
}

/// <summary>The protocol a group asks for by ALPN.</summary>
internal enum LoadProtocol
{
    Http1,
    Http2,
    Http3,
}
