using Actors443.Routing;
using Actors443.Server.Sites;
using Yarp.ReverseProxy;
using Yarp.ReverseProxy.Model;

namespace Actors443.Server.Admin;

/// <summary>What is served and where it is led to.</summary>
/// <param name="Total">Sites there are; <paramref name="Sites"/> has the first of them.</param>
/// <param name="Sites">In the order of the settings.</param>
/// <param name="Routes">Connections led to upstreams without HTTP.</param>
internal sealed record SiteListing(int Total, IReadOnlyList<SiteReport> Sites, IReadOnlyList<ConnectionRouteReport> Routes)
{
    /// <summary>As it is now.</summary>
    /// <param name="sites">Being served.</param>
    /// <param name="proxies">Which upstreams are well; null: nothing is proxied.</param>
    /// <param name="routes">Of connections; null: none.</param>
    /// <param name="limit">How many sites, at most.</param>
    public static SiteListing Of(SiteIndex sites, IProxyStateLookup? proxies, RoutingTable? routes, int limit) => new(
        sites.Sites.Count,
        [.. sites.Sites.Take(limit).Select(site => SiteReport.Of(site, proxies))],
        [.. (routes?.Routes ?? []).Select(ConnectionRouteReport.Of)]);
}

/// <param name="Name">Host name, wildcard or <c>*</c>.</param>
/// <param name="Routes">Tried in order.</param>
internal sealed record SiteReport(string Name, IReadOnlyList<SiteRouteReport> Routes)
{
    public static SiteReport Of(Site site, IProxyStateLookup? proxies) => new(site.Name, [.. site.Settings.Routes.Select(route => SiteRouteReport.Of(site, route, proxies))]);
}

/// <param name="Path">Pattern.</param>
/// <param name="Kind"><c>files</c>, <c>proxy</c>, <c>respond</c>, <c>redirect</c>, <c>dns</c>, <c>welcome</c>.</param>
/// <param name="Target">Folder, address or status; null: nothing to name.</param>
/// <param name="Upstreams">Of a proxy.</param>
internal sealed record SiteRouteReport(string Path, string Kind, string? Target, IReadOnlyList<UpstreamReport>? Upstreams)
{
    public static SiteRouteReport Of(Site site, RouteSettings route, IProxyStateLookup? proxies) => route switch
    {
        FilesRoute files => new(route.Path, "files", files.Root, null),
        RespondRoute respond => new(route.Path, "respond", respond.Status.ToString(System.Globalization.CultureInfo.InvariantCulture), null),
        RedirectRoute redirect => new(route.Path, "redirect", redirect.Target, null),
        DnsRoute => new(route.Path, "dns", null, null),
        ProxyRoute proxy => new(route.Path, "proxy", null, UpstreamsOf(site, proxy, proxies)),
        _ => new(route.Path, "welcome", null, null),
    };

    private static UpstreamReport[] UpstreamsOf(Site site, ProxyRoute route, IProxyStateLookup? proxies) =>
        proxies is not null && proxies.TryGetCluster(ProxyConfiguration.IdOf(site.Name, route), out ClusterState? cluster)
            ? [.. cluster.Destinations.OrderBy(destination => destination.Key, StringComparer.Ordinal).Select(destination => UpstreamReport.Of(destination.Value))]
            : [.. route.Destinations.Select(destination => new UpstreamReport(destination.ToString(), "unknown", 0))];
}

/// <param name="Address">Its URL.</param>
/// <param name="Health"><c>healthy</c>, <c>unhealthy</c>, or <c>unknown</c>: nobody has looked yet, or is to look.</param>
/// <param name="Requests">In flight.</param>
internal sealed record UpstreamReport(string Address, string Health, int Requests)
{
    public static UpstreamReport Of(DestinationState destination) => new(destination.Model.Config.Address, HealthOf(destination.Health), destination.ConcurrentRequestCount);

    private static string HealthOf(DestinationHealthState health) => health switch
    {
        { Active: DestinationHealth.Unhealthy } or { Passive: DestinationHealth.Unhealthy } => "unhealthy",
        { Active: DestinationHealth.Healthy } or { Passive: DestinationHealth.Healthy } => "healthy",
        _ => "unknown",
    };
}

/// <summary>Connections that are led to upstreams as they are. Sizes in bytes.</summary>
/// <param name="Name">Of the route.</param>
/// <param name="Open">Connections now.</param>
/// <param name="BytesUp">To upstreams.</param>
/// <param name="BytesDown">From upstreams.</param>
/// <param name="Upstreams">With <c>paused</c> for those passed over because they could not be connected to, else <c>in use</c>.</param>
internal sealed record ConnectionRouteReport(string Name, int Open, long BytesUp, long BytesDown, IReadOnlyList<UpstreamReport> Upstreams)
{
    public static ConnectionRouteReport Of(Actors443.Routing.Route route)
    {
        HashSet<string> paused = [.. route.Upstreams.Paused.Select(upstream => upstream.ToString())];
        return new ConnectionRouteReport(
            route.Name,
            route.Usage.Open,
            route.Usage.BytesUp,
            route.Usage.BytesDown,
            [.. route.Settings.To.Select(upstream => upstream.ToString()).Select(upstream => new UpstreamReport(upstream, paused.Contains(upstream) ? "paused" : "in use", 0))]);
    }
}
