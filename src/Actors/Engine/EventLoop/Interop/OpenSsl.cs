using System.Runtime.InteropServices;
using System.Security.Authentication;

namespace Actors443.Engine.EventLoop.Interop;

/// <summary>
/// What the event loop asks of OpenSSL (3.0 or later). Objects are plain pointers: each belongs to one loop, whose thread alone uses and frees
/// it; on the data path a safe handle costs half the throughput. Some functions are macros over <c>SSL_ctrl</c>; here they have their names.
/// </summary>
internal static unsafe partial class OpenSsl
{
    public const int ErrorNone = 0;
    public const int ErrorSsl = 1;
    public const int ErrorWantRead = 2;
    public const int ErrorWantWrite = 3;
    public const int ErrorSystemCall = 5;
    public const int ErrorZeroReturn = 6;

    public const int Tls12 = 0x0303;
    public const int Tls13 = 0x0304;

    public const int VerifyNone = 0;
    public const int VerifyPeer = 1;

    public const int FileTypePem = 1;

    /// <summary>SSL_SENT_SHUTDOWN and SSL_RECEIVED_SHUTDOWN.</summary>
    public const int ShutdownBothWays = 3;

    public const int ReasonUnexpectedEof = 294;
    public const int ReasonCertificateVerifyFailed = 134;

    private const string Library = "libssl.so.3";
    private const string CryptoLibrary = "libcrypto.so.3";

    private const int ReasonMask = 0x7FFFFF;

    private const int ControlMode = 33;
    private const int ControlReadAhead = 41;
    private const int ControlSessionCacheMode = 44;
    private const int ControlServerName = 55;
    private const int ControlSignatureAlgorithms = 98;
    private const int ControlMinimumVersion = 123;
    private const int ControlMaximumVersion = 124;

    private const int ModePartialWrite = 0x01;
    private const int ModeMovingWriteBuffer = 0x02;
    private const int ModeReleaseBuffers = 0x10;

    private const int SessionCacheClient = 0x0001;
    private const int SessionCacheNoInternalStore = 0x0200;

    private static readonly string[] Needed =
    [
        "SSL_CTX_new", "SSL_new", "SSL_do_handshake", "SSL_read", "SSL_write", "SSL_has_pending", "SSL_CTX_load_verify_file", "SSL_CTX_sess_set_new_cb",
        "SSL_get1_peer_certificate", "SSL_CTX_set_num_tickets", "SSL_CTX_set_cert_verify_callback", "SSL_CTX_set_alpn_select_cb", "SSL_CIPHER_get_protocol_id",
        "SSL_CTX_set_keylog_callback",
    ];

    private static readonly string[] NeededOfCrypto = ["BIO_meth_new", "EVP_CIPHER_fetch", "EVP_MD_fetch", "HMAC_Init_ex", "d2i_AutoPrivateKey", "CRYPTO_get_ex_new_index"];

    /// <summary>Why OpenSSL cannot be used here, for people; null if it can. Looked up once.</summary>
    public static string? Missing { get; } = FindMissing(Library, CryptoLibrary);

    /// <summary>
    /// Modes every connection of a loop needs: a write may be partial and go on from another buffer; idle connections hold no buffers; all that is there is read with one
    /// call, not with two for each record: ask <see cref="SSL_has_pending"/> before leaving a socket.
    /// </summary>
    public static void UseLoopModes(nint context)
    {
        SSL_CTX_ctrl(context, ControlMode, ModePartialWrite | ModeMovingWriteBuffer | ModeReleaseBuffers, 0);
        SSL_CTX_ctrl(context, ControlReadAhead, 1, 0);
    }

    public static bool SetVersions(nint context, int minimum, int maximum) =>
        SSL_CTX_ctrl(context, ControlMinimumVersion, minimum, 0) == 1 && SSL_CTX_ctrl(context, ControlMaximumVersion, maximum, 0) == 1;

    /// <summary>Tells new sessions to the callback and stores none.</summary>
    public static void UseClientSessions(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> onNew)
    {
        SSL_CTX_ctrl(context, ControlSessionCacheMode, SessionCacheClient | SessionCacheNoInternalStore, 0);
        SSL_CTX_sess_set_new_cb(context, onNew);
    }

    /// <param name="list">As OpenSSL writes it: <c>ECDSA+SHA256:…</c>.</param>
    public static bool SetSignatureAlgorithms(nint context, string list)
    {
        nint text = Marshal.StringToCoTaskMemUTF8(list);
        try
        {
            return SSL_CTX_ctrl(context, ControlSignatureAlgorithms, 0, text) == 1;
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
    }

    /// <param name="name">Zero-terminated.</param>
    public static void SetServerName(nint ssl, nint name) => SSL_ctrl(ssl, ControlServerName, 0, name);

    /// <summary>The reason of the oldest error of this thread, and no error is left. 0: there was none.</summary>
    public static int TakeReason()
    {
        ulong error = ERR_get_error();
        ERR_clear_error();
        return (int)(error & ReasonMask);
    }

    /// <summary>The first error of this thread in words, and no error is left.</summary>
    public static string TakeErrorText()
    {
        ulong error = ERR_get_error();
        ERR_clear_error();
        return Marshal.PtrToStringUTF8(ERR_reason_error_string(error)) ?? "no reason given";
    }

    /// <summary>Of what is set for a context.</summary>
    /// <exception cref="AuthenticationException">OpenSSL has not done it.</exception>
    public static void Require(bool done, string what)
    {
        if (!done)
            throw new AuthenticationException($"OpenSSL refuses {what}: {TakeErrorText()}.");
    }

    public static string ReasonText(int reason)
    {
        const ulong SslErrors = 20ul << 23;
        return Marshal.PtrToStringUTF8(ERR_reason_error_string(SslErrors | (uint)reason)) ?? $"error {reason}";
    }

    public static string VerifyText(nint result) => Marshal.PtrToStringUTF8(X509_verify_cert_error_string(result)) ?? $"error {result}";

    /// <summary>No error is left on this thread, so that the next is that of the next call. Clearing writes to each of the queue's places: mostly there is nothing.</summary>
    public static void ClearErrors()
    {
        if (ERR_peek_error() != 0)
            ERR_clear_error();
    }

    [LibraryImport(Library)]
    public static partial nint TLS_client_method();

    [LibraryImport(Library)]
    public static partial nint SSL_CTX_new(nint method);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_free(nint context);

    [LibraryImport(Library)]
    public static partial void SSL_CTX_set_verify(nint context, int mode, nint callback);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_alpn_protos(nint context, byte* protocols, uint length);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_load_verify_file(nint context, string file);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_set_default_verify_paths(nint context);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_use_certificate_chain_file(nint context, string file);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int SSL_CTX_use_PrivateKey_file(nint context, string file, int type);

    [LibraryImport(Library)]
    public static partial int SSL_CTX_check_private_key(nint context);

    [LibraryImport(Library)]
    public static partial nint SSL_new(nint context);

    [LibraryImport(Library)]
    public static partial void SSL_free(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_set_fd(nint ssl, int descriptor);

    [LibraryImport(Library)]
    public static partial int SSL_get_fd(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_set_connect_state(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_do_handshake(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_read(nint ssl, byte* buffer, int count);

    [LibraryImport(Library)]
    public static partial int SSL_write(nint ssl, byte* buffer, int count);

    [LibraryImport(Library)]
    [SuppressGCTransition]
    public static partial int SSL_has_pending(nint ssl);

    [LibraryImport(Library)]
    public static partial int SSL_shutdown(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_set_shutdown(nint ssl, int mode);

    [LibraryImport(Library)]
    public static partial int SSL_get_error(nint ssl, int result);

    [LibraryImport(Library)]
    public static partial int SSL_set_session(nint ssl, nint session);

    [LibraryImport(Library)]
    public static partial int SSL_session_reused(nint ssl);

    [LibraryImport(Library)]
    public static partial void SSL_SESSION_free(nint session);

    [LibraryImport(Library)]
    public static partial int SSL_SESSION_up_ref(nint session);

    /// <param name="name">Zero-terminated.</param>
    [LibraryImport(Library)]
    public static partial int SSL_set1_host(nint ssl, nint name);

    [LibraryImport(Library)]
    public static partial void SSL_get0_alpn_selected(nint ssl, out byte* protocol, out uint length);

    [LibraryImport(Library)]
    public static partial int SSL_version(nint ssl);

    [LibraryImport(Library)]
    public static partial nint SSL_get_verify_result(nint ssl);

    [LibraryImport(Library)]
    private static partial nint SSL_CTX_ctrl(nint context, int command, nint number, nint pointer);

    [LibraryImport(Library)]
    private static partial nint SSL_ctrl(nint ssl, int command, nint number, nint pointer);

    [LibraryImport(Library)]
    private static partial void SSL_CTX_sess_set_new_cb(nint context, delegate* unmanaged[Cdecl]<nint, nint, int> callback);

    [LibraryImport(CryptoLibrary)]
    private static partial ulong ERR_get_error();

    [LibraryImport(CryptoLibrary)]
    [SuppressGCTransition]
    private static partial ulong ERR_peek_error();

    [LibraryImport(CryptoLibrary)]
    private static partial void ERR_clear_error();

    [LibraryImport(CryptoLibrary)]
    private static partial nint ERR_reason_error_string(ulong error);

    [LibraryImport(CryptoLibrary)]
    private static partial nint X509_verify_cert_error_string(nint error);

    /// <summary>Why libraries of these names cannot be used; null if they can.</summary>
    public static string? FindMissing(string ssl, string cryptography)
    {
        if (!OperatingSystem.IsLinux())
            return "it is for Linux";
        if (!NativeLibrary.TryLoad(ssl, out nint library) || !NativeLibrary.TryLoad(cryptography, out nint crypto))
            return $"{ssl} (OpenSSL 3) was not found; install it (Debian and Ubuntu: apt install libssl3)";
        string? symbol = Needed.FirstOrDefault(name => !NativeLibrary.TryGetExport(library, name, out _))
            ?? NeededOfCrypto.FirstOrDefault(name => !NativeLibrary.TryGetExport(crypto, name, out _));
        return symbol is null ? null : $"{ssl} has no {symbol}; OpenSSL 3.0 or later is needed";
    }
}
