namespace Actors443.Server.Hosting;

/// <summary>What the kernel says of this process (proc(5)). Linux.</summary>
internal static class OwnProcess
{
    /// <summary>The numbers of a line of <c>/proc/self/status</c>: of <c>PPid</c> one, of <c>Uid</c> the real, effective, saved and file system user.</summary>
    public static string[] StatusOf(string field) =>
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(field + ":", StringComparison.Ordinal)).Split('\t')[1..];
}
