namespace Actors443.Testing;

/// <summary>The repository that the tests run in.</summary>
public static class Repository
{
    /// <summary>Its root.</summary>
    public static string Folder { get; } = Find();

    /// <summary>The path of an example in <c>hocon/examples</c>; empty: that folder.</summary>
    public static string Example(string name) => Path.Combine(Folder, "hocon", "examples", name);

    private static string Find()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Actors443.sln")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("The tests run outside of the repository.");
    }
}
