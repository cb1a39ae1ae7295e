using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>
/// The certificate authority made at first run, so that the default run and every name without a certificate can be served. Its root is for the
/// developer's own machines: the key never leaves the state directory (mode 0600). Thread-safe, and several processes may share one.
/// </summary>
internal sealed class LocalCa
{
    /// <summary>What its certificates give as their source.</summary>
    public const string SourceName = "local CA";

    private const int LongestMachineName = 30;

    private static readonly TimeSpan RootLifetime = TimeSpan.FromDays(3650);

    private readonly string _folder;
    private readonly X509Certificate2 _root;

    private LocalCa(string folder, X509Certificate2 root)
    {
        _folder = folder;
        _root = root;
    }

    public string RootPath => RootPathIn(_folder);

    public X509Certificate2 Root => _root;

    public static string FolderIn(string stateDirectory) => Path.Combine(stateDirectory, "local-ca");

    public static string RootPathIn(string folder) => Path.Combine(folder, "root.crt");

    /// <summary>Opens the CA of the state directory, making it if there is none.</summary>
    /// <param name="stateDirectory">Of the server.</param>
    /// <param name="now">When its life begins.</param>
    /// <param name="shared">The key of one that is made, if several servers have the same; null: a new one.</param>
    /// <exception cref="CertificateException">The folder cannot be written, or what is there cannot be used.</exception>
    public static LocalCa Open(string stateDirectory, DateTimeOffset now, Func<ECDsa>? shared = null)
    {
        string folder = FolderIn(stateDirectory);
        try
        {
            PrivateFile.MakeFolder(stateDirectory);
            if (!Directory.Exists(folder))
                Make(folder, now, shared);
            return new LocalCa(folder, ReadRoot(folder));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{folder}: the local CA cannot be kept there ({cause.Message}); make the folder writable or set state-directory.", cause);
        }
    }

    /// <summary>The certificate for these names: the one on disk while it has a third of its life left, else a new one.</summary>
    /// <exception cref="CertificateException">It cannot be written, a name is none, or the root has expired.</exception>
    public ServerCertificate Issue(IReadOnlyList<string> names, TimeSpan lifetime, DateTimeOffset now)
    {
        names = [.. names.Select(Canonical)];
        if (_root.NotAfter <= now)
        {
            throw new CertificateException(
                $"{_folder}: the local CA expired on {_root.NotAfter.ToUniversalTime():yyyy-MM-dd}; remove the folder to have a new one made, restart, and trust that (actors443 trust --install).");
        }

        string path = Path.Combine(_folder, FileNameFor(names) + ".pem");
        if (TryReadLeaf(path, names, lifetime, now) is { } kept)
            return kept;
        try
        {
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using X509Certificate2 leaf = Sign(names, key, lifetime, now);
            PrivateFile.Write(path, Encoding.ASCII.GetBytes(leaf.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n"));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{path}: cannot be written ({cause.Message}); make the folder writable or set state-directory.", cause);
        }

        // Read back rather than used: another process may have written its own meanwhile, and all had better show the same.
        return TryReadLeaf(path, names, lifetime, now) ?? throw new CertificateException($"{path}: what was just written cannot be read back; check the disk.");
    }

    // As clients send it: ASCII, lower case.
    private static string Canonical(string name)
    {
        if (IPAddress.TryParse(name, out IPAddress? address))
            return address.ToString();
        int wildcard = name.StartsWith("*.", StringComparison.Ordinal) ? 2 : 0;
        try
        {
            return name[..wildcard] + new IdnMapping { UseStd3AsciiRules = true }.GetAscii(name, wildcard).ToLowerInvariant();
        }
        catch (ArgumentException cause)
        {
            throw new CertificateException($"certificates.local-ca.names: \"{name}\" is neither a host name nor an IP address; correct it.", cause);
        }
    }

    private static string KeyPathIn(string folder) => Path.Combine(folder, "root.key");

    // Made aside and moved into place whole: there is never half a CA, and of two processes that make one at once the second takes the first's.
    private static void Make(string folder, DateTimeOffset now, Func<ECDsa>? shared)
    {
        string aside = $"{folder}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}.tmp";
        try
        {
            PrivateFile.MakeFolder(aside);
            MakeRoot(aside, now, shared);
            Directory.Move(aside, folder);
        }
        catch (IOException) when (File.Exists(RootPathIn(folder)))
        {
            // The other was first.
        }
        finally
        {
            if (Directory.Exists(aside))
                Directory.Delete(aside, recursive: true);
        }
    }

    private static void MakeRoot(string folder, DateTimeOffset now, Func<ECDsa>? shared)
    {
        using ECDsa key = shared?.Invoke() ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // RFC 5280 gives a common name 64 characters.
        string machine = Environment.MachineName.Length <= LongestMachineName ? Environment.MachineName : Environment.MachineName[..LongestMachineName];
        var name = new X500DistinguishedNameBuilder();
        name.AddOrganizationName("Actors443 development");
        // Those of the same key must have the same name: clients look for the issuer by it.
        name.AddCommonName(shared is null
            ? string.Create(CultureInfo.InvariantCulture, $"Actors443 Local CA {machine} {now:yyyy-MM-dd}")
            : $"Actors443 Local CA cluster {Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()))[..12]}");
        using X509Certificate2 root = CertificateParts.Authority(name.Build(), key).CreateSelfSigned(now - CertificateValidation.ClockTolerance, now + RootLifetime);
        PrivateFile.Write(RootPathIn(folder), Encoding.ASCII.GetBytes(root.ExportCertificatePem() + "\n"), PrivateFile.Public);
        PrivateFile.Write(KeyPathIn(folder), Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
    }

    private static X509Certificate2 ReadRoot(string folder)
    {
        string keyPath = KeyPathIn(folder);
        if (!OperatingSystem.IsWindows() && File.Exists(keyPath) && (File.GetUnixFileMode(keyPath) & ~PrivateFile.OwnerOnly) != 0)
        {
            throw new CertificateException(
                $"{keyPath}: others than its owner have rights to the key of the local CA, and whoever read it can forge any site for those who trust it; if nobody can have, chmod 600 it, else remove the folder and have a new CA made.");
        }

        try
        {
            return X509Certificate2.CreateFromPemFile(RootPathIn(folder), keyPath);
        }
        catch (Exception cause) when (cause is CryptographicException or ArgumentException or FileNotFoundException)
        {
            throw new CertificateException($"{folder}: the local CA there is damaged ({cause.Message}); restore root.crt and root.key, or remove the folder to have a new CA made.", cause);
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private static string FileNameFor(IReadOnlyList<string> names)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', names)));
        string readable = new([.. names[0].Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')]);
        return $"{readable}-{Convert.ToHexStringLower(hash.AsSpan(0, 4))}";
    }

    private ServerCertificate? TryReadLeaf(string path, IReadOnlyList<string> names, TimeSpan lifetime, DateTimeOffset now)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            ServerCertificate kept = CertificateLoader.Load(new CertificateFileSettings { Chain = path, Names = names }, now);
            bool lasts = kept.NotAfter - now > Min(lifetime, kept.NotAfter - kept.NotBefore) / 3 || kept.NotAfter >= _root.NotAfter;
            return lasts && IsOfThisRoot(kept.Leaf, now) ? kept with { Source = SourceName } : null;
        }
        catch (CertificateException)
        {
            // Torn, expired or for other names: made anew, the root is what matters.
            return null;
        }
    }

    private bool IsOfThisRoot(X509Certificate2 leaf, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        return chain.Build(leaf);
    }

    private X509Certificate2 Sign(IReadOnlyList<string> names, ECDsa key, TimeSpan lifetime, DateTimeOffset now)
    {
        var request = new CertificateRequest(new X500DistinguishedName("O=Actors443 development"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(CertificateParts.AlternativeNames(names, critical: true));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ExtendedKeyUsages.ServerAuthentication)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        // Within the root's life, even if the clock was set back since.
        DateTimeOffset notBefore = now - CertificateValidation.ClockTolerance > _root.NotBefore ? now - CertificateValidation.ClockTolerance : _root.NotBefore;
        DateTimeOffset notAfter = now + lifetime < _root.NotAfter ? now + lifetime : _root.NotAfter;
        return request.Create(_root, notBefore, notAfter, CertificateParts.SerialNumber());
    }
}
