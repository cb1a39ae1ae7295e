using System.Globalization;

namespace Actors443.Server.Cli.Doctor;

/// <summary>What the kernel tells in files, below a root that a test may put elsewhere.</summary>
internal sealed class Machine(string root = "/")
{
    /// <summary>The text of a file, without blanks around it; null: there is none, or it may not be read.</summary>
    public string? Read(string path)
    {
        try
        {
            return File.ReadAllText(Path.Combine(root, path)).Trim();
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The lines of a file; none: there is no such file.</summary>
    public IEnumerable<string> ReadLines(string path) => Read(path)?.Split('\n') ?? [];

    /// <summary>A kernel setting by its dotted name; null: this kernel has none, or it is no number.</summary>
    public long? Sysctl(string name) => Number(Read("proc/sys/" + name.Replace('.', '/')));

    /// <summary>A limit of this process by the name that <c>/proc/self/limits</c> gives it: soft and hard; null: not known.</summary>
    public (long Soft, long Hard)? Limit(string name)
    {
        if (ReadLines("proc/self/limits").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is not { } line)
            return null;
        string[] words = line[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return words.Length >= 2 ? (Unlimited(words[0]), Unlimited(words[1])) : null;
    }

    /// <summary>Whether somebody listens on a TCP port.</summary>
    public bool IsListened(int port)
    {
        // Columns: number, local address and port in hexadecimal, remote, state. 0A: listening.
        string end = ":" + port.ToString("X4", CultureInfo.InvariantCulture);
        return ReadLines("proc/net/tcp").Concat(ReadLines("proc/net/tcp6")).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(columns => columns.Length > 3 && columns[3] == "0A" && columns[1].EndsWith(end, StringComparison.OrdinalIgnoreCase));
    }

    private static long Unlimited(string word) => word == "unlimited" ? long.MaxValue : Number(word) ?? 0;

    private static long? Number(string? text) => long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long number) ? number : null;
}
