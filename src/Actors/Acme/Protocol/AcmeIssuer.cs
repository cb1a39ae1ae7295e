using System.Security.Cryptography.X509Certificates;

namespace Actors443.Acme.Protocol;

/// <summary>A CA to be talked to. Immutable.</summary>
/// <param name="Name">For people: <c>Let's Encrypt</c>.</param>
/// <param name="Directory">Its one well-known URL (RFC 8555 7.1.1).</param>
internal sealed record AcmeIssuer(string Name, Uri Directory)
{
    /// <summary>Trusted for its TLS besides the system's roots, for a private CA.</summary>
    public IReadOnlyList<X509Certificate2> TrustedRoots { get; init; } = [];

    /// <summary>For one request with its whole answer.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>An answer with more bytes is given up.</summary>
    public int MaximumAnswer { get; init; } = 1024 * 1024;

    /// <summary>How often a request is sent again because its nonce was refused. A CA that refuses nine of ten still lets 98 % of requests through.</summary>
    public int NonceRetries { get; init; } = 40;

    /// <summary>Lets a directory on a loopback address, and only there, be http. For tests.</summary>
    public bool AllowHttpOnLoopback { get; init; }
}
