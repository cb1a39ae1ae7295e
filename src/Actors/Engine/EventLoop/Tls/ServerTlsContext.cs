using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Authentication;
using Actors443.Certificates.Ocsp;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Tls;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>
/// What OpenSSL needs to know of a certificate and client-certificate rule: an SSL_CTX of its own, or one that is shared and a certificate for each connection. Connections
/// hold references of their own, so that it may be let go while they live; it is freed by the finalizer, when the certificate is served no more.
/// </summary>
internal sealed unsafe class ServerTlsContext
{
    /// <summary>Those of TLS 1.3, the first preferred: AES-128 before AES-256, as browsers have it, for its hash is the one that processors do in hardware, and a handshake hashes a lot.</summary>
    public const string Tls13Suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

    // RFC 9325 4.2: forward secrecy and AEAD. TLS 1.3 has nothing else.
    private const string Tls12Ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

    private static readonly int ContextIndex = OpenSsl.NewContextIndex();
    private static readonly int ConnectionIndex = OpenSsl.NewConnectionIndex();
    private static int _own;

    private readonly HandshakeOptions _options;
    private readonly PublishedTicketKeys? _ticketKeys;
    private readonly PublishedStaples.Slot? _staple;
    private readonly KeyLogFile? _keyLog;
    private readonly GCHandle _self;
    private readonly ServerTlsContext? _shared;
    private readonly NativeKeyPair? _keyPair;
    private readonly byte* _protocols;
    private readonly uint _protocolsLength;
    private readonly bool _isOwn;
    private nint _context;

    private ServerTlsContext(HandshakeOptions options, PublishedTicketKeys ticketKeys, PublishedStaples.Slot? staple, KeyLogFile? keyLog)
    {
        _options = options;
        _ticketKeys = ticketKeys;
        _staple = staple;
        _keyLog = keyLog;
        _isOwn = staple is not null;
        _context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_server_method());
        if (_context == 0)
            throw new AuthenticationException($"OpenSSL gives no context: {OpenSsl.TakeErrorText()}.");
        // Weak: the certificate decides how long this lives. Callbacks come only during a handshake, whose connection holds it.
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        _protocolsLength = (uint)options.Protocols.Sum(protocol => 1 + protocol.Protocol.Length);
        _protocols = WireFormat(options.Protocols, _protocolsLength);
        Configure();
        if (_isOwn)
        {
            Interlocked.Increment(ref _own);
            new NativeKeyPair(options.Certificate).UseFor(_context);
        }

        UseClientCertificates();
    }

    private ServerTlsContext(HandshakeOptions options, ServerTlsContext shared, PublishedStaples.Slot staple)
    {
        _options = options;
        _shared = shared;
        _staple = staple;
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        _keyPair = new NativeKeyPair(options.Certificate);
    }

    ~ServerTlsContext()
    {
        if (_context != 0)
            OpenSsl.SSL_CTX_free(_context);
        _context = 0;
        if (_isOwn)
            Interlocked.Decrement(ref _own);
        NativeMemory.Free(_protocols);
        if (_self.IsAllocated)
            _self.Free();
    }

    /// <summary>How many have an SSL_CTX of their own.</summary>
    public static int Own => Volatile.Read(ref _own);

    /// <summary>With an SSL_CTX for its certificate.</summary>
    /// <exception cref="AuthenticationException">OpenSSL refuses the certificate or its key.</exception>
    public static ServerTlsContext OfItsOwn(HandshakeOptions options, PublishedTicketKeys ticketKeys, PublishedStaples staples, KeyLogFile? keyLog) =>
        new(options, ticketKeys, staples.SlotOf(options.Certificate), keyLog);

    /// <summary>Without a certificate, for all under the rule of these options.</summary>
    public static ServerTlsContext ToBeShared(HandshakeOptions options, PublishedTicketKeys ticketKeys, KeyLogFile? keyLog) => new(options, ticketKeys, null, keyLog);

    /// <summary>With a certificate of its own beside what it shares.</summary>
    /// <exception cref="AuthenticationException">OpenSSL cannot read the certificate or its key.</exception>
    public static ServerTlsContext WithShared(HandshakeOptions options, ServerTlsContext shared, PublishedStaples staples) => new(options, shared, staples.SlotOf(options.Certificate));

    public HandshakeOptions Options => _options;

    /// <summary>Those that are safe, of either side.</summary>
    /// <exception cref="AuthenticationException">OpenSSL does not know them.</exception>
    public static void UseCiphers(nint context)
    {
        OpenSsl.Require(OpenSsl.SSL_CTX_set_ciphersuites(context, Tls13Suites) == 1, "the TLS 1.3 cipher suites");
        OpenSsl.Require(OpenSsl.SSL_CTX_set_cipher_list(context, Tls12Ciphers) == 1, "the TLS 1.2 ciphers");
    }

    /// <summary>A new connection; 0: there is no memory.</summary>
    /// <exception cref="AuthenticationException">OpenSSL refuses the certificate or its key.</exception>
    public nint Open(TlsBio bio)
    {
        nint ssl = OpenSsl.SSL_new(_shared is null ? _context : _shared._context);
        if (ssl == 0)
            return 0;
        if (_shared is not null && !Prepare(ssl))
        {
            OpenSsl.SSL_free(ssl);
            throw new AuthenticationException($"OpenSSL refuses the certificate for {string.Join(", ", _options.Certificate.Names)}, or its key: {OpenSsl.TakeErrorText()}.");
        }

        bio.Attach(ssl);
        OpenSsl.SSL_set_accept_state(ssl);
        GC.KeepAlive(this);
        return ssl;
    }

    private bool Prepare(nint ssl)
    {
        if (!_keyPair!.UseForConnection(ssl) || OpenSsl.SSL_set_ex_data(ssl, ConnectionIndex, GCHandle.ToIntPtr(_self)) != 1)
            return false;
        fixed (byte* context = _options.SessionContext)
            return OpenSsl.SSL_set_session_id_context(ssl, context, (uint)_options.SessionContext.Length) == 1;
    }

    private void Configure()
    {
        OpenSsl.UseLoopModes(_context);
        OpenSsl.UseServerOptions(_context);
        int minimum = _options.Policy.Protocols.HasFlag(SslProtocols.Tls12) ? OpenSsl.Tls12 : OpenSsl.Tls13;
        OpenSsl.Require(OpenSsl.SetVersions(_context, minimum, OpenSsl.Tls13), "the TLS versions");
        UseCiphers(_context);
        fixed (byte* context = _options.SessionContext)
            OpenSsl.Require(OpenSsl.SSL_CTX_set_session_id_context(_context, context, (uint)_options.SessionContext.Length) == 1, "the session context");
        OpenSsl.Require(OpenSsl.SSL_CTX_set_ex_data(_context, ContextIndex, GCHandle.ToIntPtr(_self)) == 1, "its data");
        OpenSsl.SSL_CTX_set_alpn_select_cb(_context, &SelectProtocol, GCHandle.ToIntPtr(_self));
        OpenSsl.SetServerNameCallback(_context, &AcknowledgeServerName);
        OpenSsl.SetStatusCallback(_context, &Staple, GCHandle.ToIntPtr(_self));
        OpenSsl.Require(OpenSsl.UseSessions(_context, _options.Tickets.Tickets, _options.Tickets.Lifetime), "the number of tickets");
        if (_options.Tickets.Tickets > 0)
            OpenSsl.SetTicketKeyCallback(_context, &SealTicket);
        if (_keyLog is not null)
            OpenSsl.SSL_CTX_set_keylog_callback(_context, &LogKey);
    }

    private void UseClientCertificates()
    {
        if (_options.Clients is not { } clients)
            return;
        OpenSsl.SSL_CTX_set_verify(_context, OpenSsl.VerifyPeer | (clients.IsRequired ? OpenSsl.VerifyFailIfNoPeerCertificate : 0), 0);
        OpenSsl.SSL_CTX_set_cert_verify_callback(_context, &VerifyClient, GCHandle.ToIntPtr(_self));
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
        return From(handle) is { } self ? TicketSeal.Apply(self._ticketKeys!.Current, ssl, name, vector, cipher, mac, seal == 1) : OpenSsl.TicketUnknown;
    }

    // RFC 6066 8: only clients that ask get here.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Staple(nint ssl, nint argument) =>
        OfConnection(From(argument), ssl)?._staple!.Staple is { } staple && OpenSsl.StapleResponse(ssl, staple.Response) ? OpenSsl.StatusOk : OpenSsl.StatusNone;

    private static ServerTlsContext? OfConnection(ServerTlsContext? context, nint ssl) => context is null || context._isOwn ? context : From(OpenSsl.SSL_get_ex_data(ssl, ConnectionIndex));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void LogKey(nint ssl, byte* line) =>
        From(OpenSsl.SSL_CTX_get_ex_data(OpenSsl.SSL_get_SSL_CTX(ssl), ContextIndex))?._keyLog!.Write(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(line));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int VerifyClient(nint store, nint argument)
    {
        ClientCertificateVerifier? clients = From(argument)?._options.Clients;
        return PeerCertificates.Answer(store, (leaf, presented) => clients?.Verify(leaf, presented) ?? ClientVerdict.Rejected);
    }
}
