using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using Actors443.Engine.Dialing;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>TLS of one connection that this side makes, with an SSL_CTX of its own: there are few, and what they show changes. Made anywhere; then its loop's thread alone uses it.</summary>
internal sealed unsafe class ClientTlsSession : IDisposable
{
    private readonly ClientTls _wanted;
    private GCHandle _self;
    private nint _context;
    private nint _ssl;

    /// <exception cref="AuthenticationException">OpenSSL refuses the certificate or its key.</exception>
    public ClientTlsSession(ClientTls wanted)
    {
        _wanted = wanted;
        _context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_client_method());
        if (_context == 0)
            throw new AuthenticationException($"OpenSSL gives no context: {OpenSsl.TakeErrorText()}.");
        _self = GCHandle.Alloc(this);
        try
        {
            Configure();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Why the server's certificate was not taken; null: it was, or has not been looked at.</summary>
    public ServerVerdict? Refusal { get; private set; }

    /// <summary>A new connection, which is the caller's to free before this; 0: there is no memory.</summary>
    public nint Open(TlsBio bio)
    {
        _ssl = OpenSsl.SSL_new(_context);
        if (_ssl == 0)
            return 0;
        bio.Attach(_ssl);
        OpenSsl.SSL_set_connect_state(_ssl);
        nint name = OpenSsl.NewServerName(_wanted.Host);
        if (name != 0)
            OpenSsl.SetServerName(_ssl, name);
        Marshal.FreeCoTaskMem(name);
        return _ssl;
    }

    public void Dispose()
    {
        if (_context != 0)
            OpenSsl.SSL_CTX_free(_context);
        _context = 0;
        if (_self.IsAllocated)
            _self.Free();
    }

    private void Configure()
    {
        OpenSsl.UseLoopModes(_context);
        OpenSsl.UseClientOptions(_context);
        int minimum = _wanted.Versions.HasFlag(SslProtocols.Tls12) ? OpenSsl.Tls12 : OpenSsl.Tls13;
        OpenSsl.Require(OpenSsl.SetVersions(_context, minimum, OpenSsl.Tls13), "the TLS versions");
        ServerTlsContext.UseCiphers(_context);
        OpenSsl.Require(OpenSsl.OfferProtocol(_context, _wanted.Protocol.Protocol.Span), "the application protocol");
        new NativeKeyPair(_wanted.Certificate).UseFor(_context);
        OpenSsl.SSL_CTX_set_verify(_context, OpenSsl.VerifyPeer, 0);
        OpenSsl.SSL_CTX_set_cert_verify_callback(_context, &VerifyServer, GCHandle.ToIntPtr(_self));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int VerifyServer(nint store, nint argument)
    {
        var session = (ClientTlsSession)GCHandle.FromIntPtr(argument).Target!;
        return PeerCertificates.Answer(store, (leaf, presented) =>
        {
            ServerVerdict verdict = session._wanted.Look(OpenSsl.SelectedProtocol(session._ssl), leaf, presented);
            if (!verdict.IsGood)
                session.Refusal = verdict;
            return verdict.Verdict;
        });
    }
}
