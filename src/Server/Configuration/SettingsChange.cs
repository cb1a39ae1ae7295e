using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Server.Sites;

namespace Actors443.Server.Configuration;

/// <summary>What differs between the settings that run and those just loaded, and what of it can be applied without a restart.</summary>
/// <param name="LiveKeys">Changed keys that take effect at once, sorted.</param>
/// <param name="RestartKeys">Changed keys that take effect at the next start, sorted.</param>
/// <param name="Applicable">The settings to run now: what is live from the new ones, what needs a restart from the old.</param>
internal sealed record SettingsChange(IReadOnlyList<string> LiveKeys, IReadOnlyList<string> RestartKeys, ServerSettings Applicable)
{
    // Everything else belongs to sockets, threads and exporters that are made once.
    private static readonly string[] Live =
    [
        "actors443.sites", "actors443.certificates", "actors443.https.client-certificates", "actors443.https.tls", "actors443.https.strict-sni", "actors443.admission",
        "actors443.deadlines", "actors443.drain", "actors443.obituaries", "actors443.dns", "actors443.routes", "actors443.tunnels", "actors443.requests", "actors443.access-log", "actors443.log.level", "actors443.log.levels",
    ];

    public bool IsEmpty => LiveKeys.Count == 0 && RestartKeys.Count == 0;

    public static SettingsChange Between(ServerSettings running, ServerSettings loaded)
    {
        ILookup<bool, string> changed = ChangedKeys(running, loaded).Order(StringComparer.Ordinal).ToLookup(IsLive);
        return new SettingsChange([.. changed[true]], [.. changed[false]], ApplicableOf(running, loaded));
    }

    // What is the same stays the same object: whoever is given it again has nothing to do, and keeps its caches, health and TLS contexts.
    private static ServerSettings ApplicableOf(ServerSettings running, ServerSettings loaded)
    {
        (Actors443Settings now, Actors443Settings wanted) = (running.Core, loaded.Core);
        Dictionary<string, SiteSettings> sites = running.Sites.ToDictionary(site => site.Name);
        return loaded with
        {
            Core = wanted with
            {
                Engine = now.Engine,
                EventLoop = now.EventLoop,
                StateDirectory = now.StateDirectory,
                Cluster = now.Cluster,
                Http = now.Http,
                Https = now.Https with
                {
                    Tls = wanted.Https.Tls,
                    StrictSni = wanted.Https.StrictSni,
                    ClientCertificates = Keep(now.Https.ClientCertificates, wanted.Https.ClientCertificates),
                    ClientCertificatesByName = Keep(now.Https.ClientCertificatesByName, wanted.Https.ClientCertificatesByName),
                },
                Certificates = Keep(now.Certificates, wanted.Certificates),
                Admission = Keep(now.Admission, wanted.Admission),
                Routes = Keep(now.Routes, wanted.Routes),
                Tunnels = Keep(now.Tunnels, wanted.Tunnels),
                Dns = Keep(now.Dns, wanted.Dns),
                Requests = Keep(now.Requests, wanted.Requests),
            },
            Sites = [.. loaded.Sites.Select(site => sites.GetValueOrDefault(site.Name) is { } former ? Keep(former, site) : site)],
            AccessLog = Keep(running.AccessLog, loaded.AccessLog),
            Log = loaded.Log with { Json = running.Log.Json },
            Admin = running.Admin,
            Telemetry = running.Telemetry,
            Upgrade = running.Upgrade,
        };
    }

    private static T Keep<T>(T running, T loaded)
        where T : class => SettingsKeys.AreSame(running, loaded) ? running : loaded;

    public static bool IsLive(string key) => Array.Exists(Live, live => key == live || HoconPath.IsBelow(key, live));

    private static IEnumerable<string> ChangedKeys(ServerSettings running, ServerSettings loaded)
    {
        IReadOnlyDictionary<string, string> before = SettingsKeys.Of(running);
        IReadOnlyDictionary<string, string> after = SettingsKeys.Of(loaded);
        // That a site came or went is said by its own key.
        return before.Keys.Union(after.Keys).Where(key => key != "actors443.sites" && before.GetValueOrDefault(key) != after.GetValueOrDefault(key));
    }
}
