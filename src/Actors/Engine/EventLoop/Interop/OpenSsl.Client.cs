using System.Runtime.InteropServices;

namespace Actors443.Engine.EventLoop.Interop;

/// <summary>What a client asks of OpenSSL besides.</summary>
internal static unsafe partial class OpenSsl
{
    /// <summary>No compression (CRIME), no renegotiation.</summary>
    public static void UseClientOptions(nint context) => _ = SSL_CTX_set_options(context, OptionNoCompression | OptionNoRenegotiation);

    /// <summary>Offers one protocol by ALPN (RFC 7301).</summary>
    /// <returns>False: OpenSSL has not done it.</returns>
    public static bool OfferProtocol(nint context, ReadOnlySpan<byte> name)
    {
        Span<byte> list = stackalloc byte[1 + name.Length];
        list[0] = (byte)name.Length;
        name.CopyTo(list[1..]);
        fixed (byte* bytes = list)
            return SSL_CTX_set_alpn_protos(context, bytes, (uint)list.Length) == 0;
    }

    /// <summary>A server's name as it is asked for (SNI), zero-terminated, to be freed; 0: an address is none (RFC 6066 3).</summary>
    public static nint NewServerName(string host) => Uri.CheckHostName(host) == UriHostNameType.Dns ? Marshal.StringToCoTaskMemUTF8(host) : 0;

    /// <summary>What was agreed upon by ALPN so far; empty: nothing.</summary>
    public static ReadOnlySpan<byte> SelectedProtocol(nint ssl)
    {
        SSL_get0_alpn_selected(ssl, out byte* name, out uint length);
        return new ReadOnlySpan<byte>(name, (int)length);
    }
}
