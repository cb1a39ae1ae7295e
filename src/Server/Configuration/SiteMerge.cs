using Actors443.Configuration;
using Actors443.Server.Sites;

namespace Actors443.Server.Configuration;

/// <summary>Puts into the library's settings what the sites ask of it: names, certificate files, client certificates.</summary>
internal static class SiteMerge
{
    private const string EveryHost = "*";

    public static ServerSettings Merge(ServerSettings settings, IReadOnlyList<WrittenSite> written)
    {
        // A client certificate is asked for by server name, before any request: "*" speaks for all names that have no site.
        ClientCertificateSettings global = settings.Core.Https.ClientCertificates;
        ClientCertificateSettings others = written.FirstOrDefault(site => site.Site.Name == EveryHost)?.AskedOfClients ?? global;
        SiteSettings[] sites = [.. written.Select(site => site.Site with { ClientCertificates = site.AskedOfClients ?? (site.Site.Name == EveryHost ? others : global) })];
        CertificateSettings certificates = settings.Core.Certificates;
        return settings with
        {
            Sites = sites,
            Core = settings.Core with
            {
                OwnNames = [.. sites.Select(site => site.Name).Where(name => name != EveryHost)],
                Https = settings.Core.Https with
                {
                    ClientCertificates = others,
                    ClientCertificatesByName = sites.Where(site => site.Name != EveryHost && site.ClientCertificates != others)
                        .ToDictionary(site => site.Name, site => site.ClientCertificates, StringComparer.OrdinalIgnoreCase),
                },
                Certificates = certificates with
                {
                    Files = [.. certificates.Files, .. sites.Select(site => site.CertificateFiles).OfType<CertificateFileSettings>()],
                    Acme = certificates.Acme with { Names = AcmeNames(certificates.Acme, sites) },
                    Names = [.. sites.Where(site => site.Name != EveryHost && site.Certificate != SiteCertificate.Files).Select(site => site.Name)],
                },
            },
        };
    }

    // One certificate a site, unless a set that was written has its name already.
    private static IReadOnlyList<IReadOnlyList<string>> AcmeNames(AcmeSettings acme, IEnumerable<SiteSettings> sites) =>
    [
        .. acme.Names,
        .. sites.Where(site => site.Certificate == SiteCertificate.Acme && !acme.Names.Any(set => set.Contains(site.Name, StringComparer.OrdinalIgnoreCase)))
            .Select(site => (IReadOnlyList<string>)[site.Name]),
    ];
}
