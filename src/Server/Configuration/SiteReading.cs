using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Configuration.Reading;
using Actors443.Server.Sites;

namespace Actors443.Server.Configuration;

/// <summary>A site as it was written, before what others set is merged in.</summary>
/// <param name="Site">The site.</param>
/// <param name="AskedOfClients">Its own <c>client-certificates</c>; null: those of <c>https</c> apply.</param>
internal sealed record WrittenSite(SiteSettings Site, ClientCertificateSettings? AskedOfClients);

/// <summary>Reads <c>sites</c>.</summary>
internal static class SiteReading
{
    private static readonly HashSet<string> SiteKeys = [.. RouteReading.Kinds, "certificate", "client-certificates", "hsts", "compression", "routes"];

    /// <param name="sites">The section.</param>
    /// <param name="acme">Whose certificates sites may ask for.</param>
    public static IReadOnlyList<WrittenSite> Read(SettingsReader sites, AcmeSettings acme)
    {
        var read = new List<WrittenSite>();
        foreach ((string written, SettingsValue value) in sites.Entries())
        {
            if (IsUnquotedHost(value, written, out string whole))
            {
                value.Fail($"a host name needs quotes, because of its dots; write \"{whole}\"");
                continue;
            }

            if (HostName.Normalize(written, out string problem) is not { } name)
                value.Fail($"'{written}' {problem}");
            else if (read.Exists(other => other.Site.Name == name))
                value.Fail($"the site '{name}' is there already under another spelling; write it once");
            else if (ReadSite(name, value, acme) is { } site)
                read.Add(site);
        }

        return read;
    }

    // Without quotes, example.com is a section example with a key com.
    private static bool IsUnquotedHost(SettingsValue value, string written, out string whole)
    {
        whole = written;
        SettingsValue at = value;
        while (at.PeekOnlyKey() is { } only && !SiteKeys.Contains(only.Key))
        {
            whole += "." + only.Key;
            at = only.Value;
        }

        return whole != written;
    }

    private static WrittenSite? ReadSite(string name, SettingsValue value, AcmeSettings acme)
    {
        if (value.Kind != HoconKind.Section)
            return RouteReading.ReadShort(value) is { } route ? new WrittenSite(new SiteSettings(name, [route]), null) : null;
        if (value.AsSection("") is not { } section)
            return null;
        (SiteCertificate certificate, CertificateFileSettings? files) = ReadCertificate(section, name, acme);
        ClientCertificateSettings? asked = ListenerSettingsReading.ReadClientCertificates(section, "client-certificates");
        var site = new SiteSettings(name, ReadRoutes(section, value))
        {
            Certificate = certificate,
            CertificateFiles = files,
            Hsts = ReadHsts(section),
            Compression = section.Flag("compression", true),
        };
        return new WrittenSite(site, asked);
    }

    private static List<RouteSettings> ReadRoutes(SettingsReader section, SettingsValue site)
    {
        if (section.Value("routes") is not { } routes)
            return RouteReading.Read(section, site, "/*") is { } only ? [only] : [];
        if (RouteReading.KindsIn(section) is [{ } kind, ..])
            routes.Fail($"stands beside {kind}; put {kind} into a route of its own: {{ path = \"/*\", {kind} … }}");
        if (routes.Kind != HoconKind.List)
        {
            routes.Fail("is not a list; write routes = [ { path = \"/*\", … } ]");
            return [];
        }

        IReadOnlyList<SettingsValue> written = routes.AsList();
        if (written.Count == 0)
            routes.Fail("is empty; write at least { path = \"/*\", files = \"/srv/www\" }");
        var read = new List<RouteSettings>();
        foreach (SettingsValue value in written)
        {
            if (RouteReading.Read(value) is not { } route)
                continue;
            if (read.Find(earlier => RoutePath.Covers(earlier.Path, route.Path)) is { } earlier)
                value.Warn($"never answers: the route '{earlier.Path}' above takes all of '{route.Path}'; move this one up, or take it out");
            read.Add(route);
        }

        return read;
    }

    private static (SiteCertificate, CertificateFileSettings?) ReadCertificate(SettingsReader section, string name, AcmeSettings acme)
    {
        if (section.Value("certificate") is not { } value || value.Text == "auto")
            return (SiteCertificate.Auto, null);
        if (value.Text == "local")
            return (SiteCertificate.Local, null);
        if (value.Text == "acme")
        {
            if (name == "*")
                value.Fail("a CA certifies names, and '*' is none; write certificate = acme in the sites that have one");
            else if (AcmeSettingsReading.ProblemOf(name, acme) is { } problem)
                value.Fail(problem);
            return (SiteCertificate.Acme, null);
        }

        return (SiteCertificate.Files, CertificateSettingsReading.ReadFile(value, name == "*" ? [] : [name]));
    }

    private static HstsSettings ReadHsts(SettingsReader section)
    {
        var defaults = new HstsSettings();
        if (section.Value("hsts") is not { } value)
            return defaults;
        if (value.Kind == HoconKind.Text)
            return defaults with { Enabled = value.Flag() ?? defaults.Enabled };
        SettingsReader hsts = section.Section("hsts");
        HstsSettings read = defaults with
        {
            Enabled = hsts.Flag("enabled", defaults.Enabled),
            RampMaxAge = hsts.Duration("ramp-max-age", defaults.RampMaxAge, TimeSpan.FromSeconds(1)),
            Ramp = hsts.Duration("ramp", defaults.Ramp, TimeSpan.Zero),
            MaxAge = hsts.Duration("max-age", defaults.MaxAge, TimeSpan.Zero),
            IncludeSubDomains = hsts.Flag("include-sub-domains", defaults.IncludeSubDomains),
            Preload = hsts.Flag("preload", defaults.Preload),
        };
        // What hstspreload.org asks for; browsers ignore preload without it.
        if (read.Preload && (!read.IncludeSubDomains || read.MaxAge < TimeSpan.FromDays(365)))
            hsts.Value("preload")!.Fail("needs include-sub-domains = on and max-age = 365d or more; write both, or preload = off");
        return read;
    }
}
