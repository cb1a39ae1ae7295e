using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>What would be served, looked at without a running server: for <c>check</c> and <c>certs</c>.</summary>
/// <param name="Certificates">The certificates that the files hold.</param>
/// <param name="Problems">One line each.</param>
/// <param name="LocalNames">Names that the local CA would serve.</param>
internal sealed record CertificateCheck(IReadOnlyList<CertificateInfo> Certificates, IReadOnlyList<string> Problems, IReadOnlyList<string> LocalNames)
{
    public static CertificateCheck Run(CertificateSettings settings, DateTimeOffset now)
    {
        FileScan scan = new CertificateFiles(settings).Scan(now);
        string[] local = [.. NameCoverage.LocalSets(settings, scan.Certificates).SelectMany(names => names)];
        return new CertificateCheck(
            [.. scan.Certificates.Select(CertificateInfo.Of)],
            [.. scan.Problems.Select(problem => problem.Message), .. SettingsProblems(settings, scan.Certificates)],
            local);
    }

    /// <summary>Where the certificates do not fit the settings. Each line names a setting and the fix.</summary>
    /// <param name="settings">What is wanted.</param>
    /// <param name="fromFiles">What the files hold.</param>
    public static IEnumerable<string> SettingsProblems(CertificateSettings settings, IReadOnlyList<ServerCertificate> fromFiles)
    {
        if (!settings.LocalCa.Enabled)
        {
            // What ACME is to get is on its way.
            foreach (string name in NameCoverage.Uncovered(settings, fromFiles).Except(settings.Acme.Names.SelectMany(names => names), StringComparer.OrdinalIgnoreCase))
                yield return $"sites: no certificate covers {name}; add one to certificates, or set certificates.local-ca.enabled = on.";
            if (fromFiles.Count == 0 && settings.Acme.Names.Count == 0)
                yield return "certificates: none is configured and certificates.local-ca is off; name a directory or files.";
        }

        string? wanted = settings.DefaultName;
        if (wanted is not null
            && !NameCoverage.Covers(fromFiles, wanted)
            && !NameCoverage.LocalSets(settings, fromFiles).Any(names => names.Any(name => CertificateValidation.Covers(name, wanted))))
        {
            yield return $"certificates.default-name = \"{wanted}\": no certificate covers it; correct the name, add a certificate for it, or set it to auto.";
        }
    }
}
