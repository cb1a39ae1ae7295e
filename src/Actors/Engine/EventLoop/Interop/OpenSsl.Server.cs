using System.Runtime.InteropServices;

namespace Actors443.Engine.EventLoop.Interop;

/// <summary>What a server asks of OpenSSL besides.</summary>
internal static unsafe partial class OpenSsl
{
    public const int VerifyFailIfNoPeerCertificate = 2;

    public const int AlpnOk = 0;
    public const int AlpnFatal = 2;

    public const int ReasonNoSharedCipher = 193;
    public const int ReasonPeerSentNoCertificate = 199;
    public const int ReasonUnsupportedProtocol = 258;
    public const int ReasonNoApplicationProtocol = 235;

    /// <summary>SSL_RECEIVED_SHUTDOWN.</summary>
    public const int ShutdownReceived = 2;

    /// <summary>Sealed, or opened: go on.</summary>
    public const int TicketOk = 1;

    /// <summary>Opened, and to be followed by a new one.</summary>
    public const int TicketRenew = 2;

    /// <summary>The key is gone: a full handshake.</summary>
    public const int TicketUnknown = 0;

    /// <summary>BIO_FLAGS_READ and BIO_FLAGS_SHOULD_RETRY.</summary>
    public const int BioRetryRead = 0x09;

    /// <summary>SSL_TLSEXT_ERR_OK and SSL_TLSEXT_ERR_NOACK.</summary>
    public const int StatusOk = 0;
    public const int StatusNone = 3;

    private const int ControlStatusCallback = 63;
    private const int ControlStatusArgument = 64;
    private const int ControlStatusResponse = 71;
    private const int SessionCacheOff = 0;
    private const ulong OptionNoTicket = 1ul << 14;
    private const ulong OptionPrioritizeChaCha = 1ul << 21;
    private const ulong OptionServerPreference = 1ul << 22;
    private const ulong OptionNoCompression = 1ul << 17;
    private const ulong OptionNoRenegotiation = 1ul << 30;
    private const int ControlChainCertificate = 89;
    private const int ControlServerNameCallback = 53;
    private const int ControlTicketKeyCallback = 72;
    private const int BioTypeSourceSink = 0x0400;
    private const int ExDataOfConnection = 0;
    private const int ExDataOfContext = 1;

    /// <summary>No compression (CRIME), no renegotiation by the client; our order of suites, unless the client likes ChaCha20 best, as one without AES in hardware does.</summary>
    public static void UseServerOptions(nint context) =>
        _ = SSL_CTX_set_options(context, OptionNoCompression | OptionNoRenegotiation | OptionServerPreference | OptionPrioritizeChaCha);

    public static void SetStatusCallback(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback, nint argument)
    {
        _ = SSL_CTX_callback_ctrl(context, ControlStatusCallback, (nint)callback);
        _ = SSL_CTX_ctrl(context, ControlStatusArgument, 0, argument);
    }

    /// <summary>Gives the client an OCSP response. False: there is no memory.</summary>
    public static bool StapleResponse(nint ssl, ReadOnlySpan<byte> response)
    {
        // It is freed with the connection, by OpenSSL's own allocator.
        nint copy = CRYPTO_malloc((nuint)response.Length, 0, 0);
        if (copy == 0)
            return false;
        response.CopyTo(new Span<byte>((void*)copy, response.Length));
        _ = SSL_ctrl(ssl, ControlStatusResponse, response.Length, copy);
        return true;
    }

    /// <param name="context">Of a server.</param>
    /// <param name="tickets">After a full TLS 1.3 handshake. 0: no session of any version is resumed.</param>
    /// <param name="lifetime">For so long.</param>
    public static bool UseSessions(nint context, int tickets, TimeSpan lifetime)
    {
        _ = SSL_CTX_set_timeout(context, (nint)lifetime.TotalSeconds);
        if (tickets == 0)
        {
            _ = SSL_CTX_set_options(context, OptionNoTicket);
            _ = SSL_CTX_ctrl(context, ControlSessionCacheMode, SessionCacheOff, 0);
        }

        return SSL_CTX_set_num_tickets(context, (nuint)tickets) == 1;
    }

    public static bool AddChainCertificate(nint context, nint certificate) => SSL_CTX_ctrl(context, ControlChainCertificate, 1, certificate) == 1;

    public static void SetServerNameCallback(nint context, delegate* unmanaged[Cdecl]<nint, int*, nint, int> callback) =>
        _ = SSL_CTX_callback_ctrl(context, ControlServerNameCallback, (nint)callback);

    /// <summary>The one with HMAC_CTX: its successor looks its digest up by name at each ticket.</summary>
    public static void SetTicketKeyCallback(nint context, delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint, nint, int, int> callback) =>
        _ = SSL_CTX_callback_ctrl(context, ControlTicketKeyCallback, (nint)callback);

    /// <summary>A kind of BIO of our own.</summary>
    public static nint NewBioMethod(string name)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(name);
        // Never freed: OpenSSL keeps the name, and there is one in the process.
        return BIO_meth_new(BIO_get_new_index() | BioTypeSourceSink, text);
    }

    /// <summary>A number under which contexts keep a pointer of ours.</summary>
    public static int NewContextIndex() => CRYPTO_get_ex_new_index(ExDataOfContext, 0, 0, 0, 0, 0);

    /// <summary>A number under which connections keep a pointer of ours.</summary>
    public static int NewConnectionIndex() => CRYPTO_get_ex_new_index(ExDataOfConnection, 0, 0, 0, 0, 0);

    [LibraryImport(Library)]
    public static partial nint TLS_server_method();

    [LibraryImport(Library)]
    public static partial int SSL_CTX_use_certificate(nint context, nint certificate);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_use_PrivateKey(nint context, nint key);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_ciphersuites(nint context, string list);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_set_cipher_list(nint context, string list);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_session_id_context(nint context, byte* bytes, uint length);

    [LibraryImport(Library)]
    public static partial int SSL_set_session_id_context(nint ssl, byte* bytes, uint length);

    [LibraryImport(Library)]
    public static partial int SSL_use_cert_and_key(nint ssl, nint certificate, nint key, nint chain, int replace);

    [LibraryImport(Library)]
    public static partial int SSL_set_ex_data(nint ssl, int index, nint data);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial nint SSL_get_ex_data(nint ssl, int index);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_alpn_select_cb(nint context, delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);

    [LibraryImport(Library)]
    public static partial int SSL_select_next_proto(byte** selected, byte* length, byte* server, uint serverLength, byte* client, uint clientLength);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_cert_verify_callback(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback, nint argument);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_num_tickets(nint context, nuint count);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_keylog_callback(nint context, delegate* unmanaged[Cdecl]<nint, byte*, void> callback);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_ex_data(nint context, int index, nint data);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial nint SSL_CTX_get_ex_data(nint context, int index);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial nint SSL_get_SSL_CTX(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_set_accept_state(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_set_bio(nint ssl, nint read, nint write);

    [LibraryImport(Library)]
    public static partial int SSL_get_shutdown(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_get_current_cipher(nint ssl);

    [LibraryImport(Library)]
    public static partial ushort SSL_CIPHER_get_protocol_id(nint cipher);

    [LibraryImport(Library)]
    public static partial nint SSL_get1_peer_certificate(nint ssl);

    [LibraryImport(CryptoLibrary)]
    public static partial nint d2i_X509(nint reuse, byte** bytes, nint length);

    [LibraryImport(CryptoLibrary)]
    public static partial int i2d_X509(nint certificate, byte** bytes);

    [LibraryImport(CryptoLibrary)]
    public static partial void X509_free(nint certificate);

    [LibraryImport(CryptoLibrary)]
    public static partial nint d2i_AutoPrivateKey(nint reuse, byte** bytes, nint length);

    [LibraryImport(CryptoLibrary)]
    public static partial void EVP_PKEY_free(nint key);

    [LibraryImport(CryptoLibrary)]
    public static partial nint X509_STORE_CTX_get0_cert(nint store);

    [LibraryImport(CryptoLibrary)]
    public static partial nint X509_STORE_CTX_get0_untrusted(nint store);

    [LibraryImport(CryptoLibrary)]
    public static partial void X509_STORE_CTX_set_error(nint store, int error);

    [LibraryImport(CryptoLibrary)]
    public static partial nint OPENSSL_sk_new_null();

    [LibraryImport(CryptoLibrary)]
    public static partial int OPENSSL_sk_push(nint stack, nint element);

    [LibraryImport(CryptoLibrary)]
    public static partial void OPENSSL_sk_free(nint stack);

    [LibraryImport(CryptoLibrary)]
    public static partial int OPENSSL_sk_num(nint stack);

    [LibraryImport(CryptoLibrary)]
    public static partial nint OPENSSL_sk_value(nint stack, int index);

    [LibraryImport(CryptoLibrary, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_CIPHER_fetch(nint library, string name, nint properties);

    [LibraryImport(CryptoLibrary, StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint EVP_MD_fetch(nint library, string name, nint properties);

    [LibraryImport(CryptoLibrary)]
    public static partial int EVP_EncryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv);

    [LibraryImport(CryptoLibrary)]
    public static partial int EVP_DecryptInit_ex(nint context, nint cipher, nint engine, byte* key, byte* iv);

    [LibraryImport(CryptoLibrary)]
    public static partial int HMAC_Init_ex(nint context, byte* key, int length, nint digest, nint engine);

    [LibraryImport(CryptoLibrary)]
    public static partial int RAND_bytes(byte* bytes, int count);

    [LibraryImport(CryptoLibrary)]
    public static partial nint BIO_new(nint method);

    [LibraryImport(CryptoLibrary)]
    public static partial int BIO_free(nint bio);

    [LibraryImport(CryptoLibrary)]
    public static partial int BIO_up_ref(nint bio);

    [LibraryImport(CryptoLibrary)]
    public static partial void BIO_set_init(nint bio, int ready);

    [LibraryImport(CryptoLibrary)]
    public static partial void BIO_set_data(nint bio, nint data);

    [LibraryImport(CryptoLibrary)]
    [SuppressGCTransition]
    public static partial nint BIO_get_data(nint bio);

    [LibraryImport(CryptoLibrary)]
    public static partial void BIO_set_flags(nint bio, int flags);

    [LibraryImport(CryptoLibrary)]
    public static partial int BIO_meth_set_read(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> read);

    [LibraryImport(CryptoLibrary)]
    public static partial int BIO_meth_set_write(nint method, delegate* unmanaged[Cdecl]<nint, byte*, int, int> write);

    [LibraryImport(CryptoLibrary)]
    public static partial int BIO_meth_set_ctrl(nint method, nint control);

    [LibraryImport(CryptoLibrary)]
    public static partial nint BIO_meth_get_ctrl(nint method);

    [LibraryImport(CryptoLibrary)]
    public static partial nint BIO_s_null();

    [LibraryImport(CryptoLibrary)]
    private static partial nint CRYPTO_malloc(nuint length, nint file, int line);

    [LibraryImport(Library)]
    private static partial nint SSL_CTX_set_timeout(nint context, nint seconds);

    [LibraryImport(Library)]
    private static partial ulong SSL_CTX_set_options(nint context, ulong options);

    [LibraryImport(Library)]
    private static partial nint SSL_CTX_callback_ctrl(nint context, int command, nint callback);

    [LibraryImport(CryptoLibrary)]
    private static partial int CRYPTO_get_ex_new_index(int kind, nint number, nint pointer, nint create, nint duplicate, nint free);

    [LibraryImport(CryptoLibrary)]
    private static partial int BIO_get_new_index();

    [LibraryImport(CryptoLibrary)]
    private static partial nint BIO_meth_new(int type, nint name);
}
