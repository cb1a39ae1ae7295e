using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Actors443.Engine;

/// <summary>The TLS features that Kestrel's HTTP layer reads: with them it takes scheme and protocol from us, and its own TLS step stands aside.</summary>
internal abstract partial class EngineConnection : ITlsConnectionFeature, ITlsHandshakeFeature, ITlsApplicationProtocolFeature
{
    X509Certificate2? ITlsConnectionFeature.ClientCertificate
    {
        get => ClientCertificate;
        set => ClientCertificate = value;
    }

    ReadOnlyMemory<byte> ITlsApplicationProtocolFeature.ApplicationProtocol => ApplicationProtocol.Protocol;

    SslProtocols ITlsHandshakeFeature.Protocol => TlsVersion;

    TlsCipherSuite? ITlsHandshakeFeature.NegotiatedCipherSuite => CipherSuite;

    string ITlsHandshakeFeature.HostName => ServerName ?? string.Empty;

#pragma warning disable SYSLIB0058 // The interface still asks for the algorithms that the cipher suite replaces.
    CipherAlgorithmType ITlsHandshakeFeature.CipherAlgorithm => CipherAlgorithmType.None;

    int ITlsHandshakeFeature.CipherStrength => 0;

    HashAlgorithmType ITlsHandshakeFeature.HashAlgorithm => HashAlgorithmType.None;

    int ITlsHandshakeFeature.HashStrength => 0;

    ExchangeAlgorithmType ITlsHandshakeFeature.KeyExchangeAlgorithm => ExchangeAlgorithmType.None;

    int ITlsHandshakeFeature.KeyExchangeStrength => 0;
#pragma warning restore SYSLIB0058

    Task<X509Certificate2?> ITlsConnectionFeature.GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);
}
