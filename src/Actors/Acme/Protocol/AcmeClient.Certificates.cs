using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Actors443.Acme.Protocol;

/// <summary>Certificates: download, revocation, renewal information (RFC 8555 7.4.2, 7.6, RFC 9773).</summary>
internal sealed partial class AcmeClient
{
    private const string PemChain = "application/pem-certificate-chain";
    private const int MaximumAlternates = 8;

    /// <summary>The certificate with its chains: the CA's default first, then the alternates that it links to (at most 8, and only those that can be had).</summary>
    /// <remarks>One request a chain. Ask for the default alone when no chain is preferred.</remarks>
    public async Task<IReadOnlyList<CertificateChain>> DownloadAsync(AcmeAccount account, Uri certificate, bool withAlternates, CancellationToken cancellationToken)
    {
        AcmeAnswer answer = await PostAsGetAsync(account, certificate, cancellationToken, PemChain);
        var chains = new List<CertificateChain> { ReadChain(answer) };
        if (!withAlternates)
            return chains;
        foreach (Uri alternate in LinkHeader.Targets(answer.Links, "alternate", certificate).Distinct().Take(MaximumAlternates))
            chains.Add(ReadChain(await PostAsGetAsync(account, alternate, cancellationToken, PemChain)));
        return chains;
    }

    /// <summary>Revokes a certificate in the name of the account that it was issued to, or of one that is authorized for all its names.</summary>
    /// <param name="account">Who asks.</param>
    /// <param name="certificate">DER.</param>
    /// <param name="reason">Told to those who ask.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="AcmeException"><c>Is("alreadyRevoked")</c>: it was before.</exception>
    public Task RevokeAsync(AcmeAccount account, ReadOnlyMemory<byte> certificate, RevocationReason reason, CancellationToken cancellationToken) =>
        RevokeAsync(account.Key, account.Url, certificate, reason, cancellationToken);

    /// <summary>Revokes a certificate by its own key, which needs no account.</summary>
    /// <inheritdoc cref="RevokeAsync(AcmeAccount, ReadOnlyMemory{byte}, RevocationReason, CancellationToken)"/>
    public Task RevokeAsync(AcmeKey certificateKey, ReadOnlyMemory<byte> certificate, RevocationReason reason, CancellationToken cancellationToken) =>
        RevokeAsync(certificateKey, null, certificate, reason, cancellationToken);

    /// <summary>When the CA wants a certificate renewed; null: it does not say such things.</summary>
    /// <param name="certificateId">See <see cref="CertificateId"/>.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<RenewalInfo?> GetRenewalInfoAsync(string certificateId, CancellationToken cancellationToken)
    {
        AcmeDirectory directory = await GetDirectoryAsync(cancellationToken);
        if (directory.RenewalInfo is not { } collection)
            return null;
        AcmeAnswer answer = await _transport.GetAsync(new Uri($"{collection.OriginalString.TrimEnd('/')}/{certificateId}"), cancellationToken);
        var json = new AcmeJson(_transport, answer);
        AcmeJson window = json.Object("suggestedWindow") ?? throw _transport.BadAnswer(answer.Url, "has no \"suggestedWindow\"");
        if (window.Moment("start") is not { } start || window.Moment("end") is not { } end || end <= start)
            throw _transport.BadAnswer(answer.Url, "has a window that does not end after it starts");
        return new RenewalInfo(start, end, json.LinkForPeople("explanationURL"), answer.RetryAfter);
    }

    private async Task RevokeAsync(AcmeKey key, Uri? account, ReadOnlyMemory<byte> certificate, RevocationReason reason, CancellationToken cancellationToken)
    {
        AcmeDirectory directory = await GetDirectoryAsync(cancellationToken);
        byte[] payload = Jws.Json(writer =>
        {
            writer.WriteString("certificate", Base64Url.EncodeToString(certificate.Span));
            writer.WriteNumber("reason", (int)reason);
        });
        Uri url = directory.RevokeCertificate;
        await _transport.PostAsync(url, directory.NewNonce, nonce => Jws.Sign(key, account, url, nonce, payload), null, cancellationToken);
    }

    private CertificateChain ReadChain(AcmeAnswer answer)
    {
        try
        {
            return CertificateChain.FromPem(Encoding.ASCII.GetString(answer.Body), answer.Url);
        }
        catch (CryptographicException cause)
        {
            throw _transport.BadAnswer(answer.Url, "is not a chain of certificates in PEM", cause);
        }
    }
}
