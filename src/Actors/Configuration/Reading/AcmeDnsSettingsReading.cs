using System.Net;
using Actors443.Acme.Dns;
using Actors443.Certificates;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>certificates.acme.dns</c>.</summary>
internal static class AcmeDnsSettingsReading
{
    private const string ProviderExample = "none, { rfc2136 { server = \"10.0.0.1:53\", key-name = \"acme\", key-secret = \"file:acme.key\" } } or { exec { program = \"/etc/dns-hook\" } }";

    public static AcmeDnsSettings Read(SettingsReader dns)
    {
        var defaults = new AcmeDnsSettings();
        (AcmeDnsUpdateSettings? update, AcmeDnsProgramSettings? program) = ReadProvider(dns);
        return new AcmeDnsSettings
        {
            Update = update,
            Program = program,
            Delegations = ReadTexts(dns, "delegations", "the name of the record that _acme-challenge is a CNAME of"),
            Check = dns.Choice("check", defaults.Check),
            Resolvers = dns.Value("resolvers") is { Text: not "auto" } ? dns.List<IPEndPoint>("resolvers", defaults.Resolvers, value => value.EndPoint()) : defaults.Resolvers,
            PropagationTimeout = dns.Duration("propagation-timeout", defaults.PropagationTimeout, TimeSpan.FromSeconds(1)),
        };
    }

    private static (AcmeDnsUpdateSettings?, AcmeDnsProgramSettings?) ReadProvider(SettingsReader dns)
    {
        if (dns.Value("provider") is not { } value || value.Text == "none")
            return default;
        if (value.Kind != Hocon.HoconKind.Section)
        {
            value.AsSection(ProviderExample);
            return default;
        }

        SettingsReader provider = dns.Section("provider");
        AcmeDnsUpdateSettings? update = provider.Has("rfc2136") ? ReadUpdate(provider.Section("rfc2136"), provider.Value("rfc2136")!) : null;
        AcmeDnsProgramSettings? program = provider.Has("exec") ? ReadProgram(provider.Section("exec"), provider.Value("exec")!) : null;
        if (provider.Has("rfc2136") == provider.Has("exec"))
            value.Fail($"is to be one of rfc2136 and exec; write {ProviderExample}");
        return (update, program);
    }

    private static AcmeDnsUpdateSettings? ReadUpdate(SettingsReader section, SettingsValue value)
    {
        var unused = new AcmeDnsUpdateSettings(new IPEndPoint(IPAddress.None, 0));
        string? keyName = section.TextOr("key-name", "none", null, "the name of the TSIG key, or none");
        string? secret = section.Value("key-secret") is { Text: not "none" } written ? CertificateSettingsReading.ReadPassword(written) : null;
        string? zone = section.TextOr("zone", "auto", null, "a zone, or auto");
        TimeSpan timeToLive = section.Duration("ttl", unused.TimeToLive, TimeSpan.Zero);
        bool tcp = section.Flag("tcp", unused.Tcp);
        if (keyName is null != secret is null)
            value.Fail("needs both key-name and key-secret; write both, or neither where the server allows by address");
        if (keyName is not null && secret is not null)
            CheckKey(section.Value("key-secret")!, keyName, secret);
        if (!section.Has("server"))
            value.Fail("has no server; write server = \"10.0.0.1:53\", the primary of the zone");
        return section.Value("server")?.EndPoint() is { } server
            ? new AcmeDnsUpdateSettings(server) { Zone = zone, KeyName = keyName, KeySecret = secret, TimeToLive = timeToLive, Tcp = tcp }
            : null;
    }

    private static void CheckKey(SettingsValue value, string name, string secret)
    {
        try
        {
            _ = new TsigKey(name, Secret.Resolve(secret)!);
        }
        catch (DnsChallengeException problem)
        {
            value.Fail(problem.Message);
        }
        catch (CertificateException)
        {
            // It has its own problem already.
        }
    }

    private static AcmeDnsProgramSettings? ReadProgram(SettingsReader section, SettingsValue value)
    {
        var unused = new AcmeDnsProgramSettings("");
        IReadOnlyList<string> arguments = section.List<string>("arguments", [], argument => argument.AsText("an argument"));
        IReadOnlyDictionary<string, string> environment = ReadTexts(section, "environment", "a text");
        TimeSpan timeout = section.Duration("timeout", unused.Timeout, TimeSpan.FromMilliseconds(100));
        if (section.Value("program") is not { } program)
        {
            value.Fail("has no program; write program = \"/etc/dns-hook\"");
            return null;
        }

        if (program.AsText("a program") is not { } written)
            return null;
        // A bare name is looked for on the path when it is needed.
        string path = written.Contains('/', StringComparison.Ordinal) || written.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) ? program.FullPath(written) : written;
        if (path != written && CertificateFiles.ProblemOfFile(path) is { } problem)
            program.Fail($"{problem}; correct the name or the permissions");
        return new AcmeDnsProgramSettings(path) { Arguments = arguments, Environment = environment, Timeout = timeout };
    }

    private static Dictionary<string, string> ReadTexts(SettingsReader section, string key, string example)
    {
        var read = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, SettingsValue value) in section.Section(key).Entries())
        {
            if (value.Kind == Hocon.HoconKind.Section)
                value.Fail($"a section where a value belongs; a name with dots needs quotes: \"{name}.…\" = …");
            else if (value.AsText(example) is { } text)
                read[name] = text;
        }

        return read;
    }
}
