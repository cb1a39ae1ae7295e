using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Actors443.Certificates;

/// <summary>
/// The certificate authority made at first run, so that the default run and every name without a certificate can be served. Its root is for the
/// developer's own machines: the key never leaves the state directory (mode 0600).
/// </summary>
internal sealed class LocalCa
{
    /// <summary>What its certificates give as their source.</summary>
    public const string SourceName = "local CA";

    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private static readonly TimeSpan RootLifetime = TimeSpan.FromDays(3650);
    private static readonly TimeSpan ClockTolerance = TimeSpan.FromHours(1);

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

    /// <summary>Opens the CA of the state directory, making it if there is none. Several processes may do so at once.</summary>
    /// <exception cref="CertificateException">The folder cannot be written, or what is there cannot be used.</exception>
    public static LocalCa Open(string stateDirectory, DateTimeOffset now)
    {
        string folder = FolderIn(stateDirectory);
        try
        {
            PrivateFile.MakeFolder(stateDirectory);
            PrivateFile.MakeFolder(folder);
            using FileStream turn = TakeTurn(folder);
            if (!File.Exists(KeyPathIn(folder)))
                MakeRoot(folder, now);
            return new LocalCa(folder, ReadRoot(folder));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{folder}: the local CA cannot be kept there ({cause.Message}); make the folder writable or set state-directory.", cause);
        }
    }

    /// <summary>The certificate for these names: the one on disk while it has a third of its life left, else a new one.</summary>
    /// <exception cref="CertificateException">It cannot be written.</exception>
    public ServerCertificate Issue(IReadOnlyList<string> names, TimeSpan lifetime, DateTimeOffset now)
    {
        string path = Path.Combine(_folder, FileNameFor(names) + ".pem");
        try
        {
            using FileStream turn = TakeTurn(_folder);
            if (TryReadLeaf(path, names, lifetime, now) is { } kept)
                return kept;
            using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using X509Certificate2 leaf = Sign(names, key, lifetime, now);
            PrivateFile.Write(path, Encoding.ASCII.GetBytes(leaf.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n"));
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            throw new CertificateException($"{path}: cannot be written ({cause.Message}); make the folder writable or set state-directory.", cause);
        }

        return TryReadLeaf(path, names, lifetime, now) ?? throw new CertificateException($"{path}: what was just written cannot be read back; check the disk.");
    }

    private static string KeyPathIn(string folder) => Path.Combine(folder, "root.key");

    private static FileStream TakeTurn(string folder)
    {
        string path = Path.Combine(folder, ".lock");
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (attempt < 100)
            {
                // Another process makes its certificates; that takes milliseconds.
                Thread.Sleep(20);
            }
        }
    }

    private static void MakeRoot(string folder, DateTimeOffset now)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string name = string.Create(CultureInfo.InvariantCulture, $"CN=Actors443 Local CA {Environment.MachineName} {now:yyyy-MM-dd}, O=Actors443 development");
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using X509Certificate2 root = request.CreateSelfSigned(now - ClockTolerance, now + RootLifetime);
        PrivateFile.Write(RootPathIn(folder), Encoding.ASCII.GetBytes(root.ExportCertificatePem() + "\n"), PrivateFile.Public);
        PrivateFile.Write(KeyPathIn(folder), Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"));
    }

    private static X509Certificate2 ReadRoot(string folder)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(RootPathIn(folder), KeyPathIn(folder));
        }
        catch (Exception cause) when (cause is CryptographicException or ArgumentException or FileNotFoundException)
        {
            throw new CertificateException($"{folder}: the local CA there is damaged ({cause.Message}); restore root.crt and root.key, or remove both to have a new CA made.", cause);
        }
    }

    private static ServerCertificate? TryReadLeaf(string path, IReadOnlyList<string> names, TimeSpan lifetime, DateTimeOffset now)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            ServerCertificate kept = CertificateLoader.Load(new Configuration.CertificateFileSettings { Chain = path, Names = names }, now);
            return kept.NotAfter - now > Min(lifetime, kept.NotAfter - kept.NotBefore) / 3 ? kept with { Source = SourceName } : null;
        }
        catch (CertificateException)
        {
            // Torn, expired or for other names: made anew, the root is what matters.
            return null;
        }
    }

    private static TimeSpan Min(TimeSpan a, TimeSpan b) => a < b ? a : b;

    private X509Certificate2 Sign(IReadOnlyList<string> names, ECDsa key, TimeSpan lifetime, DateTimeOffset now)
    {
        var request = new CertificateRequest(new X500DistinguishedName("O=Actors443 development"), key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build(critical: true));
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_root, true, false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] &= 0x7f;
        DateTimeOffset notAfter = now + lifetime < _root.NotAfter ? now + lifetime : _root.NotAfter;
        return request.Create(_root, now - ClockTolerance, notAfter, serial);
    }

    private static string FileNameFor(IReadOnlyList<string> names)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', names)));
        string readable = new([.. names[0].Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')]);
        return $"{readable}-{Convert.ToHexStringLower(hash.AsSpan(0, 4))}";
    }
}
