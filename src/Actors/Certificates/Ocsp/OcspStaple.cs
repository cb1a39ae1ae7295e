using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates.Revocation;

namespace Actors443.Certificates.Ocsp;

/// <summary>A responder's answer that cannot be used. The message says why.</summary>
internal sealed class OcspException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>A verified answer that a certificate is good, as clients are shown it (RFC 6960 4.2, RFC 6066 8).</summary>
/// <param name="Response">As the responder gave it.</param>
/// <param name="ThisUpdate">When it was known to be right.</param>
/// <param name="NextUpdate">From when on clients do not take it any more.</param>
internal sealed record OcspStaple(byte[] Response, DateTimeOffset ThisUpdate, DateTimeOffset NextUpdate)
{
    private const string BasicResponse = "1.3.6.1.5.5.7.48.1.1";
    private static readonly TimeSpan ClockSkew = TimeSpan.FromMinutes(5);

    // Answers without an end are rare, and clients take them for a while.
    private static readonly TimeSpan LifeWithoutEnd = TimeSpan.FromDays(1);

    /// <summary>Reads and verifies.</summary>
    /// <exception cref="OcspException">It is not an answer, not of the responder, not for this certificate, not of now, or says that it is revoked or unknown.</exception>
    public static OcspStaple Read(byte[] response, X509Certificate2 certificate, X509Certificate2 issuer, DateTimeOffset now)
    {
        try
        {
            return Verify(response, certificate, issuer, now);
        }
        catch (Exception cause) when (cause is AsnContentException or CryptographicException)
        {
            throw new OcspException($"the answer is no OCSP response ({cause.Message.TrimEnd('.')})", cause);
        }
    }

    private static OcspStaple Verify(byte[] response, X509Certificate2 certificate, X509Certificate2 issuer, DateTimeOffset now)
    {
        AsnReader outer = new AsnReader(response, AsnEncodingRules.DER).ReadSequence();
        ResponseStatus status = outer.ReadEnumeratedValue<ResponseStatus>();
        if (status != ResponseStatus.Successful)
            throw new OcspException($"the responder answers {status}");
        AsnReader bytes = outer.ReadSequence(Tag(0)).ReadSequence();
        if (bytes.ReadObjectIdentifier() is not BasicResponse and var kind)
            throw new OcspException($"the answer is of the unknown kind {kind}");
        AsnReader basic = new AsnReader(bytes.ReadOctetString(), AsnEncodingRules.DER).ReadSequence();
        ReadOnlyMemory<byte> signed = basic.PeekEncodedValue();
        AsnReader data = basic.ReadSequence();
        AsnSignature signature = AsnSignature.Read(basic);
        if (!IsSigned(signature, signed, basic, issuer, now))
            throw new OcspException("the answer is signed neither by the issuer nor by a responder it has appointed");

        if (data.PeekTag() == Tag(0))
            _ = data.ReadSequence(Tag(0));
        _ = data.ReadEncodedValue();
        _ = data.ReadGeneralizedTime();
        byte[] wanted = OcspRequest.CertificateId(certificate, issuer);
        for (AsnReader answers = data.ReadSequence(); answers.HasData;)
        {
            AsnReader answer = answers.ReadSequence();
            if (IsFor(answer.ReadEncodedValue(), wanted))
                return Take(response, answer, now);
        }

        throw new OcspException("the answer is for another certificate");
    }

    private static OcspStaple Take(byte[] response, AsnReader answer, DateTimeOffset now)
    {
        int status = answer.PeekTag().TagValue;
        _ = answer.ReadEncodedValue();
        if (status == 1)
            throw new OcspException("THE CERTIFICATE IS REVOKED; clients that ask will refuse it. Have another issued");
        if (status != 0)
            throw new OcspException("the responder does not know the certificate");
        DateTimeOffset thisUpdate = answer.ReadGeneralizedTime();
        DateTimeOffset nextUpdate = answer.HasData && answer.PeekTag() == Tag(0) ? answer.ReadSequence(Tag(0)).ReadGeneralizedTime() : thisUpdate + LifeWithoutEnd;
        if (thisUpdate > now + ClockSkew)
            throw new OcspException($"the answer is of the future ({thisUpdate:u}); check the machine's clock");
        if (nextUpdate <= now)
            throw new OcspException($"the answer ended on {nextUpdate:u}");
        return new OcspStaple(response, thisUpdate, nextUpdate);
    }

    // The hash algorithm's parameters may be NULL or absent: what counts are hashes and number.
    private static bool IsFor(ReadOnlyMemory<byte> id, byte[] wanted)
    {
        AsnReader given = new AsnReader(id, AsnEncodingRules.DER).ReadSequence();
        AsnReader ours = new AsnReader(wanted, AsnEncodingRules.DER).ReadSequence();
        return given.ReadSequence().ReadObjectIdentifier() == ours.ReadSequence().ReadObjectIdentifier()
            && given.ReadOctetString().AsSpan().SequenceEqual(ours.ReadOctetString())
            && given.ReadOctetString().AsSpan().SequenceEqual(ours.ReadOctetString())
            && given.ReadInteger() == ours.ReadInteger();
    }

    private static bool IsSigned(AsnSignature signature, ReadOnlyMemory<byte> signed, AsnReader rest, X509Certificate2 issuer, DateTimeOffset now)
    {
        if (signature.IsOf(issuer, signed.Span))
            return true;
        if (!rest.HasData || rest.PeekTag() != Tag(0))
            return false;
        for (AsnReader certificates = rest.ReadSequence(Tag(0)).ReadSequence(); certificates.HasData;)
        {
            ReadOnlyMemory<byte> der = certificates.ReadEncodedValue();
            using X509Certificate2 responder = X509CertificateLoader.LoadCertificate(der.Span);
            if (MayAnswer(responder, der, issuer, now) && signature.IsOf(responder, signed.Span))
                return true;
        }

        return false;
    }

    // RFC 6960 4.2.2.2: issued by the same CA, for this purpose.
    private static bool MayAnswer(X509Certificate2 responder, ReadOnlyMemory<byte> der, X509Certificate2 issuer, DateTimeOffset now)
    {
        AsnReader certificate = new AsnReader(der, AsnEncodingRules.DER).ReadSequence();
        ReadOnlyMemory<byte> body = certificate.ReadEncodedValue();
        return responder.IssuerName.RawData.AsSpan().SequenceEqual(issuer.SubjectName.RawData)
            && responder.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(usage => usage.EnhancedKeyUsages.Cast<Oid>().Any(oid => oid.Value == ExtendedKeyUsages.OcspSigning))
            && responder.NotBefore <= now && now < responder.NotAfter
            && AsnSignature.Read(certificate).IsOf(issuer, body.Span);
    }

    private static Asn1Tag Tag(int number) => new(TagClass.ContextSpecific, number, true);

    private enum ResponseStatus
    {
        Successful = 0,
        MalformedRequest = 1,
        InternalError = 2,
        TryLater = 3,
        SigRequired = 5,
        Unauthorized = 6,
    }
}
