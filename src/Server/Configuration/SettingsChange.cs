using Actors443.Configuration.Hocon;

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
        "actors443.deadlines", "actors443.drain", "actors443.dns", "actors443.routes", "actors443.tunnels", "actors443.requests", "actors443.access-log", "actors443.log.level", "actors443.log.levels",
    ];

    public bool IsEmpty => LiveKeys.Count == 0 && RestartKeys.Count == 0;

    public static SettingsChange Between(ServerSettings running, ServerSettings loaded)
    {
        ILookup<bool, string> changed = ChangedKeys(running, loaded).Order(StringComparer.Ordinal).ToLookup(IsLive);
        ServerSettings applicable = loaded with
        {
            Core = loaded.Core with
            {
                Engine = running.Core.Engine,
                EventLoop = running.Core.EventLoop,
                StateDirectory = running.Core.StateDirectory,
                Cluster = running.Core.Cluster,
                Http = running.Core.Http,
                Https = running.Core.Https with
                {
                    Tls = loaded.Core.Https.Tls,
                    StrictSni = loaded.Core.Https.StrictSni,
                    ClientCertificates = loaded.Core.Https.ClientCertificates,
                    ClientCertificatesByName = loaded.Core.Https.ClientCertificatesByName,
                },
            },
            Log = loaded.Log with { Json = running.Log.Json },
            Admin = running.Admin,
            Telemetry = running.Telemetry,
        };
        return new SettingsChange([.. changed[true]], [.. changed[false]], applicable);
    }

    public static bool IsLive(string key) => Array.Exists(Live, live => key == live || HoconPath.IsBelow(key, live));

    private static IEnumerable<string> ChangedKeys(ServerSettings running, ServerSettings loaded)
    {
        IReadOnlyDictionary<string, string> before = SettingsKeys.Of(running);
        IReadOnlyDictionary<string, string> after = SettingsKeys.Of(loaded);
        // That a site came or went is said by its own key.
        return before.Keys.Union(after.Keys).Where(key => key != "actors443.sites" && before.GetValueOrDefault(key) != after.GetValueOrDefault(key));
    }
}
