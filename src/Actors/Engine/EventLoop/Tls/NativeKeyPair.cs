using System.Security.Authentication;
using System.Security.Cryptography;
using Actors443.Certificates;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>A server's certificate with key and chain in OpenSSL's form; freed by the finalizer. Connections that show it hold references of their own.</summary>
internal sealed unsafe class NativeKeyPair
{
    private readonly NativeCertificate _leaf;
    private readonly NativeCertificate[] _issuers;
    private readonly nint _key;
    private readonly nint _chain;

    /// <exception cref="AuthenticationException">OpenSSL cannot read it.</exception>
    public NativeKeyPair(ServerCertificate certificate)
    {
        _leaf = new NativeCertificate(certificate.Leaf);
        _issuers = [.. certificate.Issuers.Select(NativeCertificate.OfAuthority)];
        _key = PrivateKey(certificate);
        _chain = OpenSsl.OPENSSL_sk_new_null();
        foreach (NativeCertificate issuer in _issuers)
        {
            if (OpenSsl.OPENSSL_sk_push(_chain, issuer.Handle) == 0)
                throw new AuthenticationException("OpenSSL has no memory for a chain.");
        }
    }

    ~NativeKeyPair()
    {
        if (_key != 0)
            OpenSsl.EVP_PKEY_free(_key);
        // The certificates in it are not its own.
        if (_chain != 0)
            OpenSsl.OPENSSL_sk_free(_chain);
    }

    /// <summary>To be shown by all connections of a context.</summary>
    /// <exception cref="AuthenticationException">OpenSSL refuses it.</exception>
    public void UseFor(nint context)
    {
        OpenSsl.Require(OpenSsl.SSL_CTX_use_certificate(context, _leaf.Handle) == 1, "the certificate");
        OpenSsl.Require(OpenSsl.SSL_CTX_use_PrivateKey(context, _key) == 1, "the private key");
        OpenSsl.Require(OpenSsl.SSL_CTX_check_private_key(context) == 1, "the private key with the certificate");
        foreach (NativeCertificate issuer in _issuers)
            OpenSsl.Require(OpenSsl.AddChainCertificate(context, issuer.Handle), "the chain");
        GC.KeepAlive(this);
    }

    /// <summary>To be shown by one connection. False: OpenSSL refuses it.</summary>
    public bool UseForConnection(nint ssl)
    {
        bool used = OpenSsl.SSL_use_cert_and_key(ssl, _leaf.Handle, _key, _chain, 1) == 1;
        GC.KeepAlive(this);
        return used;
    }

    private static nint PrivateKey(ServerCertificate certificate)
    {
        byte[] der = certificate.ExportKey();
        try
        {
            fixed (byte* start = der)
            {
                byte* bytes = start;
                nint native = OpenSsl.d2i_AutoPrivateKey(0, &bytes, der.Length);
                return native != 0 ? native : throw new AuthenticationException($"OpenSSL cannot read the key of {certificate.Leaf.Subject}: {OpenSsl.TakeErrorText()}.");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(der);
        }
    }
}
