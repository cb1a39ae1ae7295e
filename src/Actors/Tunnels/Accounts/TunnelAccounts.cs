using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Admission.Sharing;
using Actors443.Configuration;
using Actors443.Identities;

namespace Actors443.Tunnels.Accounts;

/// <summary>Who may have tunnels: the accounts in force, replaced whole on a reload. Thread-safe.</summary>
internal sealed class TunnelAccounts : ISharedCounts
{
    /// <summary>What their keys begin with, up to the colon.</summary>
    public const string Kind = "account";

    private readonly TimeProvider _time;
    private readonly RevokedIdentities _revoked;
    private readonly SharedLimits? _sharing;
    private volatile Generation _current;

    /// <param name="settings">To begin with.</param>
    /// <param name="time">The clock of their rates.</param>
    /// <param name="revoked">Who has none any more, whatever the settings say.</param>
    /// <param name="sharing">Where other nodes are told of their tunnels; null: nowhere.</param>
    public TunnelAccounts(TunnelSettings settings, TimeProvider time, RevokedIdentities revoked, SharedLimits? sharing = null)
    {
        _time = time;
        _revoked = revoked;
        _sharing = sharing;
        _current = new Generation(settings, [], [], []);
        Apply(settings);
    }

    /// <summary>The settings in force.</summary>
    public TunnelSettings Settings => _current.Settings;

    public IReadOnlyCollection<TunnelAccount> All => _current.ByName.Values;

    string ISharedCounts.Kind => Kind;

    IEnumerable<SharedCount> ISharedCounts.All => All;

    /// <summary>Whether an account is still one.</summary>
    public bool Has(TunnelAccount account) => _current.ByName.GetValueOrDefault(account.Name) == account;

    int ISharedCounts.LimitOf(SharedCount count) => ((TunnelAccount)count).Limits.Tunnels;

    SharedCount? ISharedCounts.Find(string key, bool make) => _current.ByName.GetValueOrDefault(key[(Kind.Length + 1)..]);

    /// <summary>One at a time.</summary>
    public void Apply(TunnelSettings settings)
    {
        var byName = new Dictionary<string, TunnelAccount>(StringComparer.Ordinal);
        var tokens = new List<Token>();
        var certificates = new Dictionary<string, TunnelAccount>(StringComparer.Ordinal);
        foreach ((string name, TunnelAccountSettings account) in settings.Accounts)
        {
            TunnelAccount known = _current.ByName.GetValueOrDefault(name) ?? new TunnelAccount(name, _time, _sharing);
            known.Apply(account);
            byName[name] = known;
            if (account.TokenHash is { } hash)
                tokens.Add(new Token(new AccountProof(known, Identity.TokenOf(hash)), Convert.FromHexString(hash)));
            foreach (string fingerprint in account.Certificates)
                certificates[fingerprint] = known;
        }

        _current = new Generation(settings, byName, tokens, certificates);
    }

    /// <summary>Whether account or proof is revoked: to be asked again once it can be seen that it is used.</summary>
    public bool IsRevoked(AccountProof proof) => _revoked.Current.Find(proof) is not null;

    /// <summary>The account of a client certificate that the handshake has accepted; null: none.</summary>
    public AccountProof? Find(X509Certificate2? certificate) =>
        certificate is not null && _current.Certificates is { Count: > 0 } known && known.TryGetValue(certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant(), out TunnelAccount? account)
            ? NotRevoked(AccountProof.Of(account, certificate))
            : null;

    /// <summary>The account that a value of Proxy-Authorization or Authorization proves: <c>Basic</c> with name and token (RFC 7617), or <c>Bearer</c> with the token
    /// (RFC 6750). Null: none. Takes as long for a wrong token as for a right one.</summary>
    public AccountProof? Find(string? authorization)
    {
        if (authorization is null || !AuthenticationHeaderValue.TryParse(authorization, out AuthenticationHeaderValue? header) || header.Parameter is not { Length: > 0 } parameter)
            return null;
        if (header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            return FindToken(null, Encoding.UTF8.GetBytes(parameter));
        if (!header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase))
            return null;
        byte[] pair = new byte[parameter.Length];
        if (!Convert.TryFromBase64String(parameter, pair, out int length) || Array.IndexOf(pair, (byte)':', 0, length) is var colon && colon < 0)
            return null;
        return FindToken(Encoding.UTF8.GetString(pair, 0, colon), pair.AsSpan(colon + 1, length - colon - 1));
    }

    // Every account is compared with, whatever is found: how long it takes says nothing of which there are.
    private AccountProof? FindToken(string? name, ReadOnlySpan<byte> token)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(token, hash);
        AccountProof? found = null;
        foreach (Token known in _current.Tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, known.Hash) && (name is null || name == known.Proof.Account.Name))
                found = known.Proof;
        }

        return NotRevoked(found);
    }

    private AccountProof? NotRevoked(AccountProof? proof) => proof is null || IsRevoked(proof) ? null : proof;

    private sealed record Token(AccountProof Proof, byte[] Hash);

    private sealed record Generation(TunnelSettings Settings, Dictionary<string, TunnelAccount> ByName, List<Token> Tokens, Dictionary<string, TunnelAccount> Certificates);
}
