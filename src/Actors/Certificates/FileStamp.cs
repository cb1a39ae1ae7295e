using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>What tells, without reading them, that the files of a certificate are others than before.</summary>
/// <param name="Text">Equal for equal files.</param>
/// <param name="Newest">When the newest of them was written.</param>
internal readonly record struct FileStamp(string Text, DateTimeOffset Newest)
{
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(2);

    public static FileStamp Of(CertificateFileSettings files)
    {
        string? password = files.Password?.StartsWith("file:", StringComparison.Ordinal) == true ? files.Password[5..] : null;
        DateTimeOffset newest = DateTimeOffset.MinValue;
        string text = string.Join('|', new[] { files.Chain, files.Key, files.Pfx, password }.OfType<string>().Select(path => Of(path, ref newest)));
        return new FileStamp(text, newest);
    }

    /// <summary>False just after a write: one more within the same tick of the file system's clock would leave the same stamp.</summary>
    public bool IsSettled(DateTimeOffset now) => (now - Newest).Duration() > Settled;

    // Through symbolic links, so that a swapped link counts; with the time of creation, so that a file moved over another counts even if it
    // keeps its time of writing.
    private static string Of(string path, ref DateTimeOffset newest)
    {
        try
        {
            var file = new FileInfo(path);
            var final = new FileInfo((file.ResolveLinkTarget(returnFinalTarget: true) ?? file).FullName);
            if (!final.Exists)
                return $"{path}:gone";
            if (final.LastWriteTimeUtc > newest)
                newest = final.LastWriteTimeUtc;
            return $"{final.FullName}:{final.CreationTimeUtc.Ticks}:{final.LastWriteTimeUtc.Ticks}:{final.Length}";
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return $"{path}:{cause.GetType().Name}";
        }
    }
}
