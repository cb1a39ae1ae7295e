using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Actors443.Certificates.Revocation;

/// <summary>Signatures as they stand in X.509 structures: AlgorithmIdentifier and BIT STRING (RFC 5280 4.1.1.2). SHA-2 with RSA or ECDSA; SHA-1 is refused.</summary>
internal readonly record struct AsnSignature(string Algorithm, ReadOnlyMemory<byte> Parameters, ReadOnlyMemory<byte> Value)
{
    private const string RsaPss = "1.2.840.113549.1.1.10";

    /// <exception cref="AsnContentException">It is something else.</exception>
    public static AsnSignature Read(AsnReader reader)
    {
        AsnReader algorithm = reader.ReadSequence();
        string oid = algorithm.ReadObjectIdentifier();
        ReadOnlyMemory<byte> parameters = algorithm.HasData ? algorithm.ReadEncodedValue() : default;
        return new AsnSignature(oid, parameters, reader.ReadBitString(out _));
    }

    /// <summary>Whether <paramref name="signer"/> signed <paramref name="signed"/>.</summary>
    public bool IsOf(X509Certificate2 signer, ReadOnlySpan<byte> signed)
    {
        try
        {
            if (HashOf() is not { } hash)
                return false;
            if (signer.GetECDsaPublicKey() is { } ecdsa)
            {
                using (ecdsa)
                    return Algorithm.StartsWith("1.2.840.10045.", StringComparison.Ordinal) && ecdsa.VerifyData(signed, Value.Span, hash, DSASignatureFormat.Rfc3279DerSequence);
            }

            using RSA? rsa = signer.GetRSAPublicKey();
            return rsa is not null
                && Algorithm.StartsWith("1.2.840.113549.1.1.", StringComparison.Ordinal)
                && rsa.VerifyData(signed, Value.Span, hash, Algorithm == RsaPss ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        }
        catch (Exception cause) when (cause is CryptographicException or AsnContentException)
        {
            return false;
        }
    }

    private HashAlgorithmName? HashOf() => Algorithm switch
    {
        "1.2.840.113549.1.1.11" or "1.2.840.10045.4.3.2" => HashAlgorithmName.SHA256,
        "1.2.840.113549.1.1.12" or "1.2.840.10045.4.3.3" => HashAlgorithmName.SHA384,
        "1.2.840.113549.1.1.13" or "1.2.840.10045.4.3.4" => HashAlgorithmName.SHA512,
        RsaPss => HashOfPss(),
        _ => null,
    };

    // RFC 4055 3.1: [0] hashAlgorithm; SHA-1 if absent.
    private HashAlgorithmName? HashOfPss()
    {
        AsnReader parameters = new AsnReader(Parameters, AsnEncodingRules.DER).ReadSequence();
        if (!parameters.HasData || parameters.PeekTag() != new Asn1Tag(TagClass.ContextSpecific, 0, true))
            return null;
        return parameters.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, true)).ReadSequence().ReadObjectIdentifier() switch
        {
            "2.16.840.1.101.3.4.2.1" => HashAlgorithmName.SHA256,
            "2.16.840.1.101.3.4.2.2" => HashAlgorithmName.SHA384,
            "2.16.840.1.101.3.4.2.3" => HashAlgorithmName.SHA512,
            _ => null,
        };
    }
}
