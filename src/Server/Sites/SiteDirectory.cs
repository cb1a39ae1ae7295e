using Actors443.Dns;
using Actors443.Server.Sites.Welcome;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Sites;

/// <summary>The sites being served. A reload builds all of the new ones before any is shown; requests in flight finish by the old ones. Thread-safe.</summary>
internal sealed class SiteDirectory(ProxyRoutes proxies, IWebHostEnvironment environment, ILoggerFactory loggers, TimeProvider time, Lazy<WelcomeHandler> welcome, IDnsResolver? resolver = null) : IDisposable
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
            // What can fail comes first: a folder that is gone must not cost the upstreams of the sites that stay.
            var handlers = new Dictionary<RouteSettings, IRouteHandler>(ReferenceEqualityComparer.Instance);
            foreach (RouteSettings route in sites.SelectMany(site => site.Routes).Where(route => route is not ProxyRoute))
                handlers[route] = Handler(route);
            var proxied = new Dictionary<string, ProxyRoute>();
            foreach (SiteSettings site in sites)
            {
                foreach (ProxyRoute route in site.Routes.OfType<ProxyRoute>())
                    proxied[ProxyConfiguration.IdOf(site.Name, route)] = route;
            }

            IReadOnlyDictionary<string, Endpoint> endpoints = await proxies.ApplyAsync(
                [.. proxied.Select(route => ProxyConfiguration.ToRoute(route.Key, route.Value))],
                [.. proxied.Select(route => ProxyConfiguration.ToCluster(route.Key, route.Value))],
                cancellationToken);
            foreach (SiteSettings site in sites)
            {
                foreach (ProxyRoute route in site.Routes.OfType<ProxyRoute>())
                    handlers[route] = new ProxyHandler(endpoints[ProxyConfiguration.IdOf(site.Name, route)], _log, time);
            }

            List<Site> built = [.. sites.Select(site => new Site(site, [.. site.Routes.Select(route => new SiteRoute(route.Path, handlers[route]))]))];
            _current = new SiteIndex(built);
            _log.SitesServed(built.Count, string.Join(", ", built.Select(site => site.Name).Take(10)));
        }
        finally
        {
            _applying.Release();
        }
    }

    public void Dispose() => _applying.Dispose();

    private IRouteHandler Handler(RouteSettings route) => route switch
    {
        FilesRoute files => new FilesHandler(files, environment, loggers),
        RespondRoute respond => new RespondHandler(respond),
        RedirectRoute redirect => new RedirectHandler(redirect),
        WelcomeRoute => welcome.Value,
        DnsRoute dns => new DnsHandler(dns, resolver ?? throw new InvalidOperationException("This host has no resolver.")),
        _ => throw new InvalidOperationException($"No handler for {route.GetType().Name}."),
    };
}
