using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Actors443.Tls;

namespace Actors443.Server.Tunnels;

/// <summary>How a client's tunnels are carried.</summary>
internal enum TunnelVia
{
    /// <summary>Sessions that outlive a lost connection (this server's own protocol).</summary>
    Session,

    /// <summary>CONNECT over HTTP/1.1: any HTTPS proxy.</summary>
    Connect,

    /// <summary>WebSockets, for ways on which nothing else comes through.</summary>
    WebSocket,
}

/// <summary>A server with tunnels, and what proves an account there.</summary>
internal sealed record TunnelServerAddress
{
    /// <summary>An https URL; its path counts for nothing.</summary>
    public required Uri Url { get; init; }

    /// <summary>Null: the token alone says whose it is.</summary>
    public string? Account { get; init; }

    /// <summary>Null: the certificate is the proof.</summary>
    public string? Token { get; init; }

    /// <summary>Roots trusted instead of the system's; null: the system's.</summary>
    public X509Certificate2Collection? Roots { get; init; }

    /// <summary>Null: none is shown.</summary>
    public X509Certificate2? Certificate { get; init; }

    public TunnelVia Via { get; init; }

    /// <summary>WebSockets over HTTP/2 (RFC 8441), several on one connection.</summary>
    public bool Http2 { get; init; }

    /// <summary><c>tunnels.path</c> of the server.</summary>
    public string Path { get; init; } = "/.well-known/masque";

    /// <summary>How long a client tries to get back to a server it has lost.</summary>
    public TimeSpan ResumeWindow { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Value of Proxy-Authorization; null: there is no token.</summary>
    public string? Authorization => (Account, Token) switch
    {
        (_, null) => null,
        (null, _) => "Bearer " + Token,
        _ => "Basic " + Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes($"{Account}:{Token}")),
    };

    public SslClientAuthenticationOptions TlsOptions(params SslApplicationProtocol[] protocols) => new()
    {
        TargetHost = Url.Host,
        ApplicationProtocols = [.. protocols],
        ClientCertificates = Certificate is null ? null : [Certificate],
        CertificateChainPolicy = Roots is null ? null : TrustedRoots.PolicyOf(Roots),
    };
}
