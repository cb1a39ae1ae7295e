using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Tls;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>Client certificates as OpenSSL has them.</summary>
internal static unsafe class PeerCertificates
{
    /// <summary>Of a finished handshake; null: the client sent none.</summary>
    public static X509Certificate2? Of(nint ssl)
    {
        nint native = OpenSsl.SSL_get1_peer_certificate(ssl);
        if (native == 0)
            return null;
        try
        {
            return Load(native);
        }
        finally
        {
            OpenSsl.X509_free(native);
        }
    }

    /// <summary>During the handshake, for OpenSSL, which takes the number of the verdict for its own.</summary>
    /// <param name="store">The X509_STORE_CTX.</param>
    /// <param name="check">Of the certificate, with what was sent besides.</param>
    /// <returns>1: it is good.</returns>
    public static int Answer(nint store, Func<X509Certificate2, IEnumerable<X509Certificate2>, ClientVerdict> check)
    {
        ClientVerdict verdict;
        try
        {
            verdict = Verify(store, check);
        }
        catch (Exception cause) when (cause is CryptographicException or ArgumentException or InvalidOperationException)
        {
            // Not to be let into OpenSSL: what cannot be checked is not accepted.
            verdict = ClientVerdict.Rejected;
        }

        // What the runtime's own calls of OpenSSL have left would be taken for an error of the handshake.
        OpenSsl.ClearErrors();
        if (verdict != ClientVerdict.Accepted)
            OpenSsl.X509_STORE_CTX_set_error(store, (int)verdict);
        return verdict == ClientVerdict.Accepted ? 1 : 0;
    }

    private static ClientVerdict Verify(nint store, Func<X509Certificate2, IEnumerable<X509Certificate2>, ClientVerdict> check)
    {
        using X509Certificate2 leaf = Load(OpenSsl.X509_STORE_CTX_get0_cert(store));
        var presented = new List<X509Certificate2>();
        try
        {
            nint stack = OpenSsl.X509_STORE_CTX_get0_untrusted(store);
            for (int index = 0; index < OpenSsl.OPENSSL_sk_num(stack); index++)
                presented.Add(Load(OpenSsl.OPENSSL_sk_value(stack, index)));
            return check(leaf, presented);
        }
        finally
        {
            foreach (X509Certificate2 certificate in presented)
                certificate.Dispose();
        }
    }

    private static X509Certificate2 Load(nint native)
    {
        byte[] der = new byte[OpenSsl.i2d_X509(native, null)];
        fixed (byte* start = der)
        {
            byte* bytes = start;
            _ = OpenSsl.i2d_X509(native, &bytes);
        }

        return X509CertificateLoader.LoadCertificate(der);
    }
}
