using Actors443.Configuration.Hocon;
using Akka.Configuration.Hocon;

namespace Actors443.Configuration.Reading;

/// <summary>One value with its path. Reading it as a type it is not adds a problem and gives null.</summary>
internal sealed class SettingsValue(HoconValue value, string path, SettingsProblems problems)
{
    public string Path => path;

    public HoconKind Kind => value.Kind();

    /// <summary>The text as written; empty for sections and lists.</summary>
    public string Text => Kind == HoconKind.Text ? value.Text() : "";

    /// <summary>Adds a problem at this value: what is wrong; what to write instead.</summary>
    public void Fail(string message) => problems.Add(path, message);

    /// <summary>As <see cref="Fail"/>, but the settings stay usable.</summary>
    public void Warn(string message) => problems.Warn(path, message);

    /// <summary>The text, or null with a problem that says what to write instead of a list, a section or nothing.</summary>
    public string? AsText(string example)
    {
        string text = Text;
        if (text.Length > 0)
            return text;
        Fail(Kind switch
        {
            HoconKind.List => $"a list where one value belongs; write {example}",
            HoconKind.Section => $"a section where a value belongs; write {example}",
            _ => $"is empty; write {example}",
        });
        return null;
    }

    /// <summary>The section, or null with a problem.</summary>
    public SettingsReader? AsSection(string example)
    {
        if (Kind == HoconKind.Section)
            return new SettingsReader(value.Section(), path, problems);
        Fail(Kind == HoconKind.List ? $"a list where a section belongs; write {example}" : $"'{Text}' where a section belongs; write {example}");
        return null;
    }

    /// <summary>The elements of a list; one value alone counts as a list of one.</summary>
    public IReadOnlyList<SettingsValue> AsList()
    {
        if (Kind != HoconKind.List)
            return [this];
        return [.. value.List().Select((element, index) => new SettingsValue(element, HoconPath.Element(path, index), problems))];
    }

    /// <summary>The path of a file or folder, made absolute from the folder of the file that names it.</summary>
    public string? AsPath(string example) => AsText(example) is { } text ? FullPath(text) : null;

    public string FullPath(string relative) => System.IO.Path.GetFullPath(relative, problems.BaseFolder(path));

    /// <summary>The key and value of a section with a single key, without counting as reading it.</summary>
    public (string Key, SettingsValue Value)? PeekOnlyKey() =>
        Kind == HoconKind.Section && value.Section() is { Count: 1 } fields && fields.First() is (string key, HoconValue inner)
            ? (key, new SettingsValue(inner, HoconPath.Child(path, key), problems))
            : null;
}
