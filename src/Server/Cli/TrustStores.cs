using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Certificates;

namespace Actors443.Server.Cli;

/// <summary>The trust stores found on this machine: the system's, the browsers' of this user (NSS), and on Windows and macOS the user's.</summary>
internal static class TrustStores
{
    private static readonly (string Folder, string Command, string[] Arguments)[] LinuxAnchors =
    [
        ("/usr/local/share/ca-certificates", "update-ca-certificates", []),
        ("/etc/pki/ca-trust/source/anchors", "update-ca-trust", ["extract"]),
        ("/etc/ca-certificates/trust-source/anchors", "trust", ["extract-compat"]),
        ("/usr/share/pki/trust/anchors", "update-ca-certificates", []),
    ];

    public static IReadOnlyList<ITrustStore> OfThisMachine()
    {
        if (!OperatingSystem.IsLinux())
            return [new UserRoots()];
        var stores = new List<ITrustStore>();
        stores.AddRange(LinuxAnchors.Where(anchor => Directory.Exists(anchor.Folder)).Take(1).Select(anchor => new AnchorFolder(anchor.Folder, anchor.Command, anchor.Arguments)));
        stores.AddRange(OfBrowsers(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)));
        return stores;
    }

    /// <summary>Chromium's and each Firefox profile's.</summary>
    internal static IEnumerable<ITrustStore> OfBrowsers(string home)
    {
        string[] profileFolders = [Path.Combine(home, ".mozilla", "firefox"), Path.Combine(home, "snap", "firefox", "common", ".mozilla", "firefox")];
        return profileFolders.Where(Directory.Exists).SelectMany(Directory.EnumerateDirectories)
            .Prepend(Path.Combine(home, ".pki", "nssdb"))
            .Where(folder => File.Exists(Path.Combine(folder, "cert9.db")))
            .Select(folder => new NssDatabase(folder));
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="TrustStoreException">It is missing or fails.</exception>
    private static void Run(string program, string missing, params IEnumerable<string> arguments)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
            using Process process = Process.Start(start)!;
            // Both are read at once: a program that fills the pipe nobody reads would never end.
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            string error = process.StandardError.ReadToEnd();
            _ = output.GetAwaiter().GetResult();
            process.WaitForExit();
            if (process.ExitCode != 0)
                throw new TrustStoreException($"{program} failed: {error.Trim().ReplaceLineEndings(" ")}");
        }
        catch (Win32Exception)
        {
            throw new TrustStoreException($"the program {program} is missing; {missing}");
        }
    }

    /// <summary>A folder of roots that a program of the distribution gathers.</summary>
    private sealed class AnchorFolder(string folder, string command, string[] arguments) : ITrustStore
    {
        public string Name => "system";

        public string Install(LocalCa ca)
        {
            string target = PathFor(ca);
            try
            {
                PrivateFile.Write(target, File.ReadAllBytes(ca.RootPath), PrivateFile.Public);
            }
            catch (UnauthorizedAccessException)
            {
                throw new TrustStoreException($"not permitted to write {folder}; run '{AsRoot(ca)} --install'");
            }

            Gather();
            return $"added {target}";
        }

        public string Uninstall(LocalCa ca)
        {
            string target = PathFor(ca);
            if (!File.Exists(target))
                return "was not there";
            try
            {
                File.Delete(target);
            }
            catch (UnauthorizedAccessException)
            {
                throw new TrustStoreException($"not permitted to remove {target}; run '{AsRoot(ca)} --uninstall'");
            }

            Gather();
            return $"removed {target}";
        }

        // Root has a state directory, and so a CA, of its own: this one must be named.
        private static string AsRoot(LocalCa ca) => $"sudo actors443 trust --set state-directory={Path.GetDirectoryName(Path.GetDirectoryName(ca.RootPath))}";

        private string PathFor(LocalCa ca) => Path.Combine(folder, $"actors443-{ca.Root.GetCertHashString(HashAlgorithmName.SHA256)[..12].ToLowerInvariant()}.crt");

        private void Gather() => Run(command, "install the package ca-certificates", arguments);
    }

    /// <summary>The certificate database of Chromium or Firefox.</summary>
    private sealed class NssDatabase(string folder) : ITrustStore
    {
        private const string Missing = "install the package libnss3-tools (Debian) or nss-tools (Fedora)";

        public string Name => folder.Contains("firefox", StringComparison.Ordinal) ? $"Firefox ({Path.GetFileName(folder)})" : "Chromium";

        public string Install(LocalCa ca)
        {
            Run("certutil", Missing, "-A", "-d", "sql:" + folder, "-t", "C,,", "-n", NicknameOf(ca), "-i", ca.RootPath);
            return "added; restart the browser";
        }

        public string Uninstall(LocalCa ca)
        {
            try
            {
                Run("certutil", Missing, "-L", "-d", "sql:" + folder, "-n", NicknameOf(ca));
            }
            catch (TrustStoreException cause) when (cause.Message.Contains("could not find", StringComparison.OrdinalIgnoreCase))
            {
                return "was not there";
            }

            Run("certutil", Missing, "-D", "-d", "sql:" + folder, "-n", NicknameOf(ca));
            return "removed; restart the browser";
        }

        private static string NicknameOf(LocalCa ca) => ca.Root.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
    }

    /// <summary>The user's roots on Windows (which asks the user) and macOS.</summary>
    private sealed class UserRoots : ITrustStore
    {
        public string Name => "user";

        public string Install(LocalCa ca)
        {
            if (OperatingSystem.IsMacOS())
            {
                string keychain = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), "Library", "Keychains", "login.keychain-db");
                Run("security", "it belongs to macOS", "add-trusted-cert", "-r", "trustRoot", "-k", keychain, ca.RootPath);
            }
            else
            {
                using var store = new X509Store(StoreName.Root, StoreLocation.CurrentUser, OpenFlags.ReadWrite);
                using X509Certificate2 root = X509CertificateLoader.LoadCertificate(ca.Root.RawData);
                store.Add(root);
            }

            return "added";
        }

        public string Uninstall(LocalCa ca)
        {
            if (OperatingSystem.IsMacOS())
            {
                Run("security", "it belongs to macOS", "remove-trusted-cert", ca.RootPath);
            }
            else
            {
                using var store = new X509Store(StoreName.Root, StoreLocation.CurrentUser, OpenFlags.ReadWrite);
                using X509Certificate2 root = X509CertificateLoader.LoadCertificate(ca.Root.RawData);
                store.Remove(root);
            }

            return "removed";
        }
    }
}
