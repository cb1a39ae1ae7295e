using System.Globalization;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine;
using Akka.Actor;
using Microsoft.AspNetCore.Http;

namespace Actors443.Requests;

/// <summary>What clients get to see of the supervision of a route.</summary>
internal static class RouteAnswers
{
    /// <summary>As in metrics.</summary>
    public static string OutcomeOf(RouteRefusal refusal) => refusal switch
    {
        RouteRefusal.Quarantined => "quarantined",
        RouteRefusal.TooMany => "too_many",
        _ => "over_route_memory",
    };

    /// <summary>503, and when to come again.</summary>
    public static Task RefuseAsync(HttpContext context, RouteGuard guard)
    {
        context.Response.Headers.RetryAfter = guard.RetryAfter.ToString(CultureInfo.InvariantCulture);
        return ActorEndpoint.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, "The route takes no more requests now.");
    }

    /// <summary>What a failure costs besides its request. Before the answer, if there is to be one.</summary>
    public static void Apply(HttpContext context, RouteFailure onFailure)
    {
        if (onFailure is not (RouteFailure.StopStream or RouteFailure.CloseConnection))
            return;
        if (!context.Response.HasStarted && HttpProtocol.IsHttp11(context.Request.Protocol))
            context.Response.Headers.Connection = "close";
        if (onFailure != RouteFailure.CloseConnection || context.Features.Get<IActorConnectionFeature>() is not { } connection)
            return;
        // Here, too: HTTP/1.1 may close it before its actor has heard of that.
        (connection as EngineConnection)?.SetOrderlyReason(CloseReason.RouteFailed);
        connection.Actor.Tell(new Drain(Reason: CloseReason.RouteFailed), ActorRefs.NoSender);
    }
}
