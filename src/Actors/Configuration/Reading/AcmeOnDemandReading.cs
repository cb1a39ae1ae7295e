using Actors443.Acme.Protocol;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>certificates.acme.on-demand</c>.</summary>
internal static class AcmeOnDemandReading
{
    private const string UrlExample = "a URL such as \"http://127.0.0.1:8080/may-have-certificate\", or none";

    public static AcmeOnDemandSettings Read(SettingsReader section, AcmeSettings acme)
    {
        var defaults = new AcmeOnDemandSettings();
        Uri? ask = section.Value("ask") is { Text: not "none" } url ? ReadUrl(url) : null;
        return new AcmeOnDemandSettings
        {
            Names = ReadNames(section, acme),
            Ask = ask is not null && IsAgreedTo(section.Value("ask")!, acme) ? ask : null,
            AskTimeout = section.Duration("ask-timeout", defaults.AskTimeout, TimeSpan.FromMilliseconds(10)),
            Wait = section.Duration("wait", defaults.Wait, TimeSpan.FromMilliseconds(100)),
            Waiting = section.Integer("waiting", defaults.Waiting, 1, 1_000_000),
            NamesAtOnce = section.Integer("names-at-once", defaults.NamesAtOnce, 1, 100_000),
            RefusedFor = section.Duration("refused-for", defaults.RefusedFor, TimeSpan.FromMilliseconds(10)),
            Unused = section.Duration("unused", defaults.Unused, TimeSpan.FromDays(1)),
        };
    }

    private static List<string> ReadNames(SettingsReader section, AcmeSettings acme)
    {
        if (section.Value("names") is not { } names)
            return [];
        bool asks = section.Value("ask") is { Text: not "none" };
        var read = new List<string>();
        foreach (SettingsValue value in names.AsList())
        {
            if (value.AsText("a host name, \"*.example.com\" or \"*\"") is not { } name || !IsAgreedTo(value, acme))
                continue;
            if (name == AcmeOnDemandSettings.AnyName)
            {
                if (asks)
                    read.Add(name);
                else
                    value.Fail("lets anybody have you order certificates for any name; write ask = \"URL\" beside it, or name what you serve, such as \"*.example.com\"");
                continue;
            }

            try
            {
                AcmeIdentifier identifier = AcmeIdentifier.Parse(name);
                if (identifier.Type == AcmeIdentifier.Dns)
                    read.Add(identifier.Value);
                else
                    value.Fail($"'{name}' is an address, and clients send none as a server name; write it under certificates.acme.names");
            }
            catch (AcmeException problem)
            {
                value.Fail(problem.Message);
            }
        }

        return read;
    }

    private static bool IsAgreedTo(SettingsValue value, AcmeSettings acme)
    {
        if (acme.AgreeToTerms)
            return true;
        value.Fail($"needs your agreement to the terms of {string.Join(", ", acme.Issuers.Select(issuer => issuer.Name))}; read them, and write certificates.acme.agree-to-terms = on");
        return false;
    }

    private static Uri? ReadUrl(SettingsValue value)
    {
        if (value.AsText(UrlExample) is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" && url.Fragment.Length == 0)
            return url;
        value.Fail($"'{text}' is not an http:// or https:// URL; write {UrlExample}");
        return null;
    }
}
