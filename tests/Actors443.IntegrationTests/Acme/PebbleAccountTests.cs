using System.Buffers.Text;
using System.Security.Cryptography;
using Actors443.Acme.Protocol;
using Actors443.Testing.Acme;

namespace Actors443.IntegrationTests.Acme;

/// <summary>Accounts, with a real CA in strict mode that refuses half of all good nonces.</summary>
public sealed class PebbleAccountTests
{
    private static readonly PebbleOptions Fussy = new() { NoncesRefused = 50 };

    [SkippableTheory]
    [InlineData("Es256")]
    [InlineData("Rs256")]
    public async Task An_account_lives_its_life(string kind)
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleServer.StartAsync(Fussy);
        using AcmeClient client = pebble.CreateClient();
        using AcmeKey key = AcmeKey.Create(Enum.Parse<AcmeKeyKind>(kind));
        using AcmeKey next = AcmeKey.Create(AcmeKeyKind.Es256);

        Assert.Null(await client.FindAccountAsync(key, CancellationToken.None));
        AcmeAccount account = await client.CreateAccountAsync(key, ["first@site.test"], true, null, CancellationToken.None);
        Assert.Equal((AcmeStatus.Valid, "mailto:first@site.test"), (account.Status, account.Contacts.Single()));

        // Made again, and found after a restart that has forgotten it: the same.
        Assert.Equal(account.Url, (await client.CreateAccountAsync(key, ["first@site.test"], true, null, CancellationToken.None)).Url);
        using AcmeKey kept = AcmeKey.FromPem(key.ToPem(), "account.key");
        Assert.Equal(account.Url, (await client.FindAccountAsync(kept, CancellationToken.None))!.Url);

        Assert.Equal(["mailto:second@site.test"], (await client.UpdateContactsAsync(account, ["second@site.test"], CancellationToken.None)).Contacts);
        Assert.Equal(["mailto:second@site.test"], (await client.GetAccountAsync(account, CancellationToken.None)).Contacts);

        AcmeAccount changed = await client.ChangeKeyAsync(account, next, CancellationToken.None);
        Assert.Equal(account.Url, changed.Url);
        Assert.Null(await client.FindAccountAsync(key, CancellationToken.None));
        Assert.Equal(account.Url, (await client.FindAccountAsync(next, CancellationToken.None))!.Url);
        await Assert.ThrowsAsync<AcmeException>(() => client.GetAccountAsync(account, CancellationToken.None));

        Assert.Equal(AcmeStatus.Deactivated, (await client.DeactivateAccountAsync(changed, CancellationToken.None)).Status);
        AcmeException refused = await Assert.ThrowsAsync<AcmeException>(() => client.CreateOrderAsync(changed, new AcmeOrderRequest([AcmeIdentifier.Parse("site.test")]), CancellationToken.None));
        Assert.Equal(AcmeFailure.Refused, refused.Failure);
        Assert.True(refused.Is("unauthorized"));
    }

    [SkippableFact]
    public async Task An_external_account_is_bound()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        string mac = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        await using PebbleServer pebble = await PebbleServer.StartAsync(Fussy with { ExternalAccount = ("kid-1", mac) });
        using AcmeClient client = pebble.CreateClient();
        using AcmeKey key = AcmeKey.Create(AcmeKeyKind.Es256);
        using AcmeKey other = AcmeKey.Create(AcmeKeyKind.Es256);

        AcmeException unbound = await Assert.ThrowsAsync<AcmeException>(() => client.CreateAccountAsync(key, [], true, null, CancellationToken.None));
        Assert.Equal(AcmeFailure.Settings, unbound.Failure);
        var wrong = new ExternalAccountBinding("kid-1", Base64Url.EncodeToString(new byte[32]));
        Assert.Equal(AcmeFailure.Refused, (await Assert.ThrowsAsync<AcmeException>(() => client.CreateAccountAsync(other, [], true, wrong, CancellationToken.None))).Failure);
        Assert.Equal(AcmeStatus.Valid, (await client.CreateAccountAsync(key, [], true, new ExternalAccountBinding("kid-1", mac), CancellationToken.None)).Status);
    }

    [SkippableFact]
    public async Task Terms_are_to_be_agreed_to_first()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleServer.StartAsync(Fussy);
        using AcmeClient client = pebble.CreateClient();
        using AcmeKey key = AcmeKey.Create(AcmeKeyKind.Es256);

        AcmeException refused = await Assert.ThrowsAsync<AcmeException>(() => client.CreateAccountAsync(key, [], false, null, CancellationToken.None));

        Assert.Equal(AcmeFailure.Settings, refused.Failure);
        Assert.Contains("agree-to-terms", refused.Message, StringComparison.Ordinal);
        Assert.Null(await client.FindAccountAsync(key, CancellationToken.None));
    }

    [SkippableFact]
    public async Task Nine_of_ten_nonces_may_be_refused()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { NoncesRefused = 90 });
        using var client = new AcmeClient(pebble.Issuer with { NonceRetries = 200 }, TimeProvider.System, new Telemetry.AcmeMetrics(Testing.TestMeters.Factory));
        using AcmeKey key = AcmeKey.Create(AcmeKeyKind.Es256);

        AcmeAccount account = await client.CreateAccountAsync(key, [], true, null, CancellationToken.None);

        Assert.Equal(AcmeStatus.Valid, (await client.GetAccountAsync(account, CancellationToken.None)).Status);
    }

    [SkippableFact]
    public async Task A_CA_that_refuses_every_nonce_is_given_up()
    {
        Skip.If(PebbleServer.Missing is not null, PebbleServer.Missing);
        await using PebbleServer pebble = await PebbleServer.StartAsync(new PebbleOptions { NoncesRefused = 100 });
        using AcmeClient client = pebble.CreateClient();
        using AcmeKey key = AcmeKey.Create(AcmeKeyKind.Es256);

        AcmeException refused = await Assert.ThrowsAsync<AcmeException>(() => client.FindAccountAsync(key, CancellationToken.None));

        Assert.Equal((AcmeFailure.NonceRejected, true), (refused.Failure, refused.IsTransient));
    }
}
