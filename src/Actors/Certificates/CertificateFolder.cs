using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>Finds the certificates in a folder by the names that tools give them.</summary>
internal static class CertificateFolder
{
    private static readonly (string Chain, string Key)[] KnownPairs = [("fullchain.pem", "privkey.pem"), ("tls.crt", "tls.key"), ("fullchain.cer", "private.key")];
    private static readonly string[] ChainExtensions = [".pem", ".crt", ".cer"];

    /// <exception cref="CertificateException">The folder cannot be read.</exception>
    public static IReadOnlyList<CertificateFileSettings> Find(string folder)
    {
        try
        {
            var found = new List<CertificateFileSettings>();
            AddFrom(folder, found);
            // One level down: /etc/letsencrypt/live/NAME, mounted secrets. Entries with a dot are Kubernetes' own bookkeeping (..data).
            foreach (string inner in Directory.EnumerateDirectories(folder).Where(IsVisible).Order(StringComparer.Ordinal))
                AddFrom(inner, found);
            return found;
        }
        catch (DirectoryNotFoundException cause)
        {
            throw new CertificateException($"certificates.directory = \"{folder}\": there is no such folder; make it or correct the path.", cause);
        }
        catch (Exception cause) when (cause is UnauthorizedAccessException or IOException)
        {
            throw new CertificateException($"certificates.directory = \"{folder}\": cannot be read ({cause.Message}); give the server's user the right to read it.", cause);
        }
    }

    private static void AddFrom(string folder, List<CertificateFileSettings> found)
    {
        foreach ((string chain, string key) in KnownPairs)
        {
            if (File.Exists(Path.Combine(folder, chain)) && File.Exists(Path.Combine(folder, key)))
            {
                // The same certificate is often there in parts as well (cert.pem, chain.pem).
                found.Add(new CertificateFileSettings { Chain = Path.Combine(folder, chain), Key = Path.Combine(folder, key) });
                return;
            }
        }

        foreach (string file in Directory.EnumerateFiles(folder).Where(IsVisible).Order(StringComparer.Ordinal))
        {
            string extension = Path.GetExtension(file).ToLowerInvariant();
            if (extension is ".pfx" or ".p12")
            {
                string password = file + ".password";
                found.Add(new CertificateFileSettings { Pfx = file, Password = File.Exists(password) ? "file:" + password : null });
            }
            else if (ChainExtensions.Contains(extension))
            {
                string key = Path.ChangeExtension(file, ".key");
                if (File.Exists(key))
                    found.Add(new CertificateFileSettings { Chain = file, Key = key });
                else if (HoldsKey(file))
                    found.Add(new CertificateFileSettings { Chain = file });
            }
        }
    }

    private static bool IsVisible(string path) => !Path.GetFileName(path).StartsWith('.');

    private static bool HoldsKey(string file) => File.ReadLines(file).Any(line => line.StartsWith("-----BEGIN", StringComparison.Ordinal) && line.Contains("PRIVATE KEY", StringComparison.Ordinal));
}
