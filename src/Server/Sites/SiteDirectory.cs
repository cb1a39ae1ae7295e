using Actors443.Server.Telemetry;
using Yarp.ReverseProxy.Configuration;

namespace Actors443.Server.Sites;

/// <summary>The sites being served. A reload builds all of the new ones before any is shown; requests in flight finish by the old ones. Thread-safe.</summary>
internal sealed class SiteDirectory(ProxyRoutes proxies, IWebHostEnvironment environment, ILoggerFactory loggers, WelcomeHandler welcome) : IDisposable
{
    private readonly ILogger _log = loggers.CreateLogger(Actors443.Telemetry.LogCategories.Sites);
    private readonly SemaphoreSlim _applying = new(1, 1);
    private volatile SiteIndex _current = SiteIndex.Empty;

    public SiteIndex Current => _current;

    public async Task ApplyAsync(IReadOnlyList<SiteSettings> sites, CancellationToken cancellationToken)
    {
        await _applying.WaitAsync(cancellationToken);
        try
        {
            var routes = new Dictionary<string, RouteConfig>();
            var clusters = new Dictionary<string, ClusterConfig>();
            List<Site> built = [.. sites.Select(site => new Site(site, [.. site.Routes.Select(route => new SiteRoute(route.Path, Handler(site, route, routes, clusters)))]))];
            await proxies.ApplyAsync([.. routes.Values], [.. clusters.Values], cancellationToken);
            _current = new SiteIndex(built);
            _log.SitesServed(built.Count, string.Join(", ", built.Select(site => site.Name).Take(10)));
        }
        finally
        {
            _applying.Release();
        }
    }

    public void Dispose() => _applying.Dispose();

    private IRouteHandler Handler(SiteSettings site, RouteSettings route, Dictionary<string, RouteConfig> routes, Dictionary<string, ClusterConfig> clusters)
    {
        switch (route)
        {
            case FilesRoute files:
                return new FilesHandler(files, environment, loggers);
            case RespondRoute respond:
                return new RespondHandler(respond);
            case RedirectRoute redirect:
                return new RedirectHandler(redirect);
            case WelcomeRoute:
                return welcome;
            case ProxyRoute proxy:
                string id = ProxyConfiguration.IdOf(site.Name, proxy);
                routes[id] = ProxyConfiguration.ToRoute(id, proxy);
                clusters[id] = ProxyConfiguration.ToCluster(id, proxy);
                return new ProxyHandler(id, proxies, _log);
            default:
                throw new InvalidOperationException($"No handler for {route.GetType().Name}.");
        }
    }
}
