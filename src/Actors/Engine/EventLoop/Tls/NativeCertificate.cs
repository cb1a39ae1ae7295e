using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Engine.EventLoop.Tls;

/// <summary>A certificate in OpenSSL's form; freed by the finalizer. That of an authority is there once, whatever comes with it.</summary>
internal sealed unsafe class NativeCertificate
{
    private static readonly ConditionalWeakTable<X509Certificate2, NativeCertificate> Authorities = [];

    /// <exception cref="AuthenticationException">OpenSSL cannot read it.</exception>
    public NativeCertificate(X509Certificate2 certificate)
    {
        ReadOnlySpan<byte> der = certificate.RawDataMemory.Span;
        fixed (byte* start = der)
        {
            byte* bytes = start;
            Handle = OpenSsl.d2i_X509(0, &bytes, der.Length);
        }

        if (Handle == 0)
            throw new AuthenticationException($"OpenSSL cannot read the certificate of {certificate.Subject}: {OpenSsl.TakeErrorText()}.");
    }

    ~NativeCertificate() => OpenSsl.X509_free(Handle);

    /// <summary>X509*.</summary>
    public nint Handle { get; }

    /// <exception cref="AuthenticationException">OpenSSL cannot read it.</exception>
    public static NativeCertificate OfAuthority(X509Certificate2 certificate) => Authorities.GetValue(certificate, static certificate => new NativeCertificate(certificate));
}
