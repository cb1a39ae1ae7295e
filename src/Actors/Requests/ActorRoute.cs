using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Actors443.Requests;

/// <summary>Marks an endpoint as a route to an actor.</summary>
/// <param name="Pattern">By which <c>requests.routes</c> names it.</param>
internal sealed record ActorRoute(string Pattern)
{
    /// <summary>Once the host has started, says which <c>requests.routes</c> are for no route.</summary>
    public static void CheckSettingsWhenStarted(IServiceProvider host, RouteGuards guards) => host.GetService<IHostApplicationLifetime>()?.ApplicationStarted.Register(() =>
        guards.Know(host.GetService<EndpointDataSource>()?.Endpoints.Select(endpoint => endpoint.Metadata.GetMetadata<ActorRoute>()?.Pattern).OfType<string>() ?? []));
}
