using Actors443.Requests;
using Actors443.WebSockets;
using Akka.Actor;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Actors443.Sessions;

/// <summary>
/// Routes whose WebSockets, or streams of events, are connections of sessions: the actor of a session outlives them. A POST is a message to it. It gets <see cref="SessionAttached"/>, <see cref="WebSocketReceived"/>… and
/// <see cref="SessionDetached"/>, and tells its parent <see cref="WebSocketSend"/>, <see cref="WebSocketAck"/> and <see cref="CloseWebSocket"/> as it would tell a socket.
/// </summary>
public static class SessionRouting
{
    /// <summary>WebSockets of this pattern are connections of sessions: on this node, or, with <see cref="SessionRouteOptions.Region"/>, on one of the cluster's.</summary>
    /// <param name="endpoints">The application's.</param>
    /// <param name="pattern">As with <c>MapGet</c>.</param>
    /// <param name="actor">The application's actor for a session of that id.</param>
    /// <param name="configure">How; null: by a cookie.</param>
    public static IEndpointConventionBuilder MapActorSession(this IEndpointRouteBuilder endpoints, string pattern, Func<string, Props> actor, Action<SessionRouteOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(actor);
        SessionRouteOptions options = Configured(pattern, configure);
        Func<string, Props> session = id => SessionActor.Props(id, actor(id), options);
        var home = new Lock();
        IActorRef? made = null;
        if (options.Region is not null)
        {
            IServiceProvider services = endpoints.ServiceProvider;
            // On every node from its start, and not when somebody comes to it, for it is to have its share.
            services.GetService<IHostApplicationLifetime>()?.ApplicationStarted.Register(() => HomeOf(ActorRequests.Of(services.GetRequiredService<ActorSystem>())));
        }

        return Map(endpoints, pattern, options, HomeOf);

        IActorRef HomeOf(ActorRequests requests)
        {
            lock (home)
                return made ??= options.Region is { } name ? SessionRegion.Start(requests.System, name, session) : requests.MakeSessionHome(Props.CreateBy(new HomeProducer(session)));
        }
    }

    /// <summary>WebSockets of this pattern are connections of sessions wherever a shard region has them: its entities are <see cref="SessionActor.Props"/>, its messages <see cref="SessionEnvelope"/>s.</summary>
    /// <param name="endpoints">The application's.</param>
    /// <param name="pattern">As with <c>MapGet</c>.</param>
    /// <param name="region">Takes <see cref="SessionEnvelope"/>s.</param>
    /// <param name="configure">How; null: by a cookie.</param>
    public static IEndpointConventionBuilder MapActorSession(this IEndpointRouteBuilder endpoints, string pattern, IActorRef region, Action<SessionRouteOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(region);
        return Map(endpoints, pattern, Configured(pattern, configure), _ => region);
    }

    private static SessionRouteOptions Configured(string pattern, Action<SessionRouteOptions>? configure)
    {
        var options = new SessionRouteOptions();
        configure?.Invoke(options);
        options.Check(pattern);
        return options;
    }

    private static IEndpointConventionBuilder Map(IEndpointRouteBuilder endpoints, string pattern, SessionRouteOptions options, Func<ActorRequests, IActorRef> homeOf) => WebSocketRouting.Map(
        endpoints,
        pattern,
        async (requests, context, _) =>
        {
            IActorRef home = homeOf(requests);
            if (await SessionIdentity.KnowAsync(context, options, home) is not { } claim)
                return ActorRefs.Nobody;
            return await requests.MakeSocketActorAsync(Props.Create<SessionSocketActor>(claim.Id, home, claim.MayBegin, claim.Principal!));
        },
        options.WebSockets,
        owned: true,
        (shared, guard, stopping) => new SessionRequestsEndpoint(pattern, options, homeOf, shared, guard, stopping).InvokeAsync);

    private sealed class HomeProducer(Func<string, Props> session) : IIndirectActorProducer
    {
        public Type ActorType => typeof(SessionSupervisor);

        public ActorBase Produce() => new SessionSupervisor(session);

        public void Release(ActorBase actor)
        {
        }
    }
}
