using System.Security.Cryptography.X509Certificates;
using Actors443.Acme.Protocol;
using Actors443.Testing;
using Actors443.Testing.Acme;

namespace Actors443.IntegrationTests.Acme;

/// <summary>What follows issuance, with a real CA in strict mode.</summary>
public sealed class PebbleCertificateTests : IAsyncLifetime
{
    private readonly AcmeKey _accountKey = AcmeKey.Create(AcmeKeyKind.Es256);
    private RunningServer? _server;
    private PebbleServer? _pebble;
    private AcmeClient? _client;
    private AcmeAccount? _account;

    public async Task InitializeAsync()
    {
        if (PebbleServer.Missing is not null)
            return;
        _server = await RunningServer.StartAsync();
        _pebble = await PebbleServer.StartAsync(new PebbleOptions { HttpPort = _server.HttpPort, TlsPort = _server.HttpsPort, AlternateRoots = 2, AuthorizationsReused = 100 });
        _client = _pebble.CreateClient();
        _account = await _client.CreateAccountAsync(_accountKey, [], true, null, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        _client?.Dispose();
        if (_pebble is not null)
            await _pebble.DisposeAsync();
        if (_server is not null)
            await _server.DisposeAsync();
        _accountKey.Dispose();
    }

    [SkippableFact]
    public async Task The_chain_to_a_preferred_root_is_chosen()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        (CertificateChain first, CertificateKey key) = await IssueAsync("chain.site.test");
        using CertificateKey _ = key;

        IReadOnlyList<CertificateChain> chains = await _client!.DownloadAsync(_account!, first.Url, withAlternates: true, CancellationToken.None);

        Assert.Equal(3, chains.Count);
        Assert.Equal(first.Url, chains[0].Url);
        for (int number = 0; number < 3; number++)
        {
            using X509Certificate2 root = await _pebble!.RootAsync(number);
            string name = root.GetNameInfo(X509NameType.SimpleName, false);
            Assert.Equal(chains[number].Url, CertificateChain.Choose(chains, name).Url);
        }

        Assert.Equal(first.Url, CertificateChain.Choose(chains, "Some Other Root").Url);
    }

    [SkippableFact]
    public async Task A_certificate_is_revoked_by_its_account()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        (CertificateChain chain, CertificateKey key) = await IssueAsync("account.site.test");
        using CertificateKey _ = key;
        Assert.Equal("Valid", (await _pebble!.StatusOfAsync(chain.Leaf)).Status);

        await _client!.RevokeAsync(_account!, chain.Leaf.RawDataMemory, RevocationReason.Superseded, CancellationToken.None);

        Assert.Equal(("Revoked", 4), await _pebble.StatusOfAsync(chain.Leaf));
        AcmeException again = await Assert.ThrowsAsync<AcmeException>(() => _client.RevokeAsync(_account!, chain.Leaf.RawDataMemory, RevocationReason.Superseded, CancellationToken.None));
        Assert.True(again.Is("alreadyRevoked"));
    }

    [SkippableTheory]
    [InlineData("EcdsaP256")]
    [InlineData("EcdsaP384")]
    [InlineData("Rsa2048")]
    public async Task A_certificate_is_revoked_by_its_own_key(string type)
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        (CertificateChain chain, CertificateKey key) = await IssueAsync("key.site.test", Enum.Parse<CertificateKeyType>(type));
        using CertificateKey _ = key;
        using AcmeKey signer = key.ToSigner("key.site.test.key");

        await _client!.RevokeAsync(signer, chain.Leaf.RawDataMemory, RevocationReason.KeyCompromise, CancellationToken.None);

        Assert.Equal(("Revoked", 1), await _pebble!.StatusOfAsync(chain.Leaf));
    }

    [SkippableFact]
    public async Task An_authorization_that_is_still_valid_is_not_asked_for_again()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        (CertificateChain _, CertificateKey first) = await IssueAsync("reuse.site.test");
        first.Dispose();

        var order = new ManualOrder(_client!, _account!);
        (CertificateChain _, CertificateKey second) = await order.IssueAsync(["reuse.site.test"], AcmeChallengeType.Http01, Publish);

        second.Dispose();
        Assert.Equal(0, order.ChallengesAnswered);
    }

    [SkippableFact]
    public async Task A_challenge_that_is_not_answered_fails_with_the_words_of_the_CA()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        AcmeOrder order = await _client!.CreateOrderAsync(_account!, new AcmeOrderRequest([AcmeIdentifier.Parse("wrong.site.test")]), CancellationToken.None);
        AcmeAuthorization authorization = await _client.GetAuthorizationAsync(_account!, order.Authorizations[0], CancellationToken.None);
        _server!.Environment.Challenges.Http.Claim();

        await _client.RespondAsync(_account!, authorization.Find(AcmeChallengeType.Http01)!.Url, CancellationToken.None);
        await Eventually.HoldsAsync(async () => (authorization = await _client.GetAuthorizationAsync(_account!, authorization.Url, CancellationToken.None)).Status == AcmeStatus.Invalid, "it is refused");

        AcmeProblem problem = authorization.Find(AcmeChallengeType.Http01)!.Error!;
        Assert.True(problem.Is("unauthorized"));
        Assert.Contains("404", problem.Detail, StringComparison.Ordinal);
        Assert.Equal(AcmeStatus.Invalid, (await _client.GetOrderAsync(_account!, order.Url, CancellationToken.None)).Status);
    }

    [SkippableFact]
    public async Task A_request_for_other_names_than_were_ordered_is_refused()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        (CertificateChain _, CertificateKey key) = await IssueAsync("names.site.test");
        AcmeOrder order = await _client!.CreateOrderAsync(_account!, new AcmeOrderRequest([AcmeIdentifier.Parse("names.site.test")]), CancellationToken.None);

        AcmeException refused = await Assert.ThrowsAsync<AcmeException>(() => _client.FinalizeAsync(_account!, order, key.SigningRequest([AcmeIdentifier.Parse("more.site.test")]), CancellationToken.None));

        key.Dispose();
        Assert.Equal((AcmeFailure.Refused, false), (refused.Failure, refused.IsTransient));
    }

    [SkippableFact]
    public async Task Renewal_information_and_profiles_are_asked_for_where_the_CA_has_them()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        AcmeDirectory directory = await _client!.GetDirectoryAsync(CancellationToken.None);
        (CertificateChain chain, CertificateKey key) = await IssueAsync("ari.site.test");
        key.Dispose();

        RenewalInfo? info = await _client.GetRenewalInfoAsync(CertificateId.Of(chain.Leaf)!, CancellationToken.None);

        Assert.Equal(directory.RenewalInfo is null, info is null);
        if (info is not null)
            Assert.InRange(info.MomentIn(Random.Shared), chain.Leaf.NotBefore, chain.Leaf.NotAfter);
        AcmeException refused = await Assert.ThrowsAsync<AcmeException>(() => _client.CreateOrderAsync(_account!, new AcmeOrderRequest([AcmeIdentifier.Parse("ari.site.test")]) { Profile = "none-such" }, CancellationToken.None));
        Assert.Equal(AcmeFailure.Settings, refused.Failure);
    }

    private Task<(CertificateChain Chain, CertificateKey Key)> IssueAsync(string name, CertificateKeyType type = CertificateKeyType.EcdsaP256) =>
        new ManualOrder(_client!, _account!).IssueAsync([name], AcmeChallengeType.Http01, Publish, type);

    private Task Publish(AcmeAuthorization authorization, string token, string keyAuthorization)
    {
        _server!.Environment.Challenges.Http.Publish(authorization.Identifier, token, keyAuthorization);
        return Task.CompletedTask;
    }
}
