using System.Globalization;
using System.Security.Authentication;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Configuration.Reading;

namespace Actors443.Server.Load.Settings;

/// <summary>What came of reading a scenario.</summary>
/// <param name="Settings">Null if there is an error among the problems.</param>
internal sealed record LoadedScenario(LoadSettings? Settings, IReadOnlyList<SettingsProblem> Problems);

/// <summary>Reads a scenario: a file, the options of the command line, or both. Options are settings like any other; they win over the file.</summary>
internal static class LoadSettingsLoader
{
    private const int MostSessions = 1_000_000;

    private static readonly (string Name, SslProtocols Choice)[] Versions = [("1.2", SslProtocols.Tls12), ("1.3", SslProtocols.Tls13)];

    /// <param name="texts">Everything that is given, in the order of their weight.</param>
    public static LoadedScenario Load(IReadOnlyList<HoconText> texts)
    {
        HoconSources sources = HoconSourceReader.Read(texts);
        if (sources.Config is null)
            return new LoadedScenario(null, sources.Problems);
        var problems = new SettingsProblems(sources.Lines);
        var file = new SettingsReader(sources.Config.IsEmpty ? new Dictionary<string, Akka.Configuration.Hocon.HoconValue>() : sources.Config.Root.Section(), HoconPath.Root, problems);
        LoadSettings? settings = Read(file.Section("load"));
        problems.AddUnknownKeys();
        return new LoadedScenario(problems.HasErrors ? null : settings, [.. problems.All.DistinctBy(problem => (problem.Path, problem.Message))]);
    }

    private static LoadSettings? Read(SettingsReader root)
    {
        SettingsReader tls = root.Section("tls");
        Uri? target = ReadTarget(root);
        IReadOnlyList<LoadGroup> groups = ReadGroups(root.Section("groups"));
        var settings = new LoadSettings
        {
            Target = target ?? new Uri("https://localhost/"),
            Duration = root.Duration("duration", TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(100)),
            WarmUp = root.Duration("warm-up", TimeSpan.Zero, TimeSpan.Zero),
            Loops = root.Integer("loops", 1, 1, 256),
            SourceAddresses = root.Integer("source-addresses", 0, 0, 60_000),
            ConnectTimeout = root.Duration("connect-timeout", TimeSpan.FromSeconds(10), TimeSpan.FromMilliseconds(10)),
            RequestTimeout = root.Duration("request-timeout", TimeSpan.FromSeconds(30), TimeSpan.FromMilliseconds(10)),
            OwnTarget = root.Flag("own-target", false),
            ServerProcess = root.Integer("server-pid", 0, 0, int.MaxValue) is > 0 and int process ? process : null,
            Tls = new ClientTlsSettings
            {
                ServerName = tls.TextOr("server-name", "auto", null, "example.com"),
                Verify = tls.Flag("verify", false) || tls.Has("ca-file"),
                CaFile = ReadFile(tls, "ca-file"),
                ClientCertificate = ReadFile(tls, "certificate"),
                ClientKey = ReadFile(tls, "key"),
                MinimumVersion = ReadVersion(tls, "version") ?? ReadVersion(tls, "minimum-version") ?? SslProtocols.Tls12,
                MaximumVersion = ReadVersion(tls, "version") ?? ReadVersion(tls, "maximum-version") ?? SslProtocols.Tls13,
                CertificateKind = tls.Choice("certificate-kind", CertificateKind.Any),
            },
            Groups = groups,
        };
        if (settings.Tls is { ClientKey: not null, ClientCertificate: null })
            tls.Value("key")!.Fail("belongs to a certificate; write certificate = \"client.pem\" beside it");
        if (settings.Tls.MinimumVersion > settings.Tls.MaximumVersion)
            tls.Value("minimum-version")!.Fail("is above maximum-version; write 1.2 and 1.3");
        if (groups.Sum(group => (long)group.Connections) > MostSessions)
            root.Value("groups")!.Fail($"have more than {MostSessions:N0} sessions together; write fewer, or run several load nodes");
        return target is null ? null : settings;
    }

    private static Uri? ReadTarget(SettingsReader root)
    {
        const string Example = "https://localhost:8443/";
        if (root.Value("target") is not { } value)
        {
            root.Problems.Add("load.target", $"is missing: what is to be loaded? Write it first, such as 'actors443 load {Example}', or target = \"{Example}\" in the scenario");
            return null;
        }

        if (value.AsText(Example) is not { } text)
            return null;
        if (!text.Contains("://", StringComparison.Ordinal))
            text = "https://" + text;
        if (Uri.TryCreate(text, UriKind.Absolute, out Uri? target) && target.Scheme == Uri.UriSchemeHttps && target.Host.Length > 0)
            return target;
        value.Fail($"'{value.Text}' is no https address; write one such as {Example}");
        return null;
    }

    private static string? ReadFile(SettingsReader section, string key)
    {
        if (section.Value(key) is not { } value || value.AsPath("a PEM file") is not { } path)
            return null;
        if (!File.Exists(path))
            value.Fail($"there is no file {path}; name one in PEM");
        return path;
    }

    internal static SslProtocols? ReadVersion(SettingsReader section, string key) => section.Value(key)?.Choice(Versions);

    private static LoadGroup[] ReadGroups(SettingsReader groups)
    {
        LoadGroup[] read = [.. groups.Entries().Select(entry => ReadGroup(entry.Key, entry.Value)).OfType<LoadGroup>()];
        // A run without a word about its clients is still a run.
        return read.Length > 0 || groups.Problems.HasErrors ? read : [new SteadyGroup { Name = "steady" }];
    }

    private static LoadGroup? ReadGroup(string name, SettingsValue value) =>
        value.AsSection("mode = steady, clients = 64") is { } section ? LoadGroupReading.Read(name, section) : null;

    /// <summary>A number a second: <c>200</c>, <c>200/s</c>, <c>0.5/s</c>.</summary>
    internal static double? ReadRate(SettingsReader section)
    {
        const string Example = "a number a second, such as 200/s";
        if (section.Value("rate") is not { } value || value.AsText(Example) is not { } text || text is "off" or "max")
            return null;
        string number = text.EndsWith("/s", StringComparison.Ordinal) ? text[..^2] : text;
        if (double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double rate) && rate is > 0 and <= 10_000_000)
            return rate;
        value.Fail($"'{text}' is no rate; write {Example}");
        return null;
    }
}
