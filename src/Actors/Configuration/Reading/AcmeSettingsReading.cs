using Actors443.Acme.Protocol;
using Actors443.Certificates;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>certificates.acme</c>.</summary>
internal static class AcmeSettingsReading
{
    private const string IssuerExample = "lets-encrypt, or { name = \"My CA\", directory = \"https://ca.example/directory\" }";

    public static AcmeSettings Read(SettingsReader acme)
    {
        var defaults = new AcmeSettings();
        SettingsReader budget = acme.Section("budget");
        SettingsReader retry = acme.Section("retry");
        var settings = new AcmeSettings
        {
            Email = ReadEmail(acme),
            AgreeToTerms = acme.Flag("agree-to-terms", defaults.AgreeToTerms),
            Issuers = ReadIssuers(acme, defaults.Issuers),
            KeyType = acme.Choice("key-type", defaults.KeyType),
            Challenges = ReadChallenges(acme, defaults.Challenges),
            Dns = AcmeDnsSettingsReading.Read(acme.Section("dns")),
            PreferredChain = acme.TextOr("preferred-chain", "any", defaults.PreferredChain, "the common name of a root, or any"),
            RenewWithin = acme.Number("renew-within", defaults.RenewWithin, 0.05, 0.9),
            BudgetOrders = budget.Integer("orders", defaults.BudgetOrders, 1, 1_000_000),
            BudgetWindow = budget.Duration("window", defaults.BudgetWindow, TimeSpan.FromSeconds(1)),
            OrdersAtOnce = budget.Integer("at-once", defaults.OrdersAtOnce, 1, 1000),
            RetryMinimum = retry.Duration("minimum", defaults.RetryMinimum, TimeSpan.FromMilliseconds(10)),
            RetryMaximum = retry.Duration("maximum", defaults.RetryMaximum, TimeSpan.FromMilliseconds(10)),
            PollInterval = acme.Duration("poll-interval", defaults.PollInterval, TimeSpan.FromMilliseconds(10)),
            ValidationTimeout = acme.Duration("validation-timeout", defaults.ValidationTimeout, TimeSpan.FromSeconds(1)),
            RequestTimeout = acme.Duration("request-timeout", defaults.RequestTimeout, TimeSpan.FromMilliseconds(100)),
        };
        return settings with { Names = ReadNames(acme, settings), OnDemand = AcmeOnDemandReading.Read(acme.Section("on-demand"), settings) };
    }

    /// <summary>What keeps a name from being certified with these settings; null: nothing.</summary>
    public static string? ProblemOf(string name, AcmeSettings settings)
    {
        AcmeIdentifier identifier;
        try
        {
            identifier = AcmeIdentifier.Parse(name);
        }
        catch (AcmeException problem)
        {
            return problem.Message;
        }

        if (!settings.AgreeToTerms)
            return $"needs your agreement to the terms of {string.Join(", ", settings.Issuers.Select(issuer => issuer.Name))}; read them, and write certificates.acme.agree-to-terms = on";
        if (!settings.Challenges.Any(type => AcmeChallengeType.Fits(type, identifier)))
            return $"'{name}' cannot be validated by {string.Join(", ", settings.Challenges)}; add {(identifier.IsWildcard ? "dns-01" : "http-01")} to certificates.acme.challenges";
        return identifier.IsWildcard && !settings.Dns.HasProvider
            ? $"'{name}' is a wildcard, which only dns-01 can validate; write certificates.acme.dns.provider"
            : null;
    }

    private static string? ReadEmail(SettingsReader acme)
    {
        if (acme.Value("email") is not { } value || value.Text == "none")
            return null;
        string? email = value.AsText("an e-mail address, or none");
        if (email is not null && (email.Count(c => c == '@') != 1 || email.StartsWith('@') || email.EndsWith('@') || email.Any(char.IsWhiteSpace)))
            value.Fail($"'{email}' is not an e-mail address; write one such as admin@example.com, or none");
        return email;
    }

    private static IReadOnlyList<string> ReadChallenges(SettingsReader acme, IReadOnlyList<string> defaults)
    {
        IReadOnlyList<string> read = acme.List<string>("challenges", defaults, value =>
        {
            string names = string.Join(", ", AcmeChallengeType.All);
            if (value.AsText("one of " + names) is not { } text || AcmeChallengeType.All.Contains(text))
                return value.Text.Length > 0 ? value.Text : null;
            value.Fail(KeySuggestion.Nearest(text, AcmeChallengeType.All) is { } near ? $"'{text}' is not one of {names}; did you mean '{near}'?" : $"'{text}' is not known; write one of {names}");
            return null;
        });
        if (read.Count == 0)
            acme.Value("challenges")!.Fail($"is empty; write at least one of {string.Join(", ", AcmeChallengeType.All)}");
        return [.. read.Distinct()];
    }

    private static IReadOnlyList<AcmeIssuerSettings> ReadIssuers(SettingsReader acme, IReadOnlyList<AcmeIssuerSettings> defaults)
    {
        IReadOnlyList<AcmeIssuerSettings> read = acme.List<AcmeIssuerSettings>("issuers", defaults, ReadIssuer);
        if (acme.Value("issuers") is { } written)
        {
            if (written.AsList().Count == 0)
                written.Fail($"is empty; write {IssuerExample}");
            if (read.GroupBy(issuer => issuer.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
                written.Fail($"has two issuers named '{twice.Key}'; give each a name of its own");
        }

        return read;
    }

    private static AcmeIssuerSettings? ReadIssuer(SettingsValue value)
    {
        if (value.Kind == Hocon.HoconKind.Text)
            return FindKnown(value);
        if (value.AsSection(IssuerExample) is not { } section)
            return null;
        if (section.Value("name") is not { } name || name.AsText("a name") is not { } text)
        {
            if (!section.Has("name"))
                value.Fail($"has no name; write {IssuerExample}");
            return null;
        }

        AcmeIssuerSettings? known = AcmeIssuerSettings.Known.FirstOrDefault(issuer => issuer.Name == text);
        if (known is null && !section.Has("directory"))
        {
            FindKnown(name);
            return null;
        }

        Uri? directory = section.Value("directory") is { } written ? ReadDirectory(written) : known!.Directory;
        Uri? staging = section.Value("staging") switch
        {
            null => section.Has("directory") ? null : known?.Staging,
            { Text: "none" } => null,
            { } url => ReadDirectory(url),
        };
        string? roots = section.Value("trusted-roots")?.AsPath("a PEM file");
        if (roots is not null && CertificateFiles.ProblemOfPem(roots) is { } problem)
            section.Value("trusted-roots")!.Fail($"{problem}; write the PEM file of the CA's root");
        return directory is null ? null : new AcmeIssuerSettings(text, directory)
        {
            Staging = staging,
            Profile = section.TextOr("profile", "none", null, "a profile of the CA, such as shortlived, or none"),
            TrustedRoots = roots,
            ExternalAccount = ReadExternalAccount(section),
        };
    }

    private static AcmeIssuerSettings? FindKnown(SettingsValue value)
    {
        string[] names = [.. AcmeIssuerSettings.Known.Select(issuer => issuer.Name)];
        if (AcmeIssuerSettings.Known.FirstOrDefault(issuer => issuer.Name == value.Text) is { } known)
            return known;
        string advice = KeySuggestion.Nearest(value.Text, names) is { } near ? $"did you mean '{near}'?" : $"write one of {string.Join(", ", names)}, or {{ name = \"{value.Text}\", directory = \"https://…\" }}";
        value.Fail($"'{value.Text}' is no issuer known here; {advice}");
        return null;
    }

    private static Uri? ReadDirectory(SettingsValue value)
    {
        const string example = "the URL of its directory, such as \"https://ca.example/directory\"";
        if (value.AsText(example) is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme == Uri.UriSchemeHttps && url.UserInfo.Length == 0)
            return url;
        value.Fail($"'{text}' is not an https:// URL; write {example}");
        return null;
    }

    private static AcmeExternalAccountSettings? ReadExternalAccount(SettingsReader issuer)
    {
        if (issuer.Value("external-account") is not { } value)
            return null;
        SettingsReader section = issuer.Section("external-account");
        string? id = section.Value("key-id")?.AsText("the key id that the CA gave");
        string? key = section.Value("key") is { } written ? CertificateSettingsReading.ReadPassword(written) : null;
        if (id is not null && key is not null)
        {
            CheckKey(section.Value("key")!, id, key);
            return new AcmeExternalAccountSettings(id, key);
        }

        if (!section.Has("key-id") || !section.Has("key"))
            value.Fail("needs both key-id and key; write { key-id = \"…\", key = \"file:PATH\" }");
        return null;
    }

    private static void CheckKey(SettingsValue value, string id, string key)
    {
        try
        {
            _ = new ExternalAccountBinding(id, Secret.Resolve(key)!);
        }
        catch (AcmeException problem)
        {
            value.Fail(problem.Message);
        }
        catch (CertificateException)
        {
            // It has its own problem already.
        }
    }

    private static List<IReadOnlyList<string>> ReadNames(SettingsReader acme, AcmeSettings settings)
    {
        var sets = new List<IReadOnlyList<string>>();
        if (acme.Value("names") is not { } names)
            return sets;
        foreach (SettingsValue set in names.AsList())
        {
            var read = new List<string>();
            foreach (SettingsValue value in set.AsList())
            {
                if (value.AsText("a host name or an IP address") is not { } name)
                    continue;
                if (ProblemOf(name, settings) is { } problem)
                    value.Fail(problem);
                else
                    read.Add(AcmeIdentifier.Parse(name).Value);
            }

            if (read.Count > 0)
                sets.Add(read);
        }

        return sets;
    }
}
