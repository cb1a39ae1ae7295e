using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using Actors443.Engine.EventLoop;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Server.Load.Settings;

namespace Actors443.Server.Load.Clients;

/// <summary>How the clients of a group speak TLS: an <c>SSL_CTX</c>. Used by one loop; freed with it.</summary>
internal sealed unsafe class ClientTlsContext : IDisposable
{
    private readonly nint _serverName;
    private readonly bool _verify;
    private nint _context;

    /// <param name="tls">How.</param>
    /// <param name="host">The target's host: the name that is asked for, unless the settings say another.</param>
    /// <param name="protocol">What ALPN offers.</param>
    /// <exception cref="LoadException">A file cannot be read or is not what it should be.</exception>
    public ClientTlsContext(ClientTlsSettings tls, string host, LoadProtocol protocol)
    {
        _verify = tls.Verify;
        _context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_client_method());
        if (_context == 0)
            throw new LoadException($"OpenSSL cannot make a context: {OpenSsl.TakeErrorText()}.");
        try
        {
            Configure(tls, protocol);
        }
        catch
        {
            OpenSsl.SSL_CTX_free(_context);
            throw;
        }

        string name = tls.ServerName ?? host;
        _serverName = OpenSsl.NewServerName(name);
    }

    /// <summary>A new client side for a connected socket.</summary>
    /// <param name="session">A session to offer; 0: none.</param>
    /// <returns>0 if OpenSSL has no memory.</returns>
    public nint Open(int descriptor, nint session)
    {
        nint ssl = OpenSsl.SSL_new(_context);
        if (ssl == 0)
            return 0;
        if (OpenSsl.SSL_set_fd(ssl, descriptor) != 1)
        {
            OpenSsl.SSL_free(ssl);
            return 0;
        }

        OpenSsl.SSL_set_connect_state(ssl);
        if (_serverName != 0)
        {
            OpenSsl.SetServerName(ssl, _serverName);
            if (_verify)
                _ = OpenSsl.SSL_set1_host(ssl, _serverName);
        }

        if (session != 0)
            _ = OpenSsl.SSL_set_session(ssl, session);
        return ssl;
    }

    public void Dispose()
    {
        // Connections hold the context, too: it goes with the last.
        OpenSsl.SSL_CTX_free(_context);
        _context = 0;
        Marshal.FreeCoTaskMem(_serverName);
    }

    private void Configure(ClientTlsSettings tls, LoadProtocol protocol)
    {
        OpenSsl.UseLoopModes(_context);
        OpenSsl.UseClientSessions(_context, &SessionArrived);
        if (!OpenSsl.SetVersions(_context, Native(tls.MinimumVersion), Native(tls.MaximumVersion)))
            throw new LoadException($"OpenSSL does not speak {tls.MinimumVersion} to {tls.MaximumVersion}: {OpenSsl.TakeErrorText()}.");
        if (tls.CertificateKind != CertificateKind.Any && !OpenSsl.SetSignatureAlgorithms(_context, Algorithms(tls.CertificateKind)))
            throw new LoadException($"OpenSSL does not know {tls.CertificateKind}: {OpenSsl.TakeErrorText()}.");
        _ = OpenSsl.OfferProtocol(_context, protocol == LoadProtocol.Http2 ? "h2"u8 : "http/1.1"u8);
        if (tls.Verify)
            TrustAuthorities(tls.CaFile);
        if (tls.ClientCertificate is { } certificate)
            UseCertificate(certificate, tls.ClientKey ?? certificate);
    }

    private void TrustAuthorities(string? file)
    {
        OpenSsl.SSL_CTX_set_verify(_context, OpenSsl.VerifyPeer, 0);
        bool trusted = file is null ? OpenSsl.SSL_CTX_set_default_verify_paths(_context) == 1 : OpenSsl.SSL_CTX_load_verify_file(_context, file) == 1;
        if (!trusted)
            throw new LoadException($"{file ?? "the system's certificate store"} cannot be read as certificates in PEM: {OpenSsl.TakeErrorText()}.");
    }

    private void UseCertificate(string certificate, string key)
    {
        if (OpenSsl.SSL_CTX_use_certificate_chain_file(_context, certificate) != 1)
            throw new LoadException($"{certificate} is no client certificate in PEM: {OpenSsl.TakeErrorText()}.");
        if (OpenSsl.SSL_CTX_use_PrivateKey_file(_context, key, OpenSsl.FileTypePem) != 1)
            throw new LoadException($"{key} is no private key in PEM, or not that of {certificate}: {OpenSsl.TakeErrorText()}.");
    }

    private static int Native(SslProtocols version) => version == SslProtocols.Tls12 ? OpenSsl.Tls12 : OpenSsl.Tls13;

    private static string Algorithms(CertificateKind kind) => kind == CertificateKind.Ecdsa
        ? "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512"
        : "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

    // OpenSSL calls this while the session's own loop reads from it; 1: the reference is ours now.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SessionArrived(nint ssl, nint session)
    {
        if (EventLoop.Current?.HandlerOf(OpenSsl.SSL_get_fd(ssl)) is not ClientConnection connection)
            return 0;
        connection.Keep(session);
        return 1;
    }
}
