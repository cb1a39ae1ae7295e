using Actors443.Dns;
using Actors443.Server.Sites.Welcome;
using Actors443.Server.Telemetry;
using Yarp.ReverseProxy.Configuration;

namespace Actors443.Server.Sites;

/// <summary>The sites being served. A reload builds all of the new ones before any is shown; requests in flight finish by the old ones. Thread-safe.</summary>
internal sealed class SiteDirectory(
    ProxyRoutes proxies, IConfigValidator proxyCheck, IWebHostEnvironment environment, ILoggerFactory loggers, TimeProvider time, Lazy<WelcomeHandler> welcome, IDnsResolver? resolver = null) : IDisposable
{
    private readonly ILogger _log = loggers.CreateLogger(Actors443.Telemetry.LogCategories.Sites);
    private readonly SemaphoreSlim _applying = new(1, 1);
    private volatile SiteIndex _current = SiteIndex.Empty;
    private volatile IReadOnlyDictionary<RouteSettings, IRouteHandler> _handlers = new Dictionary<RouteSettings, IRouteHandler>();

    public SiteIndex Current => _current;

    public async Task ApplyAsync(IReadOnlyList<SiteSettings> sites, CancellationToken cancellationToken) =>
        await CommitAsync(await PrepareAsync(sites, cancellationToken), cancellationToken);

    /// <summary>Builds what can fail to be built, and shows nothing of it. The same settings as those being served keep their handlers.</summary>
    /// <exception cref="InvalidOperationException">YARP would refuse a route.</exception>
    /// <exception cref="IOException">A folder is gone.</exception>
    public async Task<PreparedSites> PrepareAsync(IReadOnlyList<SiteSettings> sites, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<RouteSettings, IRouteHandler> former = _handlers;
        var handlers = new Dictionary<RouteSettings, IRouteHandler>(ReferenceEqualityComparer.Instance);
        foreach (RouteSettings route in sites.SelectMany(site => site.Routes).Where(route => route is not ProxyRoute))
            handlers[route] = former.GetValueOrDefault(route) ?? Handler(route);
        var proxied = new Dictionary<string, ProxyRoute>();
        foreach (SiteSettings site in sites)
        {
            foreach (ProxyRoute route in site.Routes.OfType<ProxyRoute>())
                proxied[ProxyConfiguration.IdOf(site.Name, route)] = route;
        }

        var prepared = new PreparedSites(
            sites, handlers, [.. proxied.Select(route => ProxyConfiguration.ToRoute(route.Key, route.Value))], [.. proxied.Select(route => ProxyConfiguration.ToCluster(route.Key, route.Value))]);
        cancellationToken.ThrowIfCancellationRequested();
        foreach (RouteConfig route in prepared.ProxyRoutes)
            Refuse(route.RouteId, await proxyCheck.ValidateRouteAsync(route));
        foreach (ClusterConfig cluster in prepared.ProxyClusters)
            Refuse(cluster.ClusterId, await proxyCheck.ValidateClusterAsync(cluster));
        return prepared;
    }

    /// <summary>Shows what was prepared.</summary>
    /// <exception cref="InvalidOperationException">YARP refused it; what was served is served on.</exception>
    public async Task CommitAsync(PreparedSites prepared, CancellationToken cancellationToken)
    {
        await _applying.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyDictionary<string, Endpoint> endpoints = await proxies.ApplyAsync(prepared.ProxyRoutes, prepared.ProxyClusters, cancellationToken);
            var handlers = new Dictionary<RouteSettings, IRouteHandler>(prepared.Handlers, ReferenceEqualityComparer.Instance);
            foreach (SiteSettings site in prepared.Sites)
            {
                foreach (ProxyRoute route in site.Routes.OfType<ProxyRoute>())
                    handlers[route] = new ProxyHandler(endpoints[ProxyConfiguration.IdOf(site.Name, route)], _log, time);
            }

            List<Site> built = [.. prepared.Sites.Select(site => new Site(site, [.. site.Routes.Select(route => new SiteRoute(route.Path, handlers[route]))]))];
            _handlers = prepared.Handlers;
            _current = new SiteIndex(built);
            _log.SitesServed(built.Count, string.Join(", ", built.Select(site => site.Name).Take(10)));
        }
        finally
        {
            _applying.Release();
        }
    }

    public void Dispose() => _applying.Dispose();

    private static void Refuse(string id, IList<Exception> problems)
    {
        if (problems.Count > 0)
            throw new InvalidOperationException($"sites: the proxy refuses {id}: {string.Join("; ", problems.Select(problem => problem.Message))}");
    }

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

/// <summary>Sites that are built and not shown yet. Immutable.</summary>
/// <param name="Sites">In the order of the settings.</param>
/// <param name="Handlers">Of their routes, but for those to upstreams.</param>
/// <param name="ProxyRoutes">Those, for YARP.</param>
/// <param name="ProxyClusters">Their upstreams.</param>
internal sealed record PreparedSites(
    IReadOnlyList<SiteSettings> Sites, IReadOnlyDictionary<RouteSettings, IRouteHandler> Handlers, IReadOnlyList<RouteConfig> ProxyRoutes, IReadOnlyList<ClusterConfig> ProxyClusters);
