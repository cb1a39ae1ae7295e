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

    public ProxyRoutes(IServiceProvider services, InMemoryConfigProvider configuration)
    {
        ServiceProvider = services;
        _configuration = configuration;
        this.MapReverseProxy(pipeline =>
        {
            pipeline.Use(OtherDestinations.ForwardAsync);
            pipeline.UseLoadBalancing();
            pipeline.UsePassiveHealthChecks();
        });
    }

    public IServiceProvider ServiceProvider { get; }

    public ICollection<EndpointDataSource> DataSources { get; } = [];

    public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(ServiceProvider);

    /// <summary>Answers the endpoints by id of route when YARP has taken the routes over. Former endpoints keep working for who still has them.</summary>
    /// <exception cref="InvalidOperationException">YARP refused them; the former ones stay.</exception>
    public async Task<IReadOnlyDictionary<string, Endpoint>> ApplyAsync(IReadOnlyList<RouteConfig> routes, IReadOnlyList<ClusterConfig> clusters, CancellationToken cancellationToken)
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
                return endpoints;

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
