using System.Text.Json;

namespace Actors443.Acme.Protocol;

/// <summary>Accounts (RFC 8555 7.3).</summary>
internal sealed partial class AcmeClient
{
    /// <summary>
    /// Makes the account of a key, or finds it: with a key that is kept before the call none is ever made twice. Errors of kind
    /// <see cref="AcmeFailure.Settings"/> mean that terms are to be agreed to or an external account is to be named.
    /// </summary>
    /// <param name="key">Kept safe before this is called.</param>
    /// <param name="contacts">E-mail addresses; may be none.</param>
    /// <param name="agreesToTerms">The operator has agreed to <see cref="AcmeDirectory.TermsOfService"/>.</param>
    /// <param name="binding">Null: none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<AcmeAccount> CreateAccountAsync(AcmeKey key, IReadOnlyList<string> contacts, bool agreesToTerms, ExternalAccountBinding? binding, CancellationToken cancellationToken)
    {
        AcmeDirectory directory = await GetDirectoryAsync(cancellationToken);
        if (directory.TermsOfService is { } terms && !agreesToTerms)
            throw AcmeException.Settings($"{Issuer.Name} asks for agreement to its terms, {terms}; read them and set agree-to-terms = true.");
        if (directory.ExternalAccountRequired && binding is null)
            throw AcmeException.Settings($"{Issuer.Name} asks for an account of its own kind; take key id and MAC key from there and set external-account.");
        byte[] payload = Jws.Json(writer =>
        {
            WriteContacts(writer, contacts);
            if (directory.TermsOfService is not null)
                writer.WriteBoolean("termsOfServiceAgreed", true);
            if (binding is not null)
            {
                writer.WritePropertyName("externalAccountBinding");
                writer.WriteRawValue(Jws.Bind(binding, key, directory.NewAccount));
            }
        });
        return ReadAccount(key, await PostWithKeyAsync(key, directory.NewAccount, payload, cancellationToken), null);
    }

    /// <summary>The account of a key; null: there is none. Tells, after a restart, whether an account was made or its key changed.</summary>
    public async Task<AcmeAccount?> FindAccountAsync(AcmeKey key, CancellationToken cancellationToken)
    {
        AcmeDirectory directory = await GetDirectoryAsync(cancellationToken);
        byte[] payload = Jws.Json(writer => writer.WriteBoolean("onlyReturnExisting", true));
        try
        {
            return ReadAccount(key, await PostWithKeyAsync(key, directory.NewAccount, payload, cancellationToken), null);
        }
        catch (AcmeException refused) when (refused.Is("accountDoesNotExist"))
        {
            return null;
        }
    }

    /// <summary>The account as the CA has it now.</summary>
    public async Task<AcmeAccount> GetAccountAsync(AcmeAccount account, CancellationToken cancellationToken) =>
        ReadAccount(account.Key, await PostAsGetAsync(account, account.Url, cancellationToken), account.Url);

    /// <summary>Replaces all contacts.</summary>
    public async Task<AcmeAccount> UpdateContactsAsync(AcmeAccount account, IReadOnlyList<string> contacts, CancellationToken cancellationToken) =>
        ReadAccount(account.Key, await PostAsync(account, account.Url, writer => WriteContacts(writer, contacts), cancellationToken), account.Url);

    /// <summary>For good: nothing can be done with the account any more.</summary>
    public async Task<AcmeAccount> DeactivateAccountAsync(AcmeAccount account, CancellationToken cancellationToken) =>
        ReadAccount(account.Key, await PostAsync(account, account.Url, writer => writer.WriteString("status", AcmeStatus.Deactivated), cancellationToken), account.Url);

    /// <summary>Gives the account another key (RFC 8555 7.3.5). Interrupted, <see cref="FindAccountAsync"/> with the new key tells whether it was done.</summary>
    /// <param name="account">With its key of now.</param>
    /// <param name="key">Kept safe before this is called.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<AcmeAccount> ChangeKeyAsync(AcmeAccount account, AcmeKey key, CancellationToken cancellationToken)
    {
        AcmeDirectory directory = await GetDirectoryAsync(cancellationToken);
        if (directory.KeyChange is not { } url)
            throw AcmeException.Settings($"{Issuer.Name} does not change the keys of accounts; make a new account instead.");
        byte[] inner = Jws.Sign(key, null, url, null, Jws.Json(writer =>
        {
            writer.WriteString("account", account.Url.OriginalString);
            writer.WritePropertyName("oldKey");
            writer.WriteRawValue(account.Key.Jwk);
        }));
        await PostAsync(account, url, inner, null, cancellationToken);
        return account with { Key = key };
    }

    private async Task<AcmeAnswer> PostWithKeyAsync(AcmeKey key, Uri url, byte[] payload, CancellationToken cancellationToken)
    {
        AcmeDirectory directory = await GetDirectoryAsync(cancellationToken);
        return await _transport.PostAsync(url, directory.NewNonce, nonce => Jws.Sign(key, null, url, nonce, payload), null, cancellationToken);
    }

    private AcmeAccount ReadAccount(AcmeKey key, AcmeAnswer answer, Uri? known)
    {
        Uri url = _transport.Check(known ?? answer.Location ?? throw _transport.BadAnswer(answer.Url, "has no Location header, which names the account"));
        var json = new AcmeJson(_transport, answer);
        return new AcmeAccount(key, url) { Status = json.OptionalText("status") ?? AcmeStatus.Valid, Contacts = json.Texts("contact") };
    }

    private static void WriteContacts(Utf8JsonWriter writer, IReadOnlyList<string> contacts)
    {
        writer.WriteStartArray("contact");
        foreach (string contact in contacts)
            writer.WriteStringValue(contact.Contains(':', StringComparison.Ordinal) ? contact : "mailto:" + contact);
        writer.WriteEndArray();
    }
}
