using System.Runtime.InteropServices;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Server.Load.Clients;

namespace Actors443.Bench.Fuzz;

/// <summary>The client's side of TLS in memory: what it says can be changed before it is sent, and what it hears need not have been said.</summary>
internal sealed unsafe partial class TlsTalker : IDisposable
{
    private readonly nint _ssl;
    private readonly nint _heard;
    private readonly nint _said;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(20_000, pinned: true);

    /// <param name="context">How it speaks.</param>
    /// <param name="session">A session to offer; 0: none.</param>
    public TlsTalker(ClientTlsContext context, nint session)
    {
        _ssl = context.Open(-1, session);
        _heard = OpenSsl.BIO_new(BIO_s_mem());
        _said = OpenSsl.BIO_new(BIO_s_mem());
        OpenSsl.SSL_set_bio(_ssl, _heard, _said);
    }

    public bool IsOpen { get; private set; }

    /// <summary>It will not go on.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Goes on with the handshake as far as what it has heard allows.</summary>
    public void Handshake()
    {
        if (IsOpen || IsBroken)
            return;
        int result = OpenSsl.SSL_do_handshake(_ssl);
        IsOpen = result == 1;
        IsBroken = !IsOpen && OpenSsl.SSL_get_error(_ssl, result) is not OpenSsl.ErrorWantRead;
        OpenSsl.ClearErrors();
    }

    public void Hear(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
            _ = BIO_write(_heard, start, bytes.Length);
    }

    /// <summary>Encrypts.</summary>
    public void Say(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
            _ = bytes.Length == 0 ? 0 : OpenSsl.SSL_write(_ssl, start, bytes.Length);
        OpenSsl.ClearErrors();
    }

    /// <summary>Decrypts what it has heard; answers how many bytes, of which none are kept.</summary>
    public int Listen()
    {
        int total = 0;
        fixed (byte* start = _buffer)
        {
            for (int count; (count = OpenSsl.SSL_read(_ssl, start, _buffer.Length)) > 0;)
                total += count;
        }

        OpenSsl.ClearErrors();
        return total;
    }

    /// <summary>TLS 1.3: new keys (RFC 8446 4.6.3); TLS 1.2: a new handshake within the session, which the server is to refuse.</summary>
    public void ChangeKeys()
    {
        const int RequestUpdate = 1;
        _ = OpenSsl.SSL_version(_ssl) == OpenSsl.Tls13 ? SSL_key_update(_ssl, RequestUpdate) : SSL_renegotiate(_ssl);
        _ = OpenSsl.SSL_do_handshake(_ssl);
        OpenSsl.ClearErrors();
    }

    public void CloseNotify() => _ = OpenSsl.SSL_shutdown(_ssl);

    /// <summary>The session to offer next time; its reference is the caller's. 0: none.</summary>
    public nint TakeSession() => SSL_get1_session(_ssl);

    /// <summary>Everything to be sent now.</summary>
    public byte[] TakeSaid()
    {
        var all = new List<byte>();
        fixed (byte* start = _buffer)
        {
            for (int count; (count = BIO_read(_said, start, _buffer.Length)) > 0;)
                all.AddRange(_buffer.AsSpan(0, count));
        }

        return [.. all];
    }

    public void Dispose()
    {
        OpenSsl.SSL_set_shutdown(_ssl, OpenSsl.ShutdownBothWays);
        OpenSsl.SSL_free(_ssl);
        OpenSsl.ClearErrors();
    }

    [LibraryImport("libcrypto.so.3")]
    private static partial nint BIO_s_mem();

    [LibraryImport("libcrypto.so.3")]
    private static partial int BIO_write(nint bio, byte* bytes, int count);

    [LibraryImport("libcrypto.so.3")]
    private static partial int BIO_read(nint bio, byte* bytes, int count);

    [LibraryImport("libssl.so.3")]
    private static partial int SSL_key_update(nint ssl, int type);

    [LibraryImport("libssl.so.3")]
    private static partial int SSL_renegotiate(nint ssl);

    [LibraryImport("libssl.so.3")]
    private static partial nint SSL_get1_session(nint ssl);
}
