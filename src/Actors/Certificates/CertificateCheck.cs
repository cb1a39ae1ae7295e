using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>What would be served, looked at without a running server: for <c>check</c> and <c>certs</c>.</summary>
/// <param name="Certificates">The certificates that the files hold, and those of the local CA that exist already.</param>
/// <param name="Problems">One line each.</param>
/// <param name="LocalNames">Names that the local CA would serve.</param>
internal sealed record CertificateCheck(IReadOnlyList<CertificateInfo> Certificates, IReadOnlyList<string> Problems, IReadOnlyList<string> LocalNames)
{
    public static CertificateCheck Run(CertificateSettings settings, DateTimeOffset now)
    {
        FileScan scan = new CertificateFiles(settings).Scan(now);
        var index = new CertificateIndex(0, scan.Certificates, settings.DefaultName);
        string[] missing = [.. settings.Names.Where(name => name != "*" && !index.Covers(name))];
        var problems = new List<string>(scan.Problems);
        if (!settings.LocalCa.Enabled)
        {
            problems.AddRange(missing.Select(name => $"sites: no certificate covers {name}; add one to certificates, or set certificates.local-ca.enabled = on."));
            if (index.Certificates.Count == 0)
                problems.Add("certificates: none is configured and certificates.local-ca is off; name a directory or files.");
            missing = [];
        }
        else if (index.Certificates.Count == 0)
        {
            missing = [.. settings.LocalCa.Names.Concat(missing).Distinct(StringComparer.OrdinalIgnoreCase)];
        }

        return new CertificateCheck([.. scan.Certificates.Select(CertificateInfo.Of)], problems, missing);
    }
}
