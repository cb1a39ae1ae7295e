using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Configuration;

namespace Actors443.Tls;

/// <summary>All that a handshake needs to know: one instance a certificate and client-certificate rule, kept while the certificate is served. Immutable but for
/// what engines make of it and keep here.</summary>
internal sealed class HandshakeOptions(ServerCertificate certificate, TlsPolicy policy, IReadOnlyList<SslApplicationProtocol> protocols, ClientCertificateVerifier? clients, TicketKeySettings tickets)
{
    private SslServerAuthenticationOptions? _sslStream;
    private SslServerAuthenticationOptions? _quic;
    private object? _engine;
    private byte[]? _sessionContext;

    public ServerCertificate Certificate => certificate;

    public TlsPolicy Policy => policy;

    /// <summary>ALPN protocols, best first.</summary>
    public IReadOnlyList<SslApplicationProtocol> Protocols => protocols;

    /// <summary>Null: no client certificate is asked for.</summary>
    public ClientCertificateVerifier? Clients => clients;

    /// <summary>Nothing is said after the handshake: it was all that was wanted (RFC 8737 3).</summary>
    public bool EndsAfterHandshake { get; init; }

    /// <summary>Whoever shows no good certificate is told why after the handshake, where TLS itself has no way to it (SslStream has no alerts for it); needs <see cref="IClientVerdictSink.TellsInWords"/>.</summary>
    public bool RefusesInWords { get; init; }

    /// <summary>Of sessions: how many tickets, valid how long.</summary>
    public TicketKeySettings Tickets => tickets;

    /// <summary>32 bytes that a session must have been made with to be resumed: another certificate or other client CAs need a full handshake.</summary>
    public ReadOnlySpan<byte> SessionContext => _sessionContext ??= ComputeSessionContext();

    /// <summary>For SslStream. No CipherSuitesPolicy: see <see cref="TlsPolicy"/>.</summary>
    public SslServerAuthenticationOptions ForSslStream => _sslStream ??= Build(policy.Protocols, [.. protocols]);

    /// <summary>For QUIC, which is TLS 1.3 in any case (RFC 9001 4.2), and HTTP/3 over it.</summary>
    public SslServerAuthenticationOptions ForHttp3 => _quic ??= Build(SslProtocols.Tls13, [SslApplicationProtocol.Http3]);

    /// <summary>What another engine keeps with these options, made at first use.</summary>
    public T ForEngine<T>(Func<HandshakeOptions, T> make)
        where T : class
    {
        if (Volatile.Read(ref _engine) is T made)
            return made;
        // Two threads at once: the second is let go, by its finalizer if it holds something.
        T mine = make(this);
        return Interlocked.CompareExchange(ref _engine, mine, null) is T theirs ? theirs : mine;
    }

    private SslServerAuthenticationOptions Build(SslProtocols versions, List<SslApplicationProtocol> applicationProtocols)
    {
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = certificate.Context,
            ApplicationProtocols = applicationProtocols,
            EnabledSslProtocols = versions,
            AllowRenegotiation = false,
            AllowTlsResume = tickets.Tickets > 0,
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
        };
        if (clients is not null)
        {
            options.ClientCertificateRequired = true;
            options.RemoteCertificateValidationCallback = (stream, certificate, presented, errors) =>
                clients.Verify(stream, certificate, presented, errors) || (RefusesInWords && stream is IClientVerdictSink { TellsInWords: true });
        }

        return options;
    }

    private byte[] ComputeSessionContext()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(certificate.Leaf.RawDataMemory.Span);
        clients?.AppendTo(hash);
        return hash.GetHashAndReset();
    }
}
