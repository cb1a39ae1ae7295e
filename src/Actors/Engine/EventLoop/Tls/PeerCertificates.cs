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

    /// <summary>During the handshake.</summary>
    public static ClientVerdict Verify(nint store, ClientCertificateVerifier clients)
    {
        using X509Certificate2 leaf = Load(OpenSsl.X509_STORE_CTX_get0_cert(store));
        var presented = new List<X509Certificate2>();
        try
        {
            nint stack = OpenSsl.X509_STORE_CTX_get0_untrusted(store);
            for (int index = 0; index < OpenSsl.OPENSSL_sk_num(stack); index++)
                presented.Add(Load(OpenSsl.OPENSSL_sk_value(stack, index)));
            return clients.Verify(leaf, presented);
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
