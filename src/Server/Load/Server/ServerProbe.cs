using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Actors443.Server.Load.Server;

/// <summary>What the server's process has used.</summary>
/// <param name="MemoryBytes">Proportional set size where the kernel tells it, else the resident one.</param>
/// <param name="Cpu">User and system time so far.</param>
internal readonly record struct ServerUsage(long MemoryBytes, TimeSpan Cpu);

/// <summary>Asks what the server under load uses.</summary>
internal interface IServerProbe
{
    /// <summary>For people: <c>process 1234</c>.</summary>
    string Name { get; }

    /// <summary>Null: it did not say.</summary>
    Task<ServerUsage?> AskAsync(CancellationToken cancellationToken);
}

/// <summary>A process of this machine, with what it has started: workers count as well.</summary>
internal sealed class ProcessProbe(int process) : IServerProbe
{
    private const int TicksPerSecond = 100;

    public string Name => "process " + process.ToString(CultureInfo.InvariantCulture);

    public Task<ServerUsage?> AskAsync(CancellationToken cancellationToken) => Task.FromResult(Ask());

    public ServerUsage? Ask()
    {
        long memory = 0;
        double seconds = 0;
        bool any = false;
        Dictionary<int, int> parents = Parents();
        foreach (int member in parents.Keys.Where(candidate => IsIn(candidate, parents)))
        {
            if (!TryRead($"/proc/{member}/stat", out string? stat))
                continue;
            any = true;
            // The name is in brackets and may hold anything.
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            seconds += (Ticks(fields[11]) + Ticks(fields[12])) / (double)TicksPerSecond;
            // The root's dead children count as well.
            if (member == process)
                seconds += (Ticks(fields[13]) + Ticks(fields[14])) / (double)TicksPerSecond;
            memory += Memory(member);
        }

        return any ? new ServerUsage(memory, TimeSpan.FromSeconds(seconds)) : null;
    }

    private static Dictionary<int, int> Parents()
    {
        var parents = new Dictionary<int, int>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int id) && TryRead(folder + "/stat", out string? stat))
                parents[id] = int.Parse(stat[(stat.LastIndexOf(')') + 4)..].Split(' ')[0], CultureInfo.InvariantCulture);
        }

        return parents;
    }

    private static long Memory(int member)
    {
        if (!TryRead($"/proc/{member}/smaps_rollup", out string? text) && !TryRead($"/proc/{member}/status", out text))
            return 0;
        string? line = text.Split('\n').FirstOrDefault(line => line.StartsWith("Pss:", StringComparison.Ordinal) || line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1_024;
    }

    private static long Ticks(string field) => long.Parse(field, CultureInfo.InvariantCulture);

    // A process may end between two looks.
    private static bool TryRead(string file, [NotNullWhen(true)] out string? text)
    {
        try
        {
            text = File.ReadAllText(file);
            return text.Length > 0;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            text = null;
            return false;
        }
    }

    private bool IsIn(int candidate, Dictionary<int, int> parents)
    {
        for (int id = candidate; id > 1; id = parents.GetValueOrDefault(id))
        {
            if (id == process)
                return true;
        }

        return false;
    }
}
