using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Actors443.Certificates.Revocation;

/// <summary>A CRL (RFC 5280 5): complete, of one issuer. Read, not verified: ask <see cref="IsSignedBy"/>. Immutable.</summary>
internal sealed class CertificateRevocationList
{
    private const string PemLabel = "X509 CRL";

    private readonly HashSet<BigInteger> _serials = [];
    private readonly ReadOnlyMemory<byte> _signed;
    private readonly AsnSignature _signature;

    private CertificateRevocationList(AsnReader list)
    {
        _signed = list.PeekEncodedValue();
        AsnReader body = list.ReadSequence();
        _signature = AsnSignature.Read(list);
        if (body.PeekTag() == Asn1Tag.Integer)
            _ = body.ReadInteger();
        _ = body.ReadEncodedValue();
        Issuer = new X500DistinguishedName(body.ReadEncodedValue().Span);
        ThisUpdate = ReadTime(body);
        if (body.HasData && body.PeekTag().TagValue is (int)UniversalTagNumber.UtcTime or (int)UniversalTagNumber.GeneralizedTime)
            NextUpdate = ReadTime(body);
        if (body.HasData && body.PeekTag() == Asn1Tag.Sequence)
            ReadEntries(body.ReadSequence());
        if (body.HasData)
            RefuseCriticalExtensions(body.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 0, true)).ReadSequence());
    }

    public X500DistinguishedName Issuer { get; }

    public DateTimeOffset ThisUpdate { get; }

    /// <summary>When its issuer has another at the latest; null: it does not say, and the list never expires.</summary>
    public DateTimeOffset? NextUpdate { get; }

    public int Count => _serials.Count;

    /// <summary>PEM, with any number of lists, or one as DER.</summary>
    /// <exception cref="CryptographicException">It is no CRL, or one that says less than a whole list.</exception>
    public static IReadOnlyList<CertificateRevocationList> Read(byte[] content)
    {
        try
        {
            var lists = new List<CertificateRevocationList>();
            foreach (byte[] der in Encodings(content))
                lists.Add(new CertificateRevocationList(new AsnReader(der, AsnEncodingRules.DER).ReadSequence()));
            return lists.Count > 0 ? lists : throw new CryptographicException("there is no CRL in it");
        }
        catch (AsnContentException cause)
        {
            throw new CryptographicException($"it is no CRL ({cause.Message.TrimEnd('.')})", cause);
        }
    }

    public bool Contains(X509Certificate2 certificate) => _serials.Contains(new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true));

    public bool IsSignedBy(X509Certificate2 issuer) => _signature.IsOf(issuer, _signed.Span);

    private static IEnumerable<byte[]> Encodings(byte[] content)
    {
        string text = Encoding.ASCII.GetString(content);
        return text.Contains("-----BEGIN ", StringComparison.Ordinal) ? PemBlocks.Of(text).Where(block => block.Label == PemLabel).Select(block => block.Der) : [content];
    }

    private static DateTimeOffset ReadTime(AsnReader reader) =>
        reader.PeekTag().TagValue == (int)UniversalTagNumber.UtcTime ? reader.ReadUtcTime() : reader.ReadGeneralizedTime();

    private void ReadEntries(AsnReader entries)
    {
        while (entries.HasData)
            _serials.Add(entries.ReadSequence().ReadInteger());
    }

    // Those that make it a list of some certificates only, or of changes, are critical: whoever does not know them must not use the list (RFC 5280 5.2).
    private static void RefuseCriticalExtensions(AsnReader extensions)
    {
        while (extensions.HasData)
        {
            AsnReader extension = extensions.ReadSequence();
            string oid = extension.ReadObjectIdentifier();
            if (extension.PeekTag() == Asn1Tag.Boolean && extension.ReadBoolean())
                throw new CryptographicException($"it has the critical extension {oid}: partial, indirect and delta lists cannot be used; name the issuer's complete list");
        }
    }
}
