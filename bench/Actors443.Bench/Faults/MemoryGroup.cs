using System.Globalization;

namespace Actors443.Bench.Faults;

/// <summary>A control group of the kernel with so much memory, for one process and its children; the kernel kills whoever wants more. Goes when they have ended.</summary>
internal sealed class MemoryGroup : IDisposable
{
    private const string All = "/sys/fs/cgroup";
    private const string First = $"{All}/memory";

    private readonly string _folder;

    /// <param name="bytes">The limit.</param>
    public MemoryGroup(long bytes)
    {
        bool isFirst = Directory.Exists(First);
        _folder = Path.Combine(isFirst ? First : All, $"actors443-{Environment.ProcessId}");
        Directory.CreateDirectory(_folder);
        File.WriteAllText(Path.Combine(_folder, isFirst ? "memory.limit_in_bytes" : "memory.max"), bytes.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Why there can be none; empty: there can.</summary>
    public static string Missing =>
        !Environment.IsPrivilegedProcess ? "it needs root"
        : File.Exists($"{First}/memory.limit_in_bytes") || (File.Exists($"{All}/cgroup.subtree_control") && File.ReadAllText($"{All}/cgroup.subtree_control").Contains("memory", StringComparison.Ordinal)) ? ""
        : "the kernel has no memory control group";

    /// <summary>Before a program with its arguments: it begins within the group.</summary>
    public IReadOnlyList<string> Prefix => ["sh", "-c", $"echo $$ > {_folder}/cgroup.procs && exec \"$@\"", "sh"];

    public void Dispose() => Directory.Delete(_folder);
}
