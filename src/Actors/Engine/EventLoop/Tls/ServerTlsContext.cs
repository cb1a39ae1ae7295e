using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;
using Actors443.Certificates.Ocsp;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Tls;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>
/// OpenSSL's SSL_CTX for one certificate and client-certificate rule. Connections hold a reference of their own, so that it may be let go while they
/// live; it is freed by the finalizer, when the certificate is served no more.
/// </summary>
internal sealed unsafe class ServerTlsContext
{
    // RFC 9325 4.2: forward secrecy and AEAD. TLS 1.3 has nothing else.
    private const string Tls12Ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

    private static readonly int ContextIndex = OpenSsl.NewContextIndex();

    private readonly HandshakeOptions _options;
    private readonly PublishedTicketKeys _ticketKeys;
    private readonly PublishedStaples.Slot _staple;
    private readonly KeyLogFile? _keyLog;
    private readonly GCHandle _self;
    private readonly byte* _protocols;
    private readonly uint _protocolsLength;
    private nint _context;

    /// <exception cref="AuthenticationException">OpenSSL refuses the certificate or its key.</exception>
    public ServerTlsContext(HandshakeOptions options, PublishedTicketKeys ticketKeys, PublishedStaples staples, KeyLogFile? keyLog)
    {
        _options = options;
        _ticketKeys = ticketKeys;
        _staple = staples.SlotOf(options.Certificate);
        _keyLog = keyLog;
        _context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_server_method());
        if (_context == 0)
            throw new AuthenticationException($"OpenSSL gives no context: {OpenSsl.TakeErrorText()}.");
        // Weak: the certificate decides how long this lives. Callbacks come only during a handshake, whose connection holds it.
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        _protocolsLength = (uint)options.Protocols.Sum(protocol => 1 + protocol.Protocol.Length);
        _protocols = WireFormat(options.Protocols, _protocolsLength);
        Configure();
        UseCertificate(options.Certificate);
        UseClientCertificates();
    }

    ~ServerTlsContext()
    {
        if (_context != 0)
            OpenSsl.SSL_CTX_free(_context);
        _context = 0;
        NativeMemory.Free(_protocols);
        if (_self.IsAllocated)
            _self.Free();
    }

    public HandshakeOptions Options => _options;

    /// <summary>A new connection; 0: there is no memory.</summary>
    public nint Open(TlsBio bio)
    {
        nint ssl = OpenSsl.SSL_new(_context);
        if (ssl == 0)
            return 0;
        bio.Attach(ssl);
        OpenSsl.SSL_set_accept_state(ssl);
        GC.KeepAlive(this);
        return ssl;
    }

    private void Configure()
    {
        OpenSsl.UseLoopModes(_context);
        OpenSsl.UseServerOptions(_context);
        int minimum = _options.Policy.Protocols.HasFlag(SslProtocols.Tls12) ? OpenSsl.Tls12 : OpenSsl.Tls13;
        Check(OpenSsl.SetVersions(_context, minimum, OpenSsl.Tls13), "the TLS versions");
        Check(OpenSsl.SSL_CTX_set_cipher_list(_context, Tls12Ciphers) == 1, "the TLS 1.2 ciphers");
        fixed (byte* context = _options.SessionContext)
            Check(OpenSsl.SSL_CTX_set_session_id_context(_context, context, (uint)_options.SessionContext.Length) == 1, "the session context");
        Check(OpenSsl.SSL_CTX_set_ex_data(_context, ContextIndex, GCHandle.ToIntPtr(_self)) == 1, "its data");
        OpenSsl.SSL_CTX_set_alpn_select_cb(_context, &SelectProtocol, GCHandle.ToIntPtr(_self));
        OpenSsl.SetServerNameCallback(_context, &AcknowledgeServerName);
        OpenSsl.SetStatusCallback(_context, &Staple, GCHandle.ToIntPtr(_self));
        Check(OpenSsl.UseSessions(_context, _options.Tickets.Tickets, _options.Tickets.Lifetime), "the number of tickets");
        if (_options.Tickets.Tickets > 0)
            OpenSsl.SetTicketKeyCallback(_context, &SealTicket);
        if (_keyLog is not null)
            OpenSsl.SSL_CTX_set_keylog_callback(_context, &LogKey);
    }

    private void UseCertificate(ServerCertificate certificate)
    {
        nint leaf = Certificate(certificate.Leaf);
        Check(OpenSsl.SSL_CTX_use_certificate(_context, leaf) == 1, "the certificate");
        OpenSsl.X509_free(leaf);
        nint key = PrivateKey(certificate.Leaf);
        Check(OpenSsl.SSL_CTX_use_PrivateKey(_context, key) == 1, "the private key");
        OpenSsl.EVP_PKEY_free(key);
        Check(OpenSsl.SSL_CTX_check_private_key(_context) == 1, "the private key with the certificate");
        foreach (X509Certificate2 intermediate in certificate.Context.IntermediateCertificates)
        {
            nint issuer = Certificate(intermediate);
            Check(OpenSsl.AddChainCertificate(_context, issuer), "the chain");
            OpenSsl.X509_free(issuer);
        }
    }

    private void UseClientCertificates()
    {
        if (_options.Clients is not { } clients)
            return;
        OpenSsl.SSL_CTX_set_verify(_context, OpenSsl.VerifyPeer | (clients.IsRequired ? OpenSsl.VerifyFailIfNoPeerCertificate : 0), 0);
        OpenSsl.SSL_CTX_set_cert_verify_callback(_context, &VerifyClient, GCHandle.ToIntPtr(_self));
    }

    private static nint Certificate(X509Certificate2 certificate)
    {
        ReadOnlySpan<byte> der = certificate.RawDataMemory.Span;
        fixed (byte* start = der)
        {
            byte* bytes = start;
            nint native = OpenSsl.d2i_X509(0, &bytes, der.Length);
            return native != 0 ? native : throw new AuthenticationException($"OpenSSL cannot read the certificate of {certificate.Subject}: {OpenSsl.TakeErrorText()}.");
        }
    }

    private static nint PrivateKey(X509Certificate2 certificate)
    {
        using AsymmetricAlgorithm key = (AsymmetricAlgorithm?)certificate.GetECDsaPrivateKey() ?? certificate.GetRSAPrivateKey()
            ?? throw new AuthenticationException($"The certificate of {certificate.Subject} has no RSA or ECDSA key.");
        byte[] der = key.ExportPkcs8PrivateKey();
        try
        {
            fixed (byte* start = der)
            {
                byte* bytes = start;
                nint native = OpenSsl.d2i_AutoPrivateKey(0, &bytes, der.Length);
                return native != 0 ? native : throw new AuthenticationException($"OpenSSL cannot read the key of {certificate.Subject}: {OpenSsl.TakeErrorText()}.");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }

    private static byte* WireFormat(IReadOnlyList<SslApplicationProtocol> protocols, uint length)
    {
        byte* bytes = (byte*)NativeMemory.Alloc(length);
        int at = 0;
        foreach (SslApplicationProtocol protocol in protocols)
        {
            bytes[at++] = (byte)protocol.Protocol.Length;
            protocol.Protocol.Span.CopyTo(new Span<byte>(bytes + at, protocol.Protocol.Length));
            at += protocol.Protocol.Length;
        }

        return bytes;
    }

    private static void Check(bool done, string what)
    {
        if (!done)
            throw new AuthenticationException($"OpenSSL refuses {what}: {OpenSsl.TakeErrorText()}.");
    }

    private static ServerTlsContext? From(nint handle) => GCHandle.FromIntPtr(handle).Target as ServerTlsContext;

    // RFC 7301 3.2: the server's order decides. That there is one in common the ClientHello has shown.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SelectProtocol(nint ssl, byte** selected, byte* selectedLength, byte* offered, uint offeredLength, nint argument)
    {
        if (From(argument) is not { } self)
            return OpenSsl.AlpnFatal;
        const int Negotiated = 1;
        int outcome = OpenSsl.SSL_select_next_proto(selected, selectedLength, self._protocols, self._protocolsLength, offered, offeredLength);
        return outcome == Negotiated ? OpenSsl.AlpnOk : OpenSsl.AlpnFatal;
    }

    // RFC 6066 3: a server that used the name says so.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int AcknowledgeServerName(nint ssl, int* alert, nint argument) => 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SealTicket(nint ssl, byte* name, byte* vector, nint cipher, nint mac, int seal)
    {
        nint handle = OpenSsl.SSL_CTX_get_ex_data(OpenSsl.SSL_get_SSL_CTX(ssl), ContextIndex);
        return From(handle) is { } self ? TicketSeal.Apply(self._ticketKeys.Current, ssl, name, vector, cipher, mac, seal == 1) : OpenSsl.TicketUnknown;
    }

    // RFC 6066 8: only clients that ask get here.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Staple(nint ssl, nint argument) =>
        From(argument)?._staple.Staple is { } staple && OpenSsl.StapleResponse(ssl, staple.Response) ? OpenSsl.StatusOk : OpenSsl.StatusNone;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void LogKey(nint ssl, byte* line) =>
        From(OpenSsl.SSL_CTX_get_ex_data(OpenSsl.SSL_get_SSL_CTX(ssl), ContextIndex))?._keyLog!.Write(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(line));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int VerifyClient(nint store, nint argument)
    {
        ClientVerdict verdict = ClientVerdict.Rejected;
        try
        {
            if (From(argument)?._options.Clients is { } clients)
                verdict = PeerCertificates.Verify(store, clients);
        }
        catch (Exception cause) when (cause is CryptographicException or ArgumentException or InvalidOperationException)
        {
            // Not to be let into OpenSSL: what cannot be checked is not accepted.
            verdict = ClientVerdict.Rejected;
        }

        if (verdict != ClientVerdict.Accepted)
            OpenSsl.X509_STORE_CTX_set_error(store, (int)verdict);
        return verdict == ClientVerdict.Accepted ? 1 : 0;
    }
}
