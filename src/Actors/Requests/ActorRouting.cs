using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Actors443.Requests;

/// <summary>
/// Routes whose requests are told to actors: to a reference (of an actor, a router, a shard region), a selection, an actor of the registry, or whom a function names.
/// Each gets <see cref="ActorRequest"/>s and answers their sender. Nobody there: 503 at once. Too late: 504. Failed or stopped: 500. All with problem documents (RFC 9457).
/// </summary>
public static class ActorRouting
{
    /// <summary>Requests of this pattern are told to <paramref name="target"/>.</summary>
    /// <param name="endpoints">The application's.</param>
    /// <param name="pattern">As with <c>MapGet</c>.</param>
    /// <param name="target">An <see cref="IActorRef"/> or <see cref="ActorSelection"/>.</param>
    /// <param name="configure">How; null: as the settings say.</param>
    public static IEndpointConventionBuilder MapActor(this IEndpointRouteBuilder endpoints, string pattern, ICanTell target, Action<ActorRouteOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        return endpoints.MapActor(pattern, _ => target, configure);
    }

    /// <summary>Requests of this pattern are told to the actor that is registered under a key; while there is none they are answered by 503.</summary>
    /// <typeparam name="TActor">The key in Akka's <see cref="ActorRegistry"/>.</typeparam>
    public static IEndpointConventionBuilder MapActor<TActor>(this IEndpointRouteBuilder endpoints, string pattern, Action<ActorRouteOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        IServiceProvider services = endpoints.ServiceProvider;
        return endpoints.MapActor(pattern, _ => services.GetRequiredService<IReadOnlyActorRegistry>().TryGet<TActor>(out IActorRef? actor) ? actor : ActorRefs.Nobody, configure);
    }

    /// <summary>Requests of this pattern are told to whom the function names; <see cref="ActorRefs.Nobody"/>: 503.</summary>
    public static IEndpointConventionBuilder MapActor(this IEndpointRouteBuilder endpoints, string pattern, Func<ActorRequest, ICanTell> target, Action<ActorRouteOptions>? configure = null)
    {
        (ActorRouteOptions options, Lazy<ActorRequests> requests, Lazy<RouteGuard> guard) = Prepare(endpoints, pattern, target, configure);
        RequestDelegate invoke = new ActorEndpoint(pattern, target, options, requests, guard).InvokeAsync;
        return (options.Methods.Count == 0 ? endpoints.Map(pattern, invoke) : endpoints.MapMethods(pattern, options.Methods, invoke)).WithMetadata(new ActorRoute(pattern));
    }

    /// <summary>Clients of this pattern listen to events (Server-Sent Events) of an actor: it is told <see cref="EventsOpened"/>, and tells that sender <see cref="ServerSentEvent"/>s.</summary>
    public static IEndpointConventionBuilder MapActorEvents(this IEndpointRouteBuilder endpoints, string pattern, ICanTell target, Action<ActorRouteOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(target);
        return endpoints.MapActorEvents(pattern, _ => target, configure);
    }

    /// <summary>Clients of this pattern listen to events of the actor whom the function names; <see cref="ActorRefs.Nobody"/>: 503.</summary>
    public static IEndpointConventionBuilder MapActorEvents(this IEndpointRouteBuilder endpoints, string pattern, Func<ActorRequest, ICanTell> target, Action<ActorRouteOptions>? configure = null)
    {
        (ActorRouteOptions options, Lazy<ActorRequests> requests, Lazy<RouteGuard> guard) = Prepare(endpoints, pattern, target, configure);
        CancellationToken stopping = endpoints.ServiceProvider.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        RequestDelegate invoke = new EventsEndpoint(pattern, target, options, requests, guard, stopping).InvokeAsync;
        return endpoints.MapMethods(pattern, ["GET"], invoke).WithMetadata(new ActorRoute(pattern));
    }

    private static (ActorRouteOptions Options, Lazy<ActorRequests> Requests, Lazy<RouteGuard> Guard) Prepare(
        IEndpointRouteBuilder endpoints, string pattern, Func<ActorRequest, ICanTell> target, Action<ActorRouteOptions>? configure)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        ArgumentNullException.ThrowIfNull(target);
        var options = new ActorRouteOptions();
        configure?.Invoke(options);
        if (options.Timeout is { } timeout && timeout <= TimeSpan.Zero)
            throw new ArgumentOutOfRangeException(nameof(configure), $"{pattern}: Timeout is {timeout}; write more than nothing.");
        if (options.MaximumBody < 0)
            throw new ArgumentOutOfRangeException(nameof(configure), $"{pattern}: MaximumBody is {options.MaximumBody}; write 0 or more bytes.");
        if (options.ReplyWindow <= 0)
            throw new ArgumentOutOfRangeException(nameof(configure), $"{pattern}: ReplyWindow is {options.ReplyWindow}; write more than 0 bytes.");
        RouteSupervisionCheck.Check(pattern, options.Supervision);
        IServiceProvider services = endpoints.ServiceProvider;
        // Looked up at the first request: an actor system is not to start because a route is written.
        var requests = new Lazy<ActorRequests>(() => ActorRequests.Of(services.GetRequiredService<ActorSystem>()));
        return (options, requests, new Lazy<RouteGuard>(() => requests.Value.Guards.Create(pattern, options.Supervision)));
    }
}
