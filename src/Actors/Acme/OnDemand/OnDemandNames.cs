using System.Text;
using Actors443.Acme.State;
using Actors443.Certificates;

namespace Actors443.Acme.OnDemand;

/// <summary>
/// The names that have a certificate on demand, as they are kept: a file each, whose content is the name and whose date the last day it was asked for. Used by one
/// thread at a time.
/// </summary>
/// <param name="stateDirectory">Of the server.</param>
/// <param name="replication">Has the other nodes of a cluster know the names.</param>
internal sealed class OnDemandNames(string stateDirectory, IAcmeReplication replication)
{
    /// <summary>Where the files are.</summary>
    public const string Entries = "on-demand";

    private const string Extension = ".name";

    private readonly string _folder = Path.Combine(NameSetFolder.FolderIn(stateDirectory), Entries);

    public IReadOnlyList<(string Name, DateTimeOffset LastAsked)> Load()
    {
        if (!Directory.Exists(_folder))
            return [];
        return [.. new DirectoryInfo(_folder).EnumerateFiles("*" + Extension).Select(file => (File.ReadAllText(file.FullName), new DateTimeOffset(file.LastWriteTimeUtc))).Where(pair => pair.Item1.Length > 0)];
    }

    /// <exception cref="IOException">The disk is full, or the folder is none.</exception>
    public void Add(string name)
    {
        PrivateFile.MakeFolder(_folder);
        PrivateFile.Write(PathOf(name), Encoding.ASCII.GetBytes(name));
        replication.Changed(EntryOf(name));
    }

    public void Asked(string name, DateTimeOffset at)
    {
        if (File.Exists(PathOf(name)))
            File.SetLastWriteTimeUtc(PathOf(name), at.UtcDateTime);
    }

    public void Remove(string name)
    {
        File.Delete(PathOf(name));
        replication.Changed(EntryOf(name));
    }

    /// <summary>Of the name set that an entry is of.</summary>
    public static string IdIn(string entry) => Path.GetFileNameWithoutExtension(entry);

    /// <summary>The name whose name set has this id; null: it is not kept.</summary>
    public string? Find(string id) => Path.Combine(_folder, id + Extension) is var path && File.Exists(path) ? File.ReadAllText(path) : null;

    private static string FileOf(string name) => NameSetFolder.IdOf([name]) + Extension;

    private static string EntryOf(string name) => $"{Entries}/{FileOf(name)}";

    private string PathOf(string name) => Path.Combine(_folder, FileOf(name));
}
