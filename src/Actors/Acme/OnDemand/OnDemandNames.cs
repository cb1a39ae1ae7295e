using System.Text;
using Actors443.Acme.State;
using Actors443.Certificates;

namespace Actors443.Acme.OnDemand;

/// <summary>
/// The names that have a certificate on demand, as they are kept: a file each, whose content is the name and whose date the last day it was asked for. Used by one
/// thread at a time.
/// </summary>
internal sealed class OnDemandNames(string stateDirectory)
{
    private readonly string _folder = Path.Combine(NameSetFolder.FolderIn(stateDirectory), "on-demand");

    public IReadOnlyList<(string Name, DateTimeOffset LastAsked)> Load()
    {
        if (!Directory.Exists(_folder))
            return [];
        return [.. new DirectoryInfo(_folder).EnumerateFiles("*.name").Select(file => (File.ReadAllText(file.FullName), new DateTimeOffset(file.LastWriteTimeUtc))).Where(pair => pair.Item1.Length > 0)];
    }

    /// <exception cref="IOException">The disk is full, or the folder is none.</exception>
    public void Add(string name)
    {
        PrivateFile.MakeFolder(_folder);
        PrivateFile.Write(PathOf(name), Encoding.ASCII.GetBytes(name));
    }

    public void Asked(string name, DateTimeOffset at)
    {
        if (File.Exists(PathOf(name)))
            File.SetLastWriteTimeUtc(PathOf(name), at.UtcDateTime);
    }

    public void Remove(string name) => File.Delete(PathOf(name));

    private string PathOf(string name) => Path.Combine(_folder, NameSetFolder.IdOf([name]) + ".name");
}
