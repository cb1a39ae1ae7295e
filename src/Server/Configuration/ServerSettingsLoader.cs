using System.Net;
using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Configuration.Reading;
using Actors443.Server.Sites;

namespace Actors443.Server.Configuration;

/// <summary>What came of loading settings.</summary>
/// <param name="Settings">Null if there is an error among the problems.</param>
/// <param name="Problems">Everything that was found, in the order of the files.</param>
/// <param name="Files">Full paths of the files looked at, included ones too; what to watch for changes.</param>
internal sealed record LoadedSettings(ServerSettings? Settings, IReadOnlyList<SettingsProblem> Problems, IReadOnlyList<string> Files)
{
    public IEnumerable<SettingsProblem> Errors => Problems.Where(problem => problem.Severity == SettingsSeverity.Error);

    public IEnumerable<SettingsProblem> Warnings => Problems.Where(problem => problem.Severity == SettingsSeverity.Warning);
}

/// <summary>Loads the settings of the executable from files and <c>--set</c>. Holds no state; every load reads the files again.</summary>
internal static class ServerSettingsLoader
{
    private const string DefaultResource = "Actors443.server.conf";

    /// <param name="files">HOCON files, later ones win; none: the built-in <c>server.conf</c>.</param>
    /// <param name="overrides"><c>key=value</c>, as given to <c>--set</c>; they win over all files.</param>
    public static LoadedSettings Load(IReadOnlyList<string> files, IReadOnlyList<string> overrides) => Load(files, overrides, Environment.GetEnvironmentVariable);

    /// <inheritdoc cref="Load(IReadOnlyList{string}, IReadOnlyList{string})"/>
    public static LoadedSettings Load(IReadOnlyList<string> files, IReadOnlyList<string> overrides, Func<string, string?> environment) =>
        LoadTexts(files.Count == 0 ? [new HoconText("server.conf (built in)", DefaultText())] : [.. files.Select(file => new HoconText(file))], overrides, environment, out _);

    /// <summary>The built-in <c>server.conf</c>: what runs when no file is named.</summary>
    public static string DefaultText()
    {
        using Stream stream = typeof(ServerSettingsLoader).Assembly.GetManifestResourceStream(DefaultResource)
            ?? throw new InvalidOperationException($"The resource {DefaultResource} is missing from this build.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>Loads from texts; <paramref name="knownPaths"/> are all keys that could have been written.</summary>
    internal static LoadedSettings LoadTexts(
        IReadOnlyList<HoconText> texts, IReadOnlyList<string> overrides, Func<string, string?> environment, out IReadOnlyCollection<string> knownPaths)
    {
        knownPaths = [];
        var all = new List<HoconText>(texts);
        var badOverrides = new List<SettingsProblem>();
        foreach (string setting in overrides)
        {
            if (HoconOverride.Parse(setting, out SettingsProblem? problem) is { } text)
                all.Add(text);
            else
                badOverrides.Add(problem!);
        }

        HoconSources sources = HoconSourceReader.Read(all, environment);
        if (sources.Config is null)
            return new LoadedSettings(null, [.. sources.Problems, .. badOverrides], sources.Files);
        var problems = new SettingsProblems(sources.Lines);
        var file = new SettingsReader(sources.Config.IsEmpty ? new Dictionary<string, Akka.Configuration.Hocon.HoconValue>() : sources.Config.Root.Section(), HoconPath.Root, problems);
        ServerSettings settings = ReadSettings(file.Section("actors443"));
        problems.AddUnknownKeys();
        if (settings.Sites.Count == 0 && !problems.HasErrors && badOverrides.Count == 0)
            problems.Warn("actors443.sites", "there is no site, so that every request gets 404; write sites { \"example.com\" = \"/srv/www\" }");
        knownPaths = problems.KnownPaths;
        SettingsProblem[] found = [.. problems.All.Concat(badOverrides).DistinctBy(problem => (problem.Path, problem.Message)).OrderBy(problem => OrderOf(problem, all)).ThenBy(problem => problem.Line)];
        bool usable = !found.Any(problem => problem.Severity == SettingsSeverity.Error);
        return new LoadedSettings(usable ? settings : null, found, sources.Files);
    }

    private static int OrderOf(SettingsProblem problem, List<HoconText> texts)
    {
        int index = texts.FindIndex(text => text.Name == problem.File);
        return index < 0 ? texts.Count : index;
    }

    private static ServerSettings ReadSettings(SettingsReader root)
    {
        var settings = new ServerSettings
        {
            Core = CoreSettingsReading.Read(root),
            AccessLog = OperationReading.ReadAccessLog(root.Section("access-log")),
            Log = OperationReading.ReadLog(root.Section("log")),
            Admin = OperationReading.ReadAdmin(root.Section("admin")),
            Telemetry = OperationReading.ReadTelemetry(root.Section("telemetry")),
            Upgrade = OperationReading.ReadUpgrade(root.Section("upgrade")),
        };
        IReadOnlyList<WrittenSite> sites = SiteReading.Read(root.Section("sites"), settings.Core.Certificates.Acme);
        WarnOfNoEmail(root, settings, sites);
        RefuseSharedAddresses(root, settings);
        ConnectionRouteReading.RefuseOwnNames(root, settings.Core.Routes, [.. sites.Select(site => site.Site.Name)]);
        return SiteMerge.Merge(settings, sites);
    }

    private static void WarnOfNoEmail(SettingsReader root, ServerSettings settings, IReadOnlyList<WrittenSite> sites)
    {
        AcmeSettings acme = settings.Core.Certificates.Acme;
        if (acme.Email is null && (acme.Names.Count > 0 || sites.Any(site => site.Site.Certificate == SiteCertificate.Acme)))
            root.Problems.Warn("actors443.certificates.acme.email", "there is none, so that CAs cannot tell you of trouble with your certificates; write email = \"admin@example.com\"");
    }

    private static void RefuseSharedAddresses(SettingsReader root, ServerSettings settings)
    {
        var taken = new Dictionary<IPEndPoint, string>();
        void Take(string section, IEnumerable<IPEndPoint> addresses)
        {
            foreach (IPEndPoint address in addresses.Where(address => address.Port != 0))
            {
                if (!taken.TryAdd(address, section) && taken[address] != section)
                    root.Section(section).Value("bind")?.Fail($"{address} belongs to {taken[address]} already; write another port");
            }
        }

        Take("https", settings.Core.Https.Bind);
        if (settings.Core.Http.Enabled)
            Take("http", settings.Core.Http.Bind);
        if (settings.Admin.Enabled)
            Take("admin", [settings.Admin.Bind]);
    }
}
