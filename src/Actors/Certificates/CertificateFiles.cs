using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>
/// The certificates that the configured files and folders hold, and what is known of each. A scan reads only what has changed; a pair that is bad
/// now leaves the one that was good before in place. Used by one thread.
/// </summary>
internal sealed class CertificateFiles(CertificateSettings settings)
{
    private readonly Dictionary<CertificateFileSettings, Known> _known = [];

    /// <summary>Looks at every file once.</summary>
    public FileScan Scan(DateTimeOffset now)
    {
        var problems = new List<string>();
        List<CertificateFileSettings> present = Present(problems);
        bool changed = false;
        foreach (CertificateFileSettings files in present)
        {
            Known known = _known.TryGetValue(files, out Known? before) ? before : new Known();
            _known[files] = known;
            string stamp = Stamp(files);
            if (stamp == known.Stamp && known.Problem is null)
                continue;
            try
            {
                ServerCertificate loaded = CertificateLoader.Load(files, now);
                if (known.Certificate?.Thumbprint != loaded.Thumbprint)
                {
                    known.Certificate = loaded;
                    changed = true;
                }

                known.Problem = null;
                known.BadSince = null;
            }
            catch (CertificateException problem)
            {
                known.Problem = problem.Message;
                known.BadSince ??= now;
            }

            known.Stamp = stamp;
        }

        // A vanished file takes no certificate away: only new settings do that.
        foreach ((CertificateFileSettings files, Known known) in _known)
        {
            if (!present.Contains(files) && known.Problem is null)
            {
                known.Problem = $"{files.Chain ?? files.Pfx}: the file is gone; its last certificate is served until it is back or the server restarts.";
                known.BadSince = now;
                known.Stamp = null;
            }
        }

        problems.AddRange(_known.Values.Select(known => known.Problem).OfType<string>());
        return new FileScan([.. _known.Values.Select(known => known.Certificate).OfType<ServerCertificate>()], problems, changed, _known.Values.Min(known => known.BadSince));
    }

    /// <summary>Folders to be notified of.</summary>
    public IReadOnlySet<string> WatchedFolders()
    {
        var folders = new HashSet<string>(StringComparer.Ordinal);
        foreach (CertificateFileSettings files in settings.Files)
        {
            foreach (string? file in new[] { files.Chain, files.Key, files.Pfx })
            {
                if (file is not null && Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
                    folders.Add(folder);
            }
        }

        folders.UnionWith(settings.Directories.Select(Path.GetFullPath));
        folders.RemoveWhere(folder => !Directory.Exists(folder));
        return folders;
    }

    private List<CertificateFileSettings> Present(List<string> problems)
    {
        var present = new List<CertificateFileSettings>(settings.Files);
        foreach (string folder in settings.Directories)
        {
            try
            {
                present.AddRange(CertificateFolder.Find(folder));
            }
            catch (CertificateException problem)
            {
                problems.Add(problem.Message);
            }
        }

        return present;
    }

    // Through symbolic links, so that a swapped link counts as a change.
    private static string Stamp(CertificateFileSettings files) =>
        string.Join('|', new[] { files.Chain, files.Key, files.Pfx }.OfType<string>().Select(StampOf));

    private static string StampOf(string path)
    {
        try
        {
            var file = new FileInfo(path);
            FileSystemInfo target = file.ResolveLinkTarget(returnFinalTarget: true) ?? file;
            var final = new FileInfo(target.FullName);
            return final.Exists ? $"{final.FullName}:{final.LastWriteTimeUtc.Ticks}:{final.Length}" : $"{path}:gone";
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            return $"{path}:{cause.GetType().Name}";
        }
    }

    private sealed class Known
    {
        public string? Stamp { get; set; }

        public ServerCertificate? Certificate { get; set; }

        public string? Problem { get; set; }

        public DateTimeOffset? BadSince { get; set; }
    }
}

/// <summary>The outcome of a scan.</summary>
/// <param name="Certificates">To be served, in the order of the settings.</param>
/// <param name="Problems">What is bad now.</param>
/// <param name="Changed">Whether a certificate is another than before.</param>
/// <param name="BadSince">Since when the longest-standing problem stands.</param>
internal sealed record FileScan(IReadOnlyList<ServerCertificate> Certificates, IReadOnlyList<string> Problems, bool Changed, DateTimeOffset? BadSince);
