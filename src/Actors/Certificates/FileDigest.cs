using System.Security.Cryptography;
using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>What tells that the files of a certificate are others than before. Of their content: their times and lengths can be the same after a
/// change (<c>cp -p</c>, two writes within a tick of the file system's clock), and they are few and small.</summary>
internal static class FileDigest
{
    /// <summary>Equal for equal content; of files that are not there or cannot be read, for the same reason.</summary>
    public static string Of(CertificateFileSettings files)
    {
        string? password = files.Password?.StartsWith("file:", StringComparison.Ordinal) == true ? files.Password[5..] : null;
        return string.Join('|', new[] { files.Chain, files.Key, files.Pfx, password }.OfType<string>().Select(Of));
    }

    private static string Of(string path)
    {
        try
        {
            return Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return cause.GetType().Name;
        }
    }
}
