using Actors443.Configuration;
using Actors443.Server.Configuration;

namespace Actors443.Tests.Configuration;

/// <summary>A folder of settings files that goes away with the test.</summary>
public abstract class SettingsFixture : IDisposable
{
    protected SettingsFixture()
    {
        Folder = Directory.CreateTempSubdirectory("actors443-settings-").FullName;
        Directory.CreateDirectory(Path.Combine(Folder, "www"));
    }

    protected string Folder { get; }

    private protected Dictionary<string, string> Variables { get; } = [];

    public void Dispose()
    {
        Directory.Delete(Folder, recursive: true);
        GC.SuppressFinalize(this);
    }

    protected string Write(string name, string text)
    {
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private protected LoadedSettings Load(string text, params string[] overrides) => LoadFiles([Write("test.conf", text)], overrides);

    private protected LoadedSettings LoadFiles(IReadOnlyList<string> files, params string[] overrides) =>
        ServerSettingsLoader.Load(files, overrides, Variables.GetValueOrDefault);

    private protected ServerSettings Good(string text, params string[] overrides) => Good(Load(text, overrides));

    private protected static ServerSettings Good(LoadedSettings loaded)
    {
        Assert.True(loaded.Settings is not null, string.Join('\n', loaded.Problems));
        return loaded.Settings!;
    }

    /// <summary>The problems as people see them, without the folder.</summary>
    protected IReadOnlyList<string> Problems(string text, params string[] overrides) => Shown(Load(text, overrides).Problems);

    protected IReadOnlyList<string> Shown(IEnumerable<SettingsProblem> problems) =>
        [.. problems.Select(problem => problem.ToString().Replace(Folder + Path.DirectorySeparatorChar, "", StringComparison.Ordinal))];
}
