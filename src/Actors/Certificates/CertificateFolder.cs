using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>Finds the certificates in a folder by the names that tools give them.</summary>
internal static class CertificateFolder
{
    // certbot, Kubernetes and Docker secrets, others. The same certificate is often there in parts as well (cert.pem, chain.pem).
    private static readonly (string Chain, string Key)[] KnownPairs = [("fullchain.pem", "privkey.pem"), ("tls.crt", "tls.key"), ("fullchain.cer", "private.key")];
    private static readonly string[] ChainExtensions = [".pem", ".crt", ".cer"];

    /// <summary>Looks in the folder and one level down: <c>/etc/letsencrypt/live/NAME</c>, mounted secrets.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="problems">Gets a line for each folder that cannot be read, and for each file that ought to be a certificate and is none.</param>
    public static IReadOnlyList<CertificateFileSettings> Find(string folder, ICollection<string> problems)
    {
        var found = new List<CertificateFileSettings>();
        foreach (string place in FoldersIn(folder).Prepend(folder))
        {
            try
            {
                AddFrom(place, found, problems);
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

    private static void AddFrom(string folder, List<CertificateFileSettings> found, ICollection<string> problems)
    {
        string[] files = [.. Directory.EnumerateFiles(folder).Where(IsVisible).Order(StringComparer.Ordinal)];
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string chain, string key) in KnownPairs)
        {
            string chainPath = Path.Combine(folder, chain);
            string keyPath = Path.Combine(folder, key);
            if (files.Contains(chainPath) && files.Contains(keyPath))
            {
                found.Add(new CertificateFileSettings { Chain = chainPath, Key = keyPath, Password = PasswordBeside(keyPath) });
                taken.UnionWith([chainPath, keyPath]);
            }
        }

        bool partsAreThere = taken.Count > 0;
        foreach (string file in files.Where(file => !taken.Contains(file)))
        {
            string extension = Path.GetExtension(file).ToLowerInvariant();
            if (extension is ".pfx" or ".p12")
                found.Add(new CertificateFileSettings { Pfx = file, Password = PasswordBeside(file) });
            else if (ChainExtensions.Contains(extension) && KeyBeside(file) is { } key)
                found.Add(new CertificateFileSettings { Chain = file, Key = key, Password = PasswordBeside(key) });
            else if (ChainExtensions.Contains(extension))
                AddAlone(file, partsAreThere, found, problems);
        }
    }

    // A file without a key beside it has its key in it, or is a part of others: an authority's certificate, a key.
    private static void AddAlone(string file, bool partsAreThere, List<CertificateFileSettings> found, ICollection<string> problems)
    {
        string text;
        try
        {
            text = File.ReadAllText(file);
        }
        catch (FileNotFoundException)
        {
            return;
        }
        catch (Exception cause) when (cause is UnauthorizedAccessException or IOException)
        {
            problems.Add($"{file}: cannot be read ({cause.Message}); give the server's user the right to read it.");
            return;
        }

        bool hasCertificate = text.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal);
        bool hasKey = PrivateKeyPem.IsIn(text);
        if (hasCertificate && hasKey)
            found.Add(new CertificateFileSettings { Chain = file, Password = PasswordBeside(file) });
        else if (!hasCertificate && !text.Contains("-----BEGIN ", StringComparison.Ordinal))
            problems.Add($"{file}: is not PEM; write it as PEM (openssl x509 -inform der -in {Path.GetFileName(file)}), or move it out of the folder.");
        else if (hasCertificate && !partsAreThere && IsServers(text))
            problems.Add($"{file}: its key is missing; put it beside it as {Path.GetFileName(Path.ChangeExtension(file, ".key"))}, or move it out of the folder.");
    }

    /// <summary>Whether the first certificate is a server's, and not an authority's that lies with those it issued.</summary>
    private static bool IsServers(string text)
    {
        try
        {
            using X509Certificate2 first = X509Certificate2.CreateFromPem(text);
            // What openssl req -x509 signs with its own key says that it is an authority, and has names.
            return CertificateValidation.NamesOf(first).Count > 0 || !first.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority);
        }
        catch (CryptographicException)
        {
            // Whatever it was to be, it is not usable, and that is worth saying.
            return true;
        }
    }

    // NAME.key, or NAME-key.pem as mkcert has it.
    private static string? KeyBeside(string file)
    {
        string stem = file[..^Path.GetExtension(file).Length];
        return new[] { stem + ".key", stem + "-key.pem" }.FirstOrDefault(File.Exists);
    }

    private static string? PasswordBeside(string file) => File.Exists(file + ".password") ? $"file:{file}.password" : null;

    private static bool IsVisible(string path) => !Path.GetFileName(path).StartsWith('.');
}
