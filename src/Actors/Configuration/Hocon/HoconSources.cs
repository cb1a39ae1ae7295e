using System.Text;
using Akka.Configuration;

namespace Actors443.Configuration.Hocon;

/// <summary>Several HOCON texts read as one: files with what they include, then single settings; later ones win.</summary>
/// <param name="Config">What they mean together; null if one of them is not HOCON.</param>
/// <param name="Lines">Where each setting was written.</param>
/// <param name="Files">Full paths of all files that were looked for, included ones too: what to watch.</param>
/// <param name="Problems">What kept the texts from being read.</param>
internal sealed record HoconSources(Config? Config, HoconLines Lines, IReadOnlyList<string> Files, IReadOnlyList<SettingsProblem> Problems);

/// <summary>One text to read.</summary>
/// <param name="Name">File name as the user gave it, or <c>--set KEY</c>; for messages.</param>
/// <param name="Text">The HOCON; null: read the file <paramref name="Name"/>.</param>
/// <param name="HasLines">False where a line number would mean nothing.</param>
internal sealed record HoconText(string Name, string? Text = null, bool HasLines = true);

/// <summary>Reads <see cref="HoconSources"/>. Environment variables are those of the process unless given.</summary>
internal sealed class HoconSourceReader : IHoconScanContext
{
    private const int MaximumIncludeDepth = 16;

    private readonly Func<string, string?> _environment;
    private readonly List<string> _files = [];
    private readonly Stack<string> _including = new();
    private HoconLines? _allSettings;

    private HoconSourceReader(Func<string, string?> environment) => _environment = environment;

    public HoconLines Lines { get; private set; } = new();

    public static HoconSources Read(IReadOnlyList<HoconText> texts, Func<string, string?>? environment = null) =>
        new HoconSourceReader(environment ?? Environment.GetEnvironmentVariable).ReadAll(texts);

    string IHoconScanContext.Include(string file, string includingFile, HoconPosition position, string path)
    {
        if (Path.GetFileName(file).Length == 0)
            throw new HoconSyntaxException(position, $"'{file}' names no file; write one such as \"site.conf\"");
        // Relative to the file that includes it, as in every language with includes; named as the user would name it.
        string? folder = Path.GetDirectoryName(includingFile);
        string name = string.IsNullOrEmpty(folder) ? file : Path.Combine(folder, file);
        return ReadFile(name, position, path);
    }

    HoconReference IHoconScanContext.Resolve(string name)
    {
        // In the first pass not all settings are known: everything counts as one.
        bool isSetting = _allSettings is null || _allSettings.Contains(name);
        return new HoconReference(isSetting, isSetting ? null : _environment(name));
    }

    private HoconSources ReadAll(IReadOnlyList<HoconText> texts)
    {
        try
        {
            ScanAll(texts);
            _allSettings = Lines;
            Lines = new HoconLines();
            string all = ScanAll(texts);
            List<SettingsProblem> circles = [.. Lines.FindCircles().Select(circle => Problem(circle.Position, $"'{circle.Field}' leads back to itself through ${{…}}; write its value out"))];
            return circles.Count > 0 ? new(null, Lines, _files, circles) : new(ConfigurationFactory.ParseString(all), Lines, _files, []);
        }
        catch (HoconSyntaxException wrong)
        {
            return new(null, Lines, _files, [Problem(wrong.Position, wrong.Message)]);
        }
        catch (Exception e) when (e is FormatException or ConfigurationException or NotSupportedException)
        {
            return new(null, Lines, _files, [new(SettingsSeverity.Error, texts.Count == 1 ? texts[0].Name : null, 0, null, $"not HOCON that Akka reads: {e.Message}")]);
        }
    }

    private string ScanAll(IReadOnlyList<HoconText> texts)
    {
        var all = new StringBuilder();
        foreach (HoconText text in texts)
        {
            all.Append(text.Text is null ? ReadFile(text.Name, null, HoconPath.Root) : HoconScanner.Scan(this, text.Name, text.Text, HoconPath.Root, text.HasLines));
            all.Append('\n');
        }

        return all.ToString();
    }

    private string ReadFile(string name, HoconPosition? includedAt, string path)
    {
        HoconPosition blamed = includedAt ?? new HoconPosition(name, 0);
        string full = Path.GetFullPath(name);
        if (!_files.Contains(full))
            _files.Add(full);
        if (_including.Contains(full))
            throw new HoconSyntaxException(blamed, $"'{name}' includes itself; take this include out");
        if (_including.Count >= MaximumIncludeDepth)
            throw new HoconSyntaxException(blamed, $"includes are more than {MaximumIncludeDepth} deep; include '{name}' from a file further up");
        string text;
        try
        {
            text = File.ReadAllText(full);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string what = includedAt is null ? "the file" : $"the included file '{name}'";
            string why = e switch
            {
                FileNotFoundException or DirectoryNotFoundException => "does not exist; check the name",
                UnauthorizedAccessException when Directory.Exists(full) => "is a folder; name a file in it",
                UnauthorizedAccessException => "may not be read; check its permissions",
                _ => $"cannot be read: {e.Message}",
            };
            throw new HoconSyntaxException(blamed, $"{what} {why}");
        }

        _including.Push(full);
        string rewritten = HoconScanner.Scan(this, name, text, path);
        _including.Pop();
        return rewritten;
    }

    private static SettingsProblem Problem(HoconPosition position, string message) => new(SettingsSeverity.Error, position.File, position.Line, null, message);
}
