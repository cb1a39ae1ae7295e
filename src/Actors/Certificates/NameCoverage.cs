using Actors443.Configuration;

namespace Actors443.Certificates;

/// <summary>Which of the configured names have a certificate, and which are left to the local CA. Pure.</summary>
internal static class NameCoverage
{
    /// <summary>Configured names that none of the certificates covers.</summary>
    public static IEnumerable<string> Uncovered(CertificateSettings settings, IReadOnlyList<ServerCertificate> certificates) =>
        settings.Names.Where(name => name != "*" && !Covers(certificates, name)).Distinct(StringComparer.OrdinalIgnoreCase);

    /// <summary>One set for the default run's own names, and one for each name that no file covers. With certificates for all names the local CA
    /// has nothing to do, and none is made.</summary>
    public static IReadOnlyList<IReadOnlyList<string>> LocalSets(CertificateSettings settings, IReadOnlyList<ServerCertificate> fromFiles)
    {
        if (!settings.LocalCa.Enabled)
            return [];
        string[] missing = [.. Uncovered(settings, fromFiles)];
        if (fromFiles.Count > 0 && missing.Length == 0)
            return [];
        IEnumerable<IReadOnlyList<string>> own = settings.LocalCa.Names.Count > 0 ? [settings.LocalCa.Names] : [];
        return [.. own, .. missing.Where(name => !settings.LocalCa.Names.Contains(name, StringComparer.OrdinalIgnoreCase)).Select(name => (IReadOnlyList<string>)[name])];
    }

    /// <summary>Whether a certificate covers the name; a wildcard name is covered by the same wildcard alone.</summary>
    public static bool Covers(IReadOnlyList<ServerCertificate> certificates, string name) =>
        certificates.Any(certificate => certificate.Names.Any(certified => CertificateValidation.Covers(certified, name)));
}
