using System.Collections.Frozen;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Model;

namespace Actors443.Server.Sites;

/// <summary>
/// YARP behind our own choice of site and route: it is given its configuration, and a request goes straight to the endpoint of its route,
/// without a second matching.
/// </summary>
internal sealed class ProxyRoutes : IEndpointRouteBuilder
{
    private static readonly TimeSpan ApplyWithin = TimeSpan.FromSeconds(10);

    private readonly InMemoryConfigProvider _configuration;
    private volatile FrozenDictionary<string, Endpoint> _endpoints = FrozenDictionary<string, Endpoint>.Empty;

    public ProxyRoutes(IServiceProvider services, InMemoryConfigProvider configuration)
    {
        ServiceProvider = services;
        _configuration = configuration;
        this.MapReverseProxy();
    }

    public IServiceProvider ServiceProvider { get; }

    public ICollection<EndpointDataSource> DataSources { get; } = [];

    public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(ServiceProvider);

    public Endpoint? Find(string id) => _endpoints.GetValueOrDefault(id);

    /// <summary>Returns when YARP has taken the routes over. Requests in flight go on by their old route.</summary>
    /// <exception cref="InvalidOperationException">YARP refused them; the former ones stay.</exception>
    public async Task ApplyAsync(IReadOnlyList<RouteConfig> routes, IReadOnlyList<ClusterConfig> clusters, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(ApplyWithin);
        _configuration.Update(routes, clusters);
        while (true)
        {
            var changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using IDisposable registration = DataSources.First().GetChangeToken().RegisterChangeCallback(_ => changed.TrySetResult(), null);
            FrozenDictionary<string, Endpoint> endpoints = ById();
            if (routes.All(route => endpoints.ContainsKey(route.RouteId)))
            {
                _endpoints = endpoints;
                return;
            }

            try
            {
                await changed.Task.WaitAsync(timeout.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new InvalidOperationException("The proxy routes were not taken over; the log of Yarp.ReverseProxy says why.");
            }
        }
    }

    private FrozenDictionary<string, Endpoint> ById() => DataSources
        .SelectMany(source => source.Endpoints)
        .Select(endpoint => (endpoint, model: endpoint.Metadata.GetMetadata<RouteModel>()))
        .Where(pair => pair.model is not null)
        .ToFrozenDictionary(pair => pair.model!.Config.RouteId, pair => pair.endpoint);
}
