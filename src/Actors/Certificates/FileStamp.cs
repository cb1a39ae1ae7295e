namespace Actors443.Certificates;

/// <summary>How a file looks from outside.</summary>
internal readonly record struct FileStamp(long Length, DateTime Written)
{
    /// <summary>Of a link, that of what it leads to. Of no file: nothing.</summary>
    public static FileStamp Of(string path) => new FileInfo(path) is { Exists: true } file ? Of(file) : default;

    private static FileStamp Of(FileInfo file) => (file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true)) is FileInfo { Exists: true } target ? new(target.Length, target.LastWriteTimeUtc) : default;
}
