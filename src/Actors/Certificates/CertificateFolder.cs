using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>Finds the certificates in a folder by the names that tools give them.</summary>
internal static class CertificateFolder
{
    // certbot and lego-like, Kubernetes and Docker secrets, others. The same certificate is often there in parts as well (cert.pem, chain.pem).
    private static readonly (string Chain, string Key)[] KnownPairs = [("fullchain.pem", "privkey.pem"), ("tls.crt", "tls.key"), ("fullchain.cer", "private.key")];
    private static readonly string[] ChainExtensions = [".pem", ".crt", ".cer"];

    /// <summary>Looks in the folder and one level down: <c>/etc/letsencrypt/live/NAME</c>, mounted secrets.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="problems">Gets a line for each folder that cannot be read.</param>
    public static IReadOnlyList<CertificateFileSettings> Find(string folder, ICollection<string> problems)
    {
        var found = new List<CertificateFileSettings>();
        foreach (string place in new[] { folder }.Concat(FoldersIn(folder)))
        {
            try
            {
                AddFrom(place, found);
            }
            catch (DirectoryNotFoundException)
            {
                if (place == folder)
                    problems.Add($"certificates.directories: there is no folder {folder}; make it or correct the path.");
            }
            catch (Exception cause) when (cause is UnauthorizedAccessException or IOException)
            {
                problems.Add($"certificates.directories: {place} cannot be read ({cause.Message}); give the server's user the right to read it.");
            }
        }

        return found;
    }

    // Entries with a dot are Kubernetes' own bookkeeping (..data). What cannot be listed is said when its files are looked for.
    private static IEnumerable<string> FoldersIn(string folder)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(folder).Where(IsVisible).Order(StringComparer.Ordinal)];
        }
        catch (Exception cause) when (cause is UnauthorizedAccessException or IOException)
        {
            return [];
        }
    }

    private static void AddFrom(string folder, List<CertificateFileSettings> found)
    {
        string[] files = [.. Directory.EnumerateFiles(folder).Where(IsVisible).Order(StringComparer.Ordinal)];
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string chain, string key) in KnownPairs)
        {
            string chainPath = Path.Combine(folder, chain);
            string keyPath = Path.Combine(folder, key);
            if (files.Contains(chainPath) && files.Contains(keyPath))
            {
                found.Add(new CertificateFileSettings { Chain = chainPath, Key = keyPath });
                taken.UnionWith([chainPath, keyPath]);
            }
        }

        foreach (string file in files.Where(file => !taken.Contains(file)))
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
                else if (HoldsBoth(file))
                    found.Add(new CertificateFileSettings { Chain = file });
            }
        }
    }

    private static bool IsVisible(string path) => !Path.GetFileName(path).StartsWith('.');

    /// <summary>Whether a file has a certificate and a key. One that cannot be read is taken for such, so that loading it says why.</summary>
    private static bool HoldsBoth(string file)
    {
        try
        {
            string text = File.ReadAllText(file);
            return text.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal) && text.Contains("PRIVATE KEY-----", StringComparison.Ordinal);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception cause) when (cause is UnauthorizedAccessException or IOException)
        {
            return true;
        }
    }
}
