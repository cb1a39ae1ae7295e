using Actors443.Certificates;
using Actors443.Configuration;
using Actors443.Connections;

namespace Actors443.Server.Applying.Planning;

/// <summary>Which certificates come, go and change their place. Reads the certificate files if anything about certificates changes.</summary>
internal static class PlannedCertificates
{
    public static IEnumerable<PlannedCertificate> Between(CertificateSettings before, CertificateSettings after, DateTimeOffset now, IReadOnlyList<ConnectionSnapshot> connections)
    {
        if (ReferenceEquals(before, after))
            return [];
        var held = CertificateCheck.Run(before, now);
        var wanted = CertificateCheck.Run(after, now);
        return
        [
            .. FromFiles(held.Certificates, wanted.Certificates, connections),
            .. BySets([.. held.LocalNames.Select(OneName)], [.. wanted.LocalNames.Select(OneName)], "local-ca", connections),
            .. BySets(before.Acme.Names, after.Acme.Names, "acme", connections),
        ];
    }

    private static IEnumerable<PlannedCertificate> FromFiles(IReadOnlyList<CertificateInfo> before, IReadOnlyList<CertificateInfo> after, IReadOnlyList<ConnectionSnapshot> connections)
    {
        ILookup<string, CertificateInfo> gone = before.ExceptBy(after.Select(certificate => certificate.Fingerprint), certificate => certificate.Fingerprint).ToLookup(KeyOf);
        ILookup<string, CertificateInfo> come = after.ExceptBy(before.Select(certificate => certificate.Fingerprint), certificate => certificate.Fingerprint).ToLookup(KeyOf);
        foreach (IGrouping<string, CertificateInfo> certificate in gone)
            yield return Planned(certificate.First().Names, "files", come.Contains(certificate.Key) ? PlannedChange.Changed : PlannedChange.Removed, connections);
        foreach (IGrouping<string, CertificateInfo> certificate in come.Where(certificate => !gone.Contains(certificate.Key)))
            yield return Planned(certificate.First().Names, "files", PlannedChange.Added, connections);
    }

    private static IEnumerable<PlannedCertificate> BySets(IReadOnlyList<IReadOnlyList<string>> before, IReadOnlyList<IReadOnlyList<string>> after, string source, IReadOnlyList<ConnectionSnapshot> connections)
    {
        foreach (IReadOnlyList<string> names in before.ExceptBy(after.Select(KeyOf), KeyOf))
            yield return Planned(names, source, PlannedChange.Removed, connections);
        foreach (IReadOnlyList<string> names in after.ExceptBy(before.Select(KeyOf), KeyOf))
            yield return Planned(names, source, PlannedChange.Added, connections);
    }

    private static PlannedCertificate Planned(IReadOnlyList<string> names, string source, PlannedChange change, IReadOnlyList<ConnectionSnapshot> connections) =>
        new(names, source, change, connections.Count(connection => connection is { ServerName: { } asked, Route: null } && names.Any(name => CertificateValidation.Covers(name, asked))));

    // Of the same names there may be two at once: one with an RSA key, one with ECDSA.
    private static string KeyOf(CertificateInfo certificate) => $"{KeyOf(certificate.Names)} {certificate.Key[..certificate.Key.IndexOf(' ', StringComparison.Ordinal)]}";

    private static string KeyOf(IReadOnlyList<string> names) => string.Join(' ', names.Order(StringComparer.OrdinalIgnoreCase)).ToLowerInvariant();

    private static IReadOnlyList<string> OneName(string name) => [name];
}
