using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates.Revocation;

namespace Actors443.Configuration.Reading;

/// <summary>Looks at certificate files named in settings, so that a wrong name is found when the settings are read.</summary>
internal static class CertificateFiles
{
    /// <summary>What keeps a file from being used as PEM certificates; null: nothing.</summary>
    public static string? ProblemOfPem(string path)
    {
        if (ProblemOfFile(path) is { } problem)
            return problem;
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPemFile(path);
            return certificates.Count == 0 ? $"'{path}' has no certificate in it" : null;
        }
        catch (Exception e) when (e is CryptographicException or IOException)
        {
            return $"'{path}' is not PEM ({e.Message.TrimEnd('.')})";
        }
        finally
        {
            foreach (X509Certificate2 certificate in certificates)
                certificate.Dispose();
        }
    }

    /// <summary>What keeps a file from being used as a certificate revocation list; null: nothing.</summary>
    public static string? ProblemOfCrl(string path)
    {
        if (ProblemOfFile(path) is { } problem)
            return problem;
        try
        {
            _ = CertificateRevocationList.Read(File.ReadAllBytes(path));
            return null;
        }
        catch (Exception e) when (e is CryptographicException or IOException or FormatException)
        {
            return $"'{path}' cannot be used ({e.Message.TrimEnd('.')})";
        }
    }

    /// <summary>What keeps a file from being read; null: nothing.</summary>
    public static string? ProblemOfFile(string path)
    {
        if (Directory.Exists(path))
            return $"'{path}' is a folder";
        try
        {
            using FileStream _ = File.OpenRead(path);
            return null;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return $"'{path}' does not exist";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"'{path}' cannot be read ({e.Message.TrimEnd('.')})";
        }
    }
}
