using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;

namespace Actors443.Server.Applying;

/// <summary>
/// Which connections a change ends: those of a site or route that is gone, and those that came in without a client certificate that is now demanded. All others stay as they are.
/// The plan counts by it, and applying acts by it. Immutable, thread-safe.
/// </summary>
internal sealed class ConcernedConnections
{
    private readonly ServerSettings _before;
    private readonly ServerSettings _after;
    private readonly SiteIndex _sites;
    private readonly HashSet<string> _goneSites;
    private readonly HashSet<string> _goneRoutes;
    private readonly bool _mayDemand;

    private ConcernedConnections(ServerSettings before, ServerSettings after)
    {
        _before = before;
        _after = after;
        _sites = IndexOf(before.Sites);
        _goneSites = [.. before.Sites.Select(site => site.Name).Except(after.Sites.Select(site => site.Name), StringComparer.OrdinalIgnoreCase)];
        _goneRoutes = [.. before.Core.Routes.Select(route => route.Name).Except(after.Core.Routes.Select(route => route.Name), StringComparer.Ordinal)];
        _mayDemand = before.Core.Https.ClientCertificates != after.Core.Https.ClientCertificates
            || !ReferenceEquals(before.Core.Https.ClientCertificatesByName, after.Core.Https.ClientCertificatesByName);
    }

    /// <summary>No connection can be concerned.</summary>
    public bool IsNone => _goneSites.Count + _goneRoutes.Count == 0 && !_mayDemand;

    /// <param name="before">Those in force.</param>
    /// <param name="after">Those to be.</param>
    public static ConcernedConnections Between(ServerSettings before, ServerSettings after) => new(before, after);

    /// <summary>The site whose clients come with this server name; null: none. By HTTP/2 a client may ask other sites of the same certificate on it as well.</summary>
    public string? SiteOf(ConnectionSnapshot connection) => connection is { ServerName: { } name, Route: null } ? _sites.Find(name)?.Name : null;

    /// <summary>Whether it is to end.</summary>
    public bool Includes(ConnectionSnapshot connection) =>
        connection.Route is { } route ? _goneRoutes.Contains(route) : (SiteOf(connection) is { } site && _goneSites.Contains(site)) || LacksCertificate(connection);

    /// <summary>Whether it came in by a rule for client certificates that would not let it in now.</summary>
    public bool LacksCertificate(ConnectionSnapshot connection)
    {
        if (!_mayDemand || connection.Route is not null)
            return false;
        ClientCertificateSettings rule = _after.Core.Https.ClientCertificatesFor(connection.ServerName);
        if (rule.Mode == ClientCertificateMode.None)
            return false;
        // Of another CA, a certificate may not be good any more; whoever has a good one comes back with it.
        ClientCertificateSettings former = _before.Core.Https.ClientCertificatesFor(connection.ServerName);
        return connection.ClientCertificate is null ? rule.Mode == ClientCertificateMode.Required : rule.CaFile != former.CaFile;
    }

    internal static SiteIndex IndexOf(IEnumerable<SiteSettings> sites) => new([.. sites.Select(site => new Site(site, []))]);
}
