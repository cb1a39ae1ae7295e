using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>
/// The certificates that the configured files and folders hold, and what is known of each. A scan loads only what has changed; a pair that is bad
/// now leaves the one that was good before in place. Used by one thread at a time.
/// </summary>
/// <param name="settings">Which files and folders.</param>
/// <param name="served">What is served already: it stays while its file is bad, and stays the same object while its file is the same.</param>
internal sealed class CertificateFiles(CertificateSettings settings, IReadOnlyList<ServerCertificate>? served = null)
{
    private readonly Dictionary<FileSet, KnownCertificate> _known = [];
    private readonly Dictionary<string, ServerCertificate> _served = (served ?? []).DistinctBy(certificate => certificate.Source).ToDictionary(certificate => certificate.Source);
    private Dictionary<string, DateTimeOffset> _folderProblems = [];

    /// <summary>Looks at every file once.</summary>
    public FileScan Scan(DateTimeOffset now)
    {
        var seen = new HashSet<FileSet>();
        var kept = new List<KnownCertificate>();
        var looked = new List<(KnownCertificate Known, CertificateFileSettings Files)>();
        foreach (CertificateFileSettings files in Present(now))
        {
            FileSet set = FileSet.Of(files);
            if (!seen.Add(set))
                continue;
            if (!_known.TryGetValue(set, out KnownCertificate? known))
                _known[set] = known = new KnownCertificate { Certificate = _served.GetValueOrDefault(set.Source) };
            looked.Add((known, files));
            kept.Add(known);
        }

        // Reading and examining take a third of a millisecond each.
        Parallel.ForEach(looked, one => one.Known.Look(one.Files, now));

        foreach ((FileSet set, KnownCertificate known) in _known.Where(pair => !seen.Contains(pair.Key)).ToArray())
        {
            if (known.Certificate is null || IsDispensable(known.Certificate, kept, now))
            {
                _known.Remove(set);
                continue;
            }

            known.Miss(set.Source, now);
            kept.Add(known);
        }

        return new FileScan(
            [.. kept.Select(known => known.Certificate).OfType<ServerCertificate>().DistinctBy(certificate => certificate.Thumbprint)],
            [.. _folderProblems.Select(problem => new FileProblem(problem.Key, problem.Value, IsGone: false)), .. kept.Select(known => known.Problem).OfType<FileProblem>()]);
    }

    /// <summary>Folders to be notified of, and whether with those in them.</summary>
    public IReadOnlyDictionary<string, bool> WatchedFolders()
    {
        var folders = new Dictionary<string, bool>(StringComparer.Ordinal);
        foreach (string folder in settings.Directories)
            folders[Path.GetFullPath(folder)] = true;
        foreach (string path in settings.Files.SelectMany(files => new[] { files.Chain, files.Key, files.Pfx }).OfType<string>())
        {
            // A link may be swapped where it is, and what it points to may be written where that is.
            foreach (string? place in new[] { Path.GetFullPath(path), FinalTargetOf(path) })
            {
                if (Path.GetDirectoryName(place) is { } folder)
                    folders.TryAdd(folder, false);
            }
        }

        return folders;
    }

    private static string? FinalTargetOf(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName;
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException)
        {
            // The scan says what is wrong with it.
            return null;
        }
    }

    // A vanished file takes no certificate away, unless the files that are there make up for it: otherwise files named by date would pile up.
    private static bool IsDispensable(ServerCertificate vanished, List<KnownCertificate> kept, DateTimeOffset now) =>
        vanished.NotAfter <= now
        || vanished.Names.All(name => kept.Any(other =>
            other.Certificate is { } present && present.KeyKind == vanished.KeyKind && present.Names.Any(certified => CertificateValidation.Covers(certified, name))));

    private List<CertificateFileSettings> Present(DateTimeOffset now)
    {
        var present = new List<CertificateFileSettings>(settings.Files);
        var problems = new List<string>();
        foreach (string folder in settings.Directories)
            present.AddRange(CertificateFolder.Find(folder, problems));
        _folderProblems = problems.Distinct().ToDictionary(problem => problem, problem => _folderProblems.GetValueOrDefault(problem, now));
        return present;
    }

    /// <summary>What makes two entries the same: a password file that turns up makes no new one.</summary>
    private readonly record struct FileSet(string Source, string? Key, string RequiredNames)
    {
        public static FileSet Of(CertificateFileSettings files) => new(files.Chain ?? files.Pfx ?? "", files.Key, string.Join(' ', files.Names));
    }
}
