using Actors443.Configuration.Hocon;
using Actors443.Server.Configuration;

namespace Actors443.Server.Applying.Generations;

/// <summary>Which settings a configuration of the cluster decides; all others (addresses, state directory, engine, cluster, admin, telemetry, logs) are each node's own.</summary>
internal static class ClusterScope
{
    // What can change while serving and is a node's own all the same.
    private static readonly string[] OwnLive = ["actors443.access-log", "actors443.log"];

    /// <summary>Whether a setting that can change while serving is the cluster's.</summary>
    public static bool Includes(string key) => SettingsChange.IsLive(key) && !Array.Exists(OwnLive, own => key == own || HoconPath.IsBelow(key, own));

    /// <summary>A node's own settings with what the cluster decides in the place of theirs.</summary>
    public static ServerSettings Over(ServerSettings own, ServerSettings cluster) => own with
    {
        Sites = cluster.Sites,
        Core = own.Core with
        {
            Https = own.Core.Https with
            {
                Tls = cluster.Core.Https.Tls,
                StrictSni = cluster.Core.Https.StrictSni,
                ClientCertificates = cluster.Core.Https.ClientCertificates,
                ClientCertificatesByName = cluster.Core.Https.ClientCertificatesByName,
            },
            Certificates = cluster.Core.Certificates,
            Admission = cluster.Core.Admission,
            Deadlines = cluster.Core.Deadlines,
            Drain = cluster.Core.Drain,
            Obituaries = cluster.Core.Obituaries,
            Routes = cluster.Core.Routes,
            OwnNames = cluster.Core.OwnNames,
            Tunnels = cluster.Core.Tunnels,
            Dns = cluster.Core.Dns,
            Requests = cluster.Core.Requests,
        },
    };
}
