using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Actors443.Certificates;

namespace Actors443.Acme.Protocol;

/// <summary>The kinds of key that sign requests (RFC 7518 3.1).</summary>
internal enum AcmeKeyKind
{
    /// <summary>ECDSA P-256 with SHA-256, what every CA must accept (RFC 8555 6.2).</summary>
    Es256,

    /// <summary>RSA 2048 with SHA-256.</summary>
    Rs256,
}

/// <summary>A key that signs requests: an account's, or a certificate's when it revokes itself. Thread-safe.</summary>
internal sealed class AcmeKey : IDisposable
{
    private const int RsaBits = 2048;

    private readonly AsymmetricAlgorithm _key;
    private readonly HashAlgorithmName _hash;
    // OpenSSL's keys are not promised to sign for two threads at once.
    private readonly Lock _signing = new();

    /// <param name="key">ECDSA P-256 or P-384, or RSA; disposed of with this.</param>
    /// <exception cref="NotSupportedException">Another kind of key.</exception>
    public AcmeKey(AsymmetricAlgorithm key)
    {
        _key = key;
        (Algorithm, _hash, Jwk) = key switch
        {
            ECDsa { KeySize: 256 } ecdsa => ("ES256", HashAlgorithmName.SHA256, EcJwk(ecdsa, "P-256")),
            ECDsa { KeySize: 384 } ecdsa => ("ES384", HashAlgorithmName.SHA384, EcJwk(ecdsa, "P-384")),
            RSA rsa => ("RS256", HashAlgorithmName.SHA256, RsaJwk(rsa)),
            _ => throw new NotSupportedException($"A {key.GetType().Name} of {key.KeySize} bits cannot sign ACME requests; use ECDSA P-256 or RSA."),
        };
        Thumbprint = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Jwk)));
    }

    /// <summary><c>alg</c> of the JWS.</summary>
    public string Algorithm { get; }

    /// <summary>The public key, its members in the order that RFC 7638 hashes.</summary>
    public string Jwk { get; }

    /// <summary>RFC 7638, SHA-256, as key authorizations have it (RFC 8555 8.1).</summary>
    public string Thumbprint { get; }

    public static AcmeKey Create(AcmeKeyKind kind) => new(kind == AcmeKeyKind.Rs256 ? RSA.Create(RsaBits) : ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <param name="pem">As <see cref="ToPem"/> writes it; SEC 1 and PKCS#1 are read, too.</param>
    /// <param name="file">Named when something is wrong.</param>
    /// <exception cref="CertificateException">There is no such key in it.</exception>
    public static AcmeKey FromPem(string pem, string file)
    {
        AsymmetricAlgorithm key = PrivateKeyPem.Read(pem, null, file);
        try
        {
            return new AcmeKey(key);
        }
        catch (NotSupportedException cause)
        {
            key.Dispose();
            throw new CertificateException($"{file}: {cause.Message}", cause);
        }
    }

    /// <summary>PKCS#8. To be written for the owner alone.</summary>
    public string ToPem() => _key.ExportPkcs8PrivateKeyPem() + "\n";

    /// <summary>The signature as JWS has it: for ECDSA r and s in their full lengths (RFC 7518 3.4).</summary>
    public byte[] Sign(byte[] data)
    {
        lock (_signing)
        {
            return _key is RSA rsa
                ? rsa.SignData(data, _hash, RSASignaturePadding.Pkcs1)
                : ((ECDsa)_key).SignData(data, _hash, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }

    public void Dispose() => _key.Dispose();

    private static string EcJwk(ECDsa key, string curve)
    {
        ECParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return $$"""{"crv":"{{curve}}","kty":"EC","x":"{{Base64Url.EncodeToString(parameters.Q.X)}}","y":"{{Base64Url.EncodeToString(parameters.Q.Y)}}"}""";
    }

    private static string RsaJwk(RSA key)
    {
        RSAParameters parameters = key.ExportParameters(includePrivateParameters: false);
        return $$"""{"e":"{{Base64Url.EncodeToString(parameters.Exponent)}}","kty":"RSA","n":"{{Base64Url.EncodeToString(parameters.Modulus)}}"}""";
    }
}
