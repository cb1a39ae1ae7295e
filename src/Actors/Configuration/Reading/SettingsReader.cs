using System.Net;
using Actors443.Configuration.Hocon;
using Akka.Configuration.Hocon;

namespace Actors443.Configuration.Reading;

/// <summary>
/// Reads one section, type by type. Everything wrong is added to <see cref="Problems"/> and the default returned, so that one load shows
/// all problems at once. Keys never asked for are found by <see cref="SettingsProblems.AddUnknownKeys"/>: ask for every key that
/// exists, also when its value is not needed. Not thread-safe.
/// </summary>
internal sealed class SettingsReader
{
    private readonly IReadOnlyDictionary<string, HoconValue> _fields;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SettingsReader> _sections = new(StringComparer.Ordinal);
    private readonly HashSet<string> _othersKeys = new(StringComparer.Ordinal);
    private bool _anyKey;

    public SettingsReader(IReadOnlyDictionary<string, HoconValue> fields, string path, SettingsProblems problems)
    {
        _fields = fields;
        Path = path;
        Problems = problems;
        problems.Register(this);
    }

    public string Path { get; }

    public SettingsProblems Problems { get; }

    /// <summary>Keys asked for so far.</summary>
    public IReadOnlyCollection<string> KnownKeys => _known;

    /// <summary>Keys that are there and were not asked for.</summary>
    public IEnumerable<string> UnreadKeys => _anyKey ? [] : _fields.Keys.Where(key => !_known.Contains(key) && !_othersKeys.Contains(key));

    /// <summary>These keys are somebody else's to read: neither unknown nor worth naming.</summary>
    public void Leave(IEnumerable<string> keys) => _othersKeys.UnionWith(keys);

    /// <summary>The value of a key; null if it is not there or <c>null</c>.</summary>
    public SettingsValue? Value(string key)
    {
        string path = HoconPath.Child(Path, key);
        _known.Add(key);
        Problems.KnownPaths.Add(path);
        return _fields.TryGetValue(key, out HoconValue? value) && value.Kind() != HoconKind.Missing ? new SettingsValue(value, path, Problems) : null;
    }

    /// <summary>True if the key is there; counts as asking for it.</summary>
    public bool Has(string key) => Value(key) is not null;

    /// <summary>A section by key; an empty one if it is not there, so that its defaults apply.</summary>
    public SettingsReader Section(string key)
    {
        // One reader a section, so that what was asked for is known in one place.
        if (!_sections.TryGetValue(key, out SettingsReader? section))
        {
            section = Value(key)?.AsSection($"{key} {{ … }}") ?? new SettingsReader(new Dictionary<string, HoconValue>(), HoconPath.Child(Path, key), Problems);
            _sections.Add(key, section);
        }

        return section;
    }

    /// <summary>All keys and values of a section whose keys are the user's own, such as host names.</summary>
    public IEnumerable<(string Key, SettingsValue Value)> Entries()
    {
        _anyKey = true;
        foreach ((string key, HoconValue value) in _fields)
        {
            if (value.Kind() != HoconKind.Missing)
                yield return (key, new SettingsValue(value, HoconPath.Child(Path, key), Problems));
        }
    }

    public bool Flag(string key, bool fallback) => Read(key, fallback, value => value.Flag());

    public int Integer(string key, int fallback, int minimum, int maximum) => Read(key, fallback, value => (int?)value.Integer(minimum, maximum));

    public double Number(string key, double fallback, double minimum, double maximum) => Read(key, fallback, value => value.Number(minimum, maximum));

    /// <summary>A share, 0…1 or with <c>%</c>.</summary>
    public double Fraction(string key, double fallback) => Read(key, fallback, value => value.Fraction());

    public TimeSpan Duration(string key, TimeSpan fallback, TimeSpan minimum) => Read(key, fallback, value => value.Duration(minimum));

    public TimeSpan? DurationOrOff(string key, TimeSpan? fallback, TimeSpan minimum) => ReadOrWord(key, "off", fallback, value => value.Duration(minimum, orOff: true));

    /// <summary>A number of bytes.</summary>
    public long Size(string key, long fallback, long minimum, long maximum) => Read(key, fallback, value => value.Size(minimum, maximum));

    public long? SizeOrOff(string key, long? fallback, long minimum, long maximum) => ReadOrWord(key, "off", fallback, value => value.Size(minimum, maximum, orOff: true));

    /// <summary>One of the names of an enum in kebab case.</summary>
    public T Choice<T>(string key, T fallback)
        where T : struct, Enum => Read(key, fallback, value => value.Choice<T>());

    public string Text(string key, string fallback, string example) => Value(key)?.AsText(example) ?? fallback;

    /// <summary>Text, or the word that stands for null.</summary>
    public string? TextOr(string key, string word, string? fallback, string example) =>
        Value(key) is { } value ? value.Text == word ? null : value.AsText(example) ?? fallback : fallback;

    public IPEndPoint EndPoint(string key, IPEndPoint fallback) => Value(key)?.EndPoint() ?? fallback;

    /// <summary>A list; one value alone counts as a list of one. Elements that cannot be read have added their problems and are left out.</summary>
    public IReadOnlyList<T> List<T>(string key, IReadOnlyList<T> fallback, Func<SettingsValue, T?> read)
        where T : class => Value(key) is { } value ? [.. value.AsList().Select(read).OfType<T>()] : fallback;

    /// <inheritdoc cref="List{T}(string, IReadOnlyList{T}, Func{SettingsValue, T?})"/>
    public IReadOnlyList<T> List<T>(string key, IReadOnlyList<T> fallback, Func<SettingsValue, T?> read)
        where T : struct => Value(key) is { } value ? [.. value.AsList().Select(read).OfType<T>()] : fallback;

    private T Read<T>(string key, T fallback, Func<SettingsValue, T?> read)
        where T : struct => Value(key) is { } value ? read(value) ?? fallback : fallback;

    private T? ReadOrWord<T>(string key, string word, T? fallback, Func<SettingsValue, T?> read)
        where T : struct => Value(key) is { } value ? value.Text == word ? null : read(value) ?? fallback : fallback;
}
