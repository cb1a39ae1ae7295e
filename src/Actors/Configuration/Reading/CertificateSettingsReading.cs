using Actors443.Certificates;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>certificates</c>.</summary>
internal static class CertificateSettingsReading
{
    private static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(7);
    private static readonly string[] PfxExtensions = [".pfx", ".p12"];

    public static CertificateSettings Read(SettingsReader certificates)
    {
        var defaults = new CertificateSettings();
        return new CertificateSettings
        {
            Directories = certificates.List<string>("directories", defaults.Directories, ReadDirectory),
            Files = certificates.List<CertificateFileSettings>("files", defaults.Files, value => ReadFile(value, names: null)),
            DefaultName = certificates.TextOr("default-name", "auto", defaults.DefaultName, "a host name, or auto"),
            LocalCa = ReadLocalCa(certificates.Section("local-ca")),
            Acme = AcmeSettingsReading.Read(certificates.Section("acme")),
            OcspStapling = certificates.Flag("ocsp-stapling", defaults.OcspStapling),
            Canary = ReadCanary(certificates.Section("canary")),
            TicketKeys = ReadTicketKeys(certificates.Section("ticket-keys")),
            Rescan = certificates.Duration("rescan", defaults.Rescan, TimeSpan.FromSeconds(1)),
            ExpiryWarning = certificates.Duration("expiry-warning", defaults.ExpiryWarning, TimeSpan.Zero),
        };
    }

    /// <summary>One certificate: the name of a file, or a section; null after a problem.</summary>
    /// <param name="value">Where it is written.</param>
    /// <param name="names">Names it must cover, from a site; null: the section may say so itself.</param>
    public static CertificateFileSettings? ReadFile(SettingsValue value, IReadOnlyList<string>? names)
    {
        const string example = "{ chain = \"site.pem\", key = \"site.key\" } or { pfx = \"site.pfx\" }";
        if (value.Kind == Hocon.HoconKind.Text)
        {
            string path = value.FullPath(value.Text);
            CheckFile(value, path);
            bool isPfx = PfxExtensions.Contains(Path.GetExtension(path).ToLowerInvariant());
            return new CertificateFileSettings { Chain = isPfx ? null : path, Pfx = isPfx ? path : null, Names = names ?? [] };
        }

        if (value.AsSection(example) is not { } section)
            return null;
        string? chain = ReadPath(section, "chain");
        string? key = ReadPath(section, "key");
        string? pfx = ReadPath(section, "pfx");
        string? password = section.Value("password") is { } written ? ReadPassword(written) : null;
        names ??= section.List<string>("names", [], name => name.AsText("a host name"));
        if (chain is null == pfx is null)
        {
            // A path that was there and wrong has its own problem already.
            if (section.Has("chain") == section.Has("pfx"))
                value.Fail(chain is null ? $"names no certificate; write {example}" : "has both chain and pfx; write one of them");
            return null;
        }

        if (key is not null && pfx is not null)
            value.Fail("has a key beside a pfx; leave the key out, a pfx has its own");
        return new CertificateFileSettings { Chain = chain, Key = key, Pfx = pfx, Password = password, Names = names };
    }

    private static LocalCaSettings ReadLocalCa(SettingsReader localCa)
    {
        var defaults = new LocalCaSettings();
        return new LocalCaSettings
        {
            Enabled = localCa.Flag("enabled", defaults.Enabled),
            LeafLifetime = localCa.Duration("leaf-lifetime", defaults.LeafLifetime, TimeSpan.FromHours(1)),
            Names = localCa.List<string>("names", defaults.Names, value => value.AsText("a host name or an IP address")),
        };
    }

    private static CanarySettings ReadCanary(SettingsReader section)
    {
        var defaults = new CanarySettings();
        return new CanarySettings
        {
            Share = section.Value("share") is { } share && share.Text != "off" ? ReadShare(share) : null,
            LeastHandshakes = section.Integer("least-handshakes", defaults.LeastHandshakes, 1, 100_000_000),
            Duration = section.Duration("duration", defaults.Duration, TimeSpan.FromSeconds(1)),
            FailureRise = section.Fraction("failure-rise", defaults.FailureRise),
        };
    }

    private static double? ReadShare(SettingsValue value)
    {
        double? share = value.Fraction();
        if (share is > 0 and <= 0.5)
            return share;
        if (share is not null)
            value.Fail("is not between 0 and 50%; write 1%, or off");
        return null;
    }

    private static TicketKeySettings ReadTicketKeys(SettingsReader section)
    {
        var defaults = new TicketKeySettings();
        TimeSpan lifetime = section.Duration("lifetime", defaults.Lifetime, TimeSpan.FromSeconds(1));
        if (lifetime > LongestLifetime)
            section.Value("lifetime")!.Fail("is longer than 7 days, which is what TLS allows; write 7d or less");
        return new TicketKeySettings
        {
            Rotate = section.Duration("rotate", defaults.Rotate, TimeSpan.FromSeconds(1)),
            Keep = section.Integer("keep", defaults.Keep, 0, 100),
            Tickets = section.Integer("tickets", defaults.Tickets, 0, 16),
            Lifetime = lifetime,
            SharedSecret = section.Value("shared-secret") is { Text: not "none" } secret ? ReadSharedSecret(secret) : null,
        };
    }

    /// <summary>A secret that servers share, as written; too short a one has a problem.</summary>
    public static string? ReadSharedSecret(SettingsValue value)
    {
        string? secret = ReadPassword(value);
        try
        {
            if (Secret.Resolve(secret) is { } text && System.Text.Encoding.UTF8.GetByteCount(text) < Secret.SharedLength)
                value.Fail($"is shorter than {Secret.SharedLength} bytes; write one that cannot be guessed (openssl rand -base64 48)");
        }
        catch (CertificateException)
        {
            // It has its own problem already.
        }

        return secret;
    }

    private static string? ReadDirectory(SettingsValue value)
    {
        if (value.AsPath("a folder") is not { } path)
            return null;
        if (!Directory.Exists(path))
            value.Fail(File.Exists(path) ? $"'{path}' is a file; write it under files, or name its folder" : $"the folder '{path}' does not exist; make it, or correct the name");
        return path;
    }

    private static string? ReadPath(SettingsReader section, string key)
    {
        if (section.Value(key) is not { } value || value.AsPath("a file name") is not { } path)
            return null;
        CheckFile(value, path);
        return path;
    }

    private static void CheckFile(SettingsValue value, string path)
    {
        if (CertificateFiles.ProblemOfFile(path) is { } problem)
            value.Fail($"{problem}; correct the name or the permissions");
    }

    /// <summary>A secret: literal, <c>file:PATH</c> or <c>env:NAME</c>; null after a problem.</summary>
    public static string? ReadPassword(SettingsValue value)
    {
        if (value.AsText("a password, file:PATH or env:NAME") is not { } text)
            return null;
        if (text.StartsWith("file:", StringComparison.Ordinal))
        {
            string path = value.FullPath(text[5..]);
            CheckFile(value, path);
            return "file:" + path;
        }

        if (text.StartsWith("env:", StringComparison.Ordinal) && Environment.GetEnvironmentVariable(text[4..]) is null)
            value.Fail($"the environment variable '{text[4..]}' is not set; set it, or write file:PATH");
        return text;
    }
}
