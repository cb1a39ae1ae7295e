using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.FileProviders.Physical;
using Microsoft.Extensions.Primitives;

namespace Actors443.Server.Sites;

/// <summary>The files below a folder, symbolic links followed: the framework's provider gives the length and date of a link itself, not of its file.</summary>
internal sealed class SiteFiles(string root) : IFileProvider, IDisposable
{
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

    public IDirectoryContents GetDirectoryContents(string subpath) => _files.GetDirectoryContents(subpath);

    public IChangeToken Watch(string filter) => NullChangeToken.Singleton;

    public void Dispose() => _files.Dispose();
}
