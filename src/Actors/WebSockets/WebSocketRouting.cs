using Actors443.Requests;
using Akka.Actor;
using Akka.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Actors443.WebSockets;

/// <summary>
/// Routes whose WebSockets speak with actors: one actor for all of a route, or one made for each. It gets <see cref="WebSocketOpened"/>, <see cref="WebSocketReceived"/>… and
/// <see cref="WebSocketClosed"/>, each with the socket as its sender. <c>UseWebSockets</c> is not needed.
/// </summary>
public static class WebSocketRouting
{
    /// <summary>WebSockets of this pattern speak with an actor that all share.</summary>
    public static IEndpointConventionBuilder MapActorWebSocket(this IEndpointRouteBuilder endpoints, string pattern, IActorRef actor, Action<WebSocketRouteOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(actor);
        return Map(endpoints, pattern, (_, _, _) => ValueTask.FromResult(actor), configure);
    }

    /// <summary>WebSockets of this pattern speak with the actor that is registered under a key; while there is none they are refused by 503.</summary>
    /// <typeparam name="TActor">The key in Akka's <see cref="ActorRegistry"/>.</typeparam>
    public static IEndpointConventionBuilder MapActorWebSocket<TActor>(this IEndpointRouteBuilder endpoints, string pattern, Action<WebSocketRouteOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        IServiceProvider services = endpoints.ServiceProvider;
        return Map(endpoints, pattern, (_, _, _) => ValueTask.FromResult(services.GetRequiredService<IReadOnlyActorRegistry>().TryGet<TActor>(out IActorRef? actor) ? actor : ActorRefs.Nobody), configure);
    }

    /// <summary>Each WebSocket of this pattern speaks with an actor of its own, which is stopped when the socket has closed; if the actor stops first, the socket is closed.</summary>
    public static IEndpointConventionBuilder MapActorWebSocket(this IEndpointRouteBuilder endpoints, string pattern, Func<ActorRequest, Props> actor, Action<WebSocketRouteOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(actor);
        return Map(endpoints, pattern, (requests, _, request) => requests.MakeSocketActorAsync(actor(request)), configure, owned: true);
    }

    private static IEndpointConventionBuilder Map(
        IEndpointRouteBuilder endpoints, string pattern, Func<ActorRequests, HttpContext, ActorRequest, ValueTask<IActorRef>> actor, Action<WebSocketRouteOptions>? configure, bool owned = false)
    {
        var options = new WebSocketRouteOptions();
        configure?.Invoke(options);
        return Map(endpoints, pattern, actor, options, owned);
    }

    /// <param name="endpoints">The application's.</param>
    /// <param name="pattern">As with <c>MapGet</c>.</param>
    /// <param name="actor">Who speaks with a WebSocket; nobody: it is refused, by 503 unless it has been answered.</param>
    /// <param name="options">How.</param>
    /// <param name="owned">The actor is made for one WebSocket, and stopped with it.</param>
    /// <param name="others">Makes what serves requests that are for no WebSocket; null: they are refused.</param>
    internal static IEndpointConventionBuilder Map(
        IEndpointRouteBuilder endpoints, string pattern, Func<ActorRequests, HttpContext, ActorRequest, ValueTask<IActorRef>> actor, WebSocketRouteOptions options, bool owned,
        Func<Lazy<ActorRequests>, Lazy<RouteGuard>, CancellationToken, RequestDelegate>? others = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        ArgumentException.ThrowIfNullOrEmpty(pattern);
        options.Check(pattern);
        IServiceProvider services = endpoints.ServiceProvider;
        var requests = new Lazy<ActorRequests>(() => ActorRequests.Of(services.GetRequiredService<ActorSystem>()));
        var guard = new Lazy<RouteGuard>(() => requests.Value.Guards.Create(pattern, options.Supervision));
        CancellationToken stopping = services.GetService<IHostApplicationLifetime>()?.ApplicationStopping ?? CancellationToken.None;
        RequestDelegate serve = new WebSocketEndpoint(pattern, actor, owned, options, requests, guard, stopping).InvokeAsync;
        if (others?.Invoke(requests, guard, stopping) is { } other)
        {
            RequestDelegate webSockets = serve;
            serve = context => context.WebSockets.IsWebSocketRequest ? webSockets(context) : other(context);
        }

        ILoggerFactory loggers = services.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance;
        RequestDelegate handshake = new WebSocketMiddleware(serve, Options.Create(new WebSocketOptions { KeepAliveInterval = options.PingEvery, KeepAliveTimeout = options.PongWithin }), loggers).Invoke;
        return endpoints.Map(pattern, handshake).WithMetadata(new ActorRoute(pattern));
    }
}
