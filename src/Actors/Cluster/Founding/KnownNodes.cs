using Actors443.Certificates;
using Actors443.Configuration;

namespace Actors443.Cluster.Founding;

/// <summary>The nodes of the cluster that this one was in last, itself among them: a file in the state directory, a name a line. Used by one thread at a time.</summary>
internal sealed class KnownNodes(string stateDirectory)
{
    private const string Folder = "cluster";

    private IReadOnlyList<string>? _written;

    /// <summary>Where they are kept.</summary>
    public string Path { get; } = System.IO.Path.Combine(stateDirectory, Folder, "nodes");

    /// <summary>Empty: it was in none, or what is kept cannot be read by it.</summary>
    /// <exception cref="IOException">The disk fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The file is somebody else's.</exception>
    public IReadOnlyList<string> Read() => File.Exists(Path) ? [.. File.ReadAllLines(Path).Where(line => line.Length > 0)] : [];

    /// <summary>Keeps them, unless they are the same as before.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is somebody else's.</exception>
    public void Write(IEnumerable<string> nodes)
    {
        string[] sorted = [.. nodes.Order(StringComparer.Ordinal)];
        if (_written is { } written && written.SequenceEqual(sorted))
            return;
        PrivateFile.MakeFolder(System.IO.Path.GetDirectoryName(Path)!);
        PrivateFile.Write(Path, System.Text.Encoding.UTF8.GetBytes(string.Join('\n', sorted) + "\n"));
        _written = sorted;
    }

    /// <summary>
    /// Whether a node that founds the cluster when nobody knows it must hear the others first: it is the first of the seed nodes, and was in a cluster with others. They may be in one
    /// still, and cut off from here; two clusters would never become one again.
    /// </summary>
    public bool HearsOthersFirst(ClusterSettings settings) =>
        settings.SeedNodes is [var first, ..] && first == ClusterHocon.NameOf(settings) && Read() is { Count: > 1 };
}
