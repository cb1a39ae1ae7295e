using System.Buffers.Text;

namespace Actors443.Acme.Protocol;

/// <summary>Orders, authorizations and challenges (RFC 8555 7.4, 7.5).</summary>
internal sealed partial class AcmeClient
{
    /// <summary>Orders a certificate. A CA may answer an order that it has already.</summary>
    public async Task<AcmeOrder> CreateOrderAsync(AcmeAccount account, AcmeOrderRequest request, CancellationToken cancellationToken)
    {
        AcmeDirectory directory = await GetDirectoryAsync(cancellationToken);
        if (request.Profile is { } profile && !directory.Profiles.ContainsKey(profile))
        {
            string offered = directory.Profiles.Count > 0 ? string.Join(", ", directory.Profiles.Keys) : "none";
            throw AcmeException.Settings($"{Issuer.Name} has no profile \"{profile}\" (it has: {offered}); choose one of these, or leave profile out.");
        }

        AcmeAnswer answer = await PostAsync(
            account,
            directory.NewOrder,
            writer =>
            {
                writer.WriteStartArray("identifiers");
                foreach (AcmeIdentifier identifier in request.Identifiers)
                    identifier.Write(writer);
                writer.WriteEndArray();
                if (request.Profile is not null)
                    writer.WriteString("profile", request.Profile);
                if (request.Replaces is not null && directory.RenewalInfo is not null)
                    writer.WriteString("replaces", request.Replaces);
            },
            cancellationToken);
        Uri url = answer.Location ?? throw _transport.BadAnswer(answer.Url, "has no Location header, which names the order");
        return ReadOrder(_transport.Check(url), answer);
    }

    /// <summary>The order as it is now.</summary>
    public async Task<AcmeOrder> GetOrderAsync(AcmeAccount account, Uri order, CancellationToken cancellationToken) =>
        ReadOrder(order, await PostAsGetAsync(account, order, cancellationToken));

    public async Task<AcmeAuthorization> GetAuthorizationAsync(AcmeAccount account, Uri authorization, CancellationToken cancellationToken) =>
        ReadAuthorization(authorization, await PostAsGetAsync(account, authorization, cancellationToken));

    /// <summary>Gives up the right to a name, or an attempt at it, so that the CA does not count it as pending.</summary>
    public async Task<AcmeAuthorization> DeactivateAuthorizationAsync(AcmeAccount account, Uri authorization, CancellationToken cancellationToken) =>
        ReadAuthorization(authorization, await PostAsync(account, authorization, writer => writer.WriteString("status", AcmeStatus.Deactivated), cancellationToken));

    /// <summary>Says that a challenge is prepared: the CA looks from now on. Saying so twice does no harm.</summary>
    public async Task<AcmeChallenge> RespondAsync(AcmeAccount account, Uri challenge, CancellationToken cancellationToken) =>
        ReadChallenge(await PostAsync(account, challenge, static _ => { }, cancellationToken));

    public async Task<AcmeChallenge> GetChallengeAsync(AcmeAccount account, Uri challenge, CancellationToken cancellationToken) =>
        ReadChallenge(await PostAsGetAsync(account, challenge, cancellationToken));

    /// <summary>Sends the CSR of an order that is ready. If the answer was lost, <see cref="GetOrderAsync"/> tells how far it is.</summary>
    /// <param name="account">Whose order it is.</param>
    /// <param name="order">Its URLs are used.</param>
    /// <param name="request">PKCS#10 in DER; its key is kept safe before this is called.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<AcmeOrder> FinalizeAsync(AcmeAccount account, AcmeOrder order, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        AcmeAnswer answer = await PostAsync(account, order.Finalize, writer => writer.WriteString("csr", Base64Url.EncodeToString(request.Span)), cancellationToken);
        return ReadOrder(order.Url, answer);
    }

    private AcmeOrder ReadOrder(Uri url, AcmeAnswer answer)
    {
        var json = new AcmeJson(_transport, answer);
        var order = new AcmeOrder(url, json.Text("status"), [.. json.Objects("identifiers").Select(one => one.Identifier())], json.Urls("authorizations"), json.Url("finalize"))
        {
            Certificate = json.OptionalUrl("certificate"),
            Expires = json.Moment("expires"),
            Error = json.Problem("error"),
            Profile = json.OptionalText("profile"),
            RetryAfter = answer.RetryAfter,
        };
        return order.Status == AcmeStatus.Valid && order.Certificate is null
            ? throw _transport.BadAnswer(answer.Url, "says that the order is valid and names no certificate")
            : order;
    }

    private AcmeAuthorization ReadAuthorization(Uri url, AcmeAnswer answer)
    {
        var json = new AcmeJson(_transport, answer);
        AcmeJson identifier = json.Object("identifier") ?? throw _transport.BadAnswer(answer.Url, "has no \"identifier\"");
        return new AcmeAuthorization(url, json.Text("status"), identifier.Identifier(), [.. json.Objects("challenges").Select(one => ReadChallenge(one, null))])
        {
            Wildcard = json.Flag("wildcard"),
            Expires = json.Moment("expires"),
            RetryAfter = answer.RetryAfter,
        };
    }

    private AcmeChallenge ReadChallenge(AcmeAnswer answer) => ReadChallenge(new AcmeJson(_transport, answer), answer.RetryAfter);

    private static AcmeChallenge ReadChallenge(AcmeJson json, TimeSpan? retryAfter) =>
        new(json.Url("url"), json.Text("type"), json.OptionalText("status") ?? AcmeStatus.Pending, json.OptionalText("token") ?? "")
        {
            Error = json.Problem("error"),
            RetryAfter = retryAfter,
        };
}
