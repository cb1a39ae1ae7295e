using System.Net;
using System.Security.Cryptography;
using System.Text;
using Actors443.Certificates;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>tunnels</c>.</summary>
internal static class TunnelSettingsReading
{
    /// <summary>Shorter ones can be guessed, and only their hash protects them.</summary>
    public const int ShortestToken = 16;

    private const string HashPrefix = "sha256:";
    private const string HashExample = "\"sha256:\" and 64 hexadecimal digits, as 'actors443 tunnel token' prints them";

    public static TunnelSettings Read(SettingsReader tunnels)
    {
        var defaults = new TunnelSettings();
        TunnelLimitSettings limits = ReadLimits(tunnels.Section("limits"), defaults.Limits);
        return new TunnelSettings
        {
            Challenge = tunnels.Flag("challenge", defaults.Challenge),
            ConnectTimeout = tunnels.Duration("connect-timeout", defaults.ConnectTimeout, TimeSpan.FromMilliseconds(100)),
            Path = ReadPath(tunnels, defaults.Path),
            Resume = ReadResume(tunnels.Section("resume"), defaults.Resume),
            Limits = limits,
            Accounts = ReadAccounts(tunnels.Section("accounts"), limits),
        };
    }

    private static string ReadPath(SettingsReader tunnels, string fallback)
    {
        if (tunnels.Value("path") is not { } value || value.AsText(fallback) is not { } text)
            return fallback;
        if (text.Length > 1 && text[0] == '/' && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '-' or '_' or '.' or '~') && !text.Contains("//", StringComparison.Ordinal) && !text.Contains("/.", StringComparison.Ordinal))
            return text.TrimEnd('/');
        if (text.StartsWith("/.well-known/", StringComparison.Ordinal) && !text.Contains("..", StringComparison.Ordinal))
            return text.TrimEnd('/');
        value.Fail($"'{text}' is no path; write {fallback}, or another of letters, digits, '-', '_' and '/'");
        return fallback;
    }

    private static TunnelResumeSettings ReadResume(SettingsReader resume, TunnelResumeSettings defaults) => new()
    {
        Window = resume.Duration("window", defaults.Window, TimeSpan.FromSeconds(1)),
        Buffer = (int)resume.Size("buffer", defaults.Buffer, 16 * 1024, 16 * 1024 * 1024),
    };

    private static SortedDictionary<string, TunnelAccountSettings> ReadAccounts(SettingsReader section, TunnelLimitSettings limits)
    {
        var accounts = new SortedDictionary<string, TunnelAccountSettings>(StringComparer.Ordinal);
        var owners = new Dictionary<string, string>();
        foreach ((string name, SettingsValue value) in section.Entries())
        {
            if (value.AsSection($$"""{{name}} { token-hash = "sha256:…", allow = ["git.example.com:22"] }""") is not { } account)
                continue;
            if (name.Length > 64 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@'))
                value.Fail("is no name of an account; write letters, digits, '-', '_', '.' and '@', 64 at most");
            TunnelAccountSettings read = ReadAccount(account, value, limits);
            foreach (string credential in read.Certificates.Append(read.TokenHash).OfType<string>())
            {
                if (!owners.TryAdd(credential, name))
                    value.Fail($"has a credential of the account '{owners[credential]}'; give every account its own");
            }

            accounts[name] = read;
        }

        return accounts;
    }

    private static TunnelAccountSettings ReadAccount(SettingsReader account, SettingsValue place, TunnelLimitSettings limits)
    {
        string? written = ReadTokenHash(account);
        string? hash = ReadToken(account);
        if (written is not null && hash is not null)
            account.Value("token")!.Fail("token and token-hash are both there; write one of them");
        IReadOnlyList<string> certificates = account.List<string>("certificates", [], value => ReadHash(value, "\"sha256:\" and the 64 hexadecimal digits of a client certificate's fingerprint (openssl x509 -noout -fingerprint -sha256)"));
        if (!account.Has("token") && !account.Has("token-hash") && !account.Has("certificates"))
            place.Fail("has no credential; write token-hash = \"sha256:…\" ('actors443 tunnel token' makes one) or certificates = [\"sha256:…\"]");
        IReadOnlyList<TunnelRule> allow = account.List<TunnelRule>("allow", [], TunnelRuleReading.Read);
        if (!account.Has("allow") && !account.Has("allow-udp"))
            place.Fail("may go nowhere; write allow = [\"git.example.com:22\", \"*.example.com:443\", \"10.0.0.0/8:*\"]");
        return new TunnelAccountSettings
        {
            TokenHash = written ?? hash,
            Certificates = certificates,
            Allow = allow,
            AllowUdp = account.List<TunnelRule>("allow-udp", [], TunnelRuleReading.Read),
            PrivateNetworks = account.List<IPNetwork>("private-networks", [], value => value.Network()),
            Limits = ReadLimits(account.Section("limits"), limits),
        };
    }

    private static TunnelLimitSettings ReadLimits(SettingsReader limits, TunnelLimitSettings defaults) => new()
    {
        Tunnels = limits.Integer("tunnels", defaults.Tunnels, 1, 1_000_000),
        Idle = limits.DurationOrOff("idle", defaults.Idle, TimeSpan.FromSeconds(1)),
        Age = limits.DurationOrOff("age", defaults.Age, TimeSpan.FromSeconds(1)),
        RateUp = limits.SizeOrOff("rate-up", defaults.RateUp, 1024, long.MaxValue / 1024),
        RateDown = limits.SizeOrOff("rate-down", defaults.RateDown, 1024, long.MaxValue / 1024),
    };

    private static string? ReadTokenHash(SettingsReader account) => account.Value("token-hash") is { } value ? ReadHash(value, HashExample) : null;

    private static string? ReadHash(SettingsValue value, string example)
    {
        if (value.AsText(example) is not { } text)
            return null;
        string digits = text.StartsWith(HashPrefix, StringComparison.OrdinalIgnoreCase) ? text[HashPrefix.Length..].Replace(":", "", StringComparison.Ordinal) : "";
        if (digits.Length == 64 && digits.All(char.IsAsciiHexDigit))
            return digits.ToLowerInvariant();
        value.Fail($"is no SHA-256 hash; write {example}");
        return null;
    }

    private static string? ReadToken(SettingsReader account)
    {
        if (account.Value("token") is not { } value || value.AsText("a token of 16 characters or more, \"file:PATH\" or \"env:NAME\"") is not { } text)
            return null;
        string token;
        try
        {
            token = Secret.Resolve(text.StartsWith("file:", StringComparison.Ordinal) ? "file:" + value.FullPath(text[5..]) : text)!;
        }
        catch (CertificateException)
        {
            value.Fail(text.StartsWith("env:", StringComparison.Ordinal) ? $"the environment has no {text[4..]}; set it, or name another" : $"the file '{text[5..]}' cannot be read; name a readable file");
            return null;
        }

        if (token.Length >= ShortestToken)
            return HashOf(token);
        value.Fail($"has {token.Length} characters and could be guessed; write {ShortestToken} or more ('actors443 tunnel token' makes one)");
        return null;
    }

    /// <summary>As settings keep a token: 64 hexadecimal digits in lower case.</summary>
    public static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
