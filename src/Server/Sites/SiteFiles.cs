using System.Collections.Concurrent;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.FileProviders.Physical;
using Microsoft.Extensions.Primitives;

namespace Actors443.Server.Sites;

/// <summary>The files below a folder, symbolic links followed: the framework's provider gives the length and date of a link itself, not of its file.</summary>
internal sealed class SiteFiles(string root) : IFileProvider, IDisposable
{
    private const int AbsentForMs = 1_000;
    private const int MostAbsent = 10_000;

    private readonly ConcurrentDictionary<string, long> _absent = new(StringComparer.Ordinal);
    private readonly PhysicalFileProvider _files = new(Path.GetFullPath(root), ExclusionFilters.Sensitive);

    public IFileInfo GetFileInfo(string subpath)
    {
        IFileInfo found = _files.GetFileInfo(subpath);
        if (!found.Exists || found.PhysicalPath is not { } path)
            return found;
        var file = new FileInfo(path);
        if (!file.Attributes.HasFlag(FileAttributes.ReparsePoint))
            return found;
        try
        {
            return file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Exists: true } target ? new PhysicalFileInfo(target) : new NotFoundFileInfo(subpath);
        }
        catch (IOException)
        {
            // Links in a circle, or gone meanwhile.
            return new NotFoundFileInfo(subpath);
        }
    }

    /// <summary>Whether there is a file of that name. That there is none is remembered for a second: most files have no compressed sibling, and each is asked for three.</summary>
    public bool HasSibling(string subpath)
    {
        long now = Environment.TickCount64;
        if (_absent.TryGetValue(subpath, out long until) && now < until)
            return false;
        if (GetFileInfo(subpath).Exists)
            return true;
        if (_absent.Count >= MostAbsent)
            _absent.Clear();
        _absent[subpath] = now + AbsentForMs;
        return false;
    }

    public IDirectoryContents GetDirectoryContents(string subpath) => _files.GetDirectoryContents(subpath);

    public IChangeToken Watch(string filter) => NullChangeToken.Singleton;

    public void Dispose() => _files.Dispose();
}
