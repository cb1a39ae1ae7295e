using Actors443.Configuration.Hocon;

namespace Actors443.Configuration.Reading;

/// <summary>
/// Collects everything that is wrong with one set of settings, each with its place, and knows which keys were asked for. All
/// <see cref="SettingsReader"/>s of a load share one. Not thread-safe.
/// </summary>
internal sealed class SettingsProblems(HoconLines lines)
{
    private const int MostKeysToList = 12;

    private readonly List<SettingsProblem> _problems = [];
    private readonly List<SettingsReader> _readers = [];

    public IReadOnlyList<SettingsProblem> All => _problems;

    public bool HasErrors => _problems.Exists(problem => problem.Severity == SettingsSeverity.Error);

    /// <summary>Every key asked for, by path: what the settings could have said.</summary>
    public SortedSet<string> KnownPaths { get; } = new(StringComparer.Ordinal);

    public HoconPosition? Find(string path) => lines.Find(path);

    /// <summary>Adds an error: what is wrong; what to write instead.</summary>
    public void Add(string path, string message) => Add(SettingsSeverity.Error, path, message);

    public void Warn(string path, string message) => Add(SettingsSeverity.Warning, path, message);

    /// <summary>The folder that relative paths of this setting start from: its file's, else the working directory.</summary>
    public string BaseFolder(string path) =>
        lines.Find(path) is { Line: > 0 } position && File.Exists(position.File) ? Path.GetDirectoryName(Path.GetFullPath(position.File))! : Environment.CurrentDirectory;

    /// <summary>After everything was read: each key nobody asked for is a problem, with the nearest key that would have been understood.</summary>
    public void AddUnknownKeys()
    {
        foreach (SettingsReader reader in _readers)
        {
            foreach (string key in reader.UnreadKeys)
            {
                string path = HoconPath.Child(reader.Path, key);
                HoconPosition? at = lines.Find(path);
                _problems.Add(new SettingsProblem(SettingsSeverity.Error, at?.File, at?.Line ?? 0, null, $"unknown key '{path}'; {Advice(key, reader.KnownKeys)}"));
            }
        }
    }

    internal void Register(SettingsReader reader) => _readers.Add(reader);

    private static string Advice(string key, IReadOnlyCollection<string> known)
    {
        if (KeySuggestion.Nearest(key, known) is { } nearest)
            return $"did you mean '{nearest}'?";
        return known.Count <= MostKeysToList
            ? $"known here: {string.Join(", ", known.Order(StringComparer.Ordinal))}"
            : "see reference.conf for the keys known here";
    }

    private void Add(SettingsSeverity severity, string path, string message)
    {
        HoconPosition? at = lines.Find(path);
        _problems.Add(new SettingsProblem(severity, at?.File, at?.Line ?? 0, path, message));
    }
}
