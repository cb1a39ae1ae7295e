using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.TestKit;

/// <summary>Who connects in a test, and what its handshake came to. Immutable.</summary>
public sealed record TestClient
{
    /// <summary>A client that speaks HTTP/1.1, and for the rest is like any other.</summary>
    public static TestClient Default { get; } = new();

    /// <summary>A client that speaks HTTP/2.</summary>
    public static TestClient Http2 { get; } = new() { ApplicationProtocol = "h2" };

    /// <summary>Its address.</summary>
    public IPEndPoint Remote { get; init; } = new(IPAddress.Parse("192.0.2.1"), 50_000);

    /// <summary>The address it comes to.</summary>
    public IPEndPoint Local { get; init; } = new(IPAddress.Loopback, 443);

    /// <summary>The server name it asks for (SNI); null: none.</summary>
    public string? ServerName { get; init; } = "localhost";

    /// <summary>What is agreed upon by ALPN: <c>http/1.1</c>, <c>h2</c>, or the name of a mapped protocol; null: nothing.</summary>
    public string? ApplicationProtocol { get; init; } = "http/1.1";

    /// <summary>Its certificate; null: it shows none. It counts as verified.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>The version of TLS.</summary>
    public SslProtocols TlsVersion { get; init; } = SslProtocols.Tls13;

    /// <summary>The cipher suite.</summary>
    public TlsCipherSuite CipherSuite { get; init; } = TlsCipherSuite.TLS_AES_128_GCM_SHA256;

    /// <summary>It has resumed a session.</summary>
    public bool Resumed { get; init; }
}
