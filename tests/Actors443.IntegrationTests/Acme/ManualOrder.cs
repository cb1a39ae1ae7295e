using Actors443.Acme.Challenges;
using Actors443.Acme.Protocol;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Acme;

/// <summary>An order, step by step as a state machine would do it, with the test looking again instead of waiting.</summary>
internal sealed class ManualOrder(AcmeClient client, AcmeAccount account)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Whether the CA has asked for anything to be shown.</summary>
    public int ChallengesAnswered { get; private set; }

    /// <summary>From new order to certificate.</summary>
    /// <param name="names">To be certified.</param>
    /// <param name="type">Of all challenges.</param>
    /// <param name="prepare">Publishes the answer to one challenge: authorization, token and key authorization.</param>
    public async Task<(CertificateChain Chain, CertificateKey Key)> IssueAsync(IReadOnlyList<string> names, string type, Func<AcmeAuthorization, string, string, Task> prepare, CertificateKeyType keyType = CertificateKeyType.EcdsaP256)
    {
        AcmeIdentifier[] identifiers = [.. names.Select(AcmeIdentifier.Parse)];
        AcmeOrder order = await client.CreateOrderAsync(account, new AcmeOrderRequest(identifiers), CancellationToken.None);
        await AuthorizeAsync(order, type, prepare);
        await Eventually.HoldsAsync(async () => (order = await client.GetOrderAsync(account, order.Url, CancellationToken.None)).Status == AcmeStatus.Ready, "the order is ready", Patience);
        CertificateKey key = CertificateKey.Create(keyType);
        order = await client.FinalizeAsync(account, order, key.SigningRequest(identifiers), CancellationToken.None);
        await Eventually.HoldsAsync(async () => (order = await client.GetOrderAsync(account, order.Url, CancellationToken.None)).Status == AcmeStatus.Valid, "the certificate is issued", Patience);
        IReadOnlyList<CertificateChain> chains = await client.DownloadAsync(account, order.Certificate!, withAlternates: false, CancellationToken.None);
        chains[0].Verify(key, identifiers, DateTimeOffset.UtcNow);
        return (chains[0], key);
    }

    private async Task AuthorizeAsync(AcmeOrder order, string type, Func<AcmeAuthorization, string, string, Task> prepare)
    {
        foreach (Uri url in order.Authorizations)
        {
            AcmeAuthorization authorization = await client.GetAuthorizationAsync(account, url, CancellationToken.None);
            if (authorization.Status == AcmeStatus.Valid)
                continue;
            AcmeChallenge challenge = authorization.Find(type) ?? throw new InvalidOperationException($"No {type} for {authorization.Identifier}.");
            await prepare(authorization, challenge.Token, KeyAuthorization.Of(challenge.Token, account.Key));
            await client.RespondAsync(account, challenge.Url, CancellationToken.None);
            ChallengesAnswered++;
            await Eventually.HoldsAsync(async () => (authorization = await client.GetAuthorizationAsync(account, url, CancellationToken.None)).Status is not AcmeStatus.Pending, "the authorization is decided", Patience);
            if (authorization.Status != AcmeStatus.Valid)
                throw new InvalidOperationException($"{authorization.Identifier}: {authorization.Find(type)?.Error}");
        }
    }
}
