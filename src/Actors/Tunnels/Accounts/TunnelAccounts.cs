using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Configuration;

namespace Actors443.Tunnels.Accounts;

/// <summary>Who may have tunnels: the accounts in force, replaced whole on a reload. Thread-safe.</summary>
internal sealed class TunnelAccounts
{
    private readonly TimeProvider _time;
    private volatile Generation _current;

    public TunnelAccounts(TunnelSettings settings, TimeProvider time)
    {
        _time = time;
        _current = new Generation(settings, [], [], []);
        Apply(settings);
    }

    /// <summary>The settings in force.</summary>
    public TunnelSettings Settings => _current.Settings;

    public IReadOnlyCollection<TunnelAccount> All => _current.ByName.Values;

    /// <summary>Whether an account is still one.</summary>
    public bool Has(TunnelAccount account) => _current.ByName.GetValueOrDefault(account.Name) == account;

    /// <summary>One at a time.</summary>
    public void Apply(TunnelSettings settings)
    {
        var byName = new Dictionary<string, TunnelAccount>(StringComparer.Ordinal);
        var tokens = new List<Token>();
        var certificates = new Dictionary<string, TunnelAccount>(StringComparer.Ordinal);
        foreach ((string name, TunnelAccountSettings account) in settings.Accounts)
        {
            TunnelAccount known = _current.ByName.GetValueOrDefault(name) ?? new TunnelAccount(name, _time);
            known.Apply(account);
            byName[name] = known;
            if (account.TokenHash is { } hash)
                tokens.Add(new Token(known, Convert.FromHexString(hash)));
            foreach (string fingerprint in account.Certificates)
                certificates[fingerprint] = known;
        }

        _current = new Generation(settings, byName, tokens, certificates);
    }

    /// <summary>The account of a client certificate that the handshake has accepted; null: none.</summary>
    public TunnelAccount? Find(X509Certificate2? certificate) =>
        certificate is not null && _current.Certificates is { Count: > 0 } known ? known.GetValueOrDefault(certificate.GetCertHashString(HashAlgorithmName.SHA256).ToLowerInvariant()) : null;

    /// <summary>The account that a value of Proxy-Authorization or Authorization proves: <c>Basic</c> with name and token (RFC 7617), or <c>Bearer</c> with the token
    /// (RFC 6750). Null: none. Takes as long for a wrong token as for a right one.</summary>
    public TunnelAccount? Find(string? authorization)
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
    private TunnelAccount? FindToken(string? name, ReadOnlySpan<byte> token)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(token, hash);
        TunnelAccount? found = null;
        foreach (Token known in _current.Tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, known.Hash) && (name is null || name == known.Account.Name))
                found = known.Account;
        }

        return found;
    }

    private sealed record Token(TunnelAccount Account, byte[] Hash);

    private sealed record Generation(TunnelSettings Settings, Dictionary<string, TunnelAccount> ByName, List<Token> Tokens, Dictionary<string, TunnelAccount> Certificates);
}
