namespace Actors443.Server.Hosting.Upgrades;

/// <summary>How this process was started, so that it can be started again: the same words, which may lead to a newer program by now.</summary>
/// <param name="Program">A path.</param>
/// <param name="Arguments">All of them.</param>
internal sealed record OwnCommand(string Program, IReadOnlyList<string> Arguments)
{
    private const string CommandLine = "/proc/self/cmdline";

    /// <exception cref="UpgradeException">The program cannot be found any more.</exception>
    public static OwnCommand Read() => Of(File.ReadAllText(CommandLine), Environment.GetEnvironmentVariable("PATH") ?? "");

    /// <param name="commandLine">Words that end in zeros.</param>
    /// <param name="path">Folders to look in for a program without one, with colons between them.</param>
    /// <exception cref="UpgradeException">There is no such program.</exception>
    public static OwnCommand Of(string commandLine, string path)
    {
        string[] words = commandLine.Split('\0')[..^1];
        // A link on the way, such as /opt/actors443/current, is followed anew.
        string? program = words[0].Contains('/', StringComparison.Ordinal)
            ? Path.GetFullPath(words[0])
            : path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, words[0])).FirstOrDefault(File.Exists);
        return File.Exists(program) ? new OwnCommand(program, words[1..]) : throw new UpgradeException($"there is no program {program ?? words[0]} any more; install it, then upgrade");
    }
}
