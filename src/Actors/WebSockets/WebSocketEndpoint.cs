using System.Net.WebSockets;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Requests;
using Actors443.Telemetry;
using Akka.Actor;
using Microsoft.AspNetCore.Http;

namespace Actors443.WebSockets;

/// <summary>One route: opens each WebSocket and lets it speak with its actor.</summary>
internal sealed class WebSocketEndpoint(
    string route, Func<ActorRequests, HttpContext, ActorRequest, ValueTask<IActorRef>> actor, bool owned, WebSocketRouteOptions options, Lazy<ActorRequests> shared, Lazy<RouteGuard> guarded, CancellationToken stopping)
{
    public async Task InvokeAsync(HttpContext context)
    {
        ActorRequests requests = shared.Value;
        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.Headers.Upgrade = "websocket";
            await ActorEndpoint.ProblemAsync(context, StatusCodes.Status426UpgradeRequired, "Only WebSockets are served here.");
            return;
        }

        if (!PageOrigin.IsAllowed(context.Request, options.Origins))
        {
            await ActorEndpoint.ProblemAsync(context, StatusCodes.Status403Forbidden, "A page of that origin may not open a WebSocket here.");
            return;
        }

        RouteGuard guard = guarded.Value;
        if (guard.TryEnter(0, out RouteEntry entry) is not RouteRefusal.None and var refusal)
        {
            requests.Metrics.Ended(route, RouteAnswers.OutcomeOf(refusal));
            await RouteAnswers.RefuseAsync(context, guard);
            return;
        }

        var visit = new RouteVisit(guard, entry);
        try
        {
            await ServeAsync(requests, visit, context);
        }
        finally
        {
            visit.Leave();
        }
    }

    private async Task ServeAsync(ActorRequests requests, RouteVisit visit, HttpContext context)
    {
        ActorRequest request = RequestReading.Message(context, default, false);
        IActorRef peer = await actor(requests, context, request);
        if (context.Response.HasStarted)
            return;
        if (peer.IsNobody())
        {
            requests.Metrics.Ended(route, "dead_letter");
            visit.Failed("dead_letter", null);
            await ActorEndpoint.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, "Nobody is there to answer.");
            return;
        }

        WebSocketClosed closed = new(null, null);
        var exchange = new WebSocketExchange(requests.Provider, peer, options.SendBuffer, visit)
        {
            OnConnectionFailed = () => RouteAnswers.Apply(context, RouteFailure.CloseConnection),
        };
        requests.Sockets.TryAdd(exchange, true);
        try
        {
            using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = options.Subprotocols.FirstOrDefault(context.WebSockets.WebSocketRequestedProtocols.Contains) });
            // Where no connection actor passes a drain on.
            using CancellationTokenRegistration stop = (request.Connection.IsNobody() ? stopping : default).UnsafeRegister(static state => ((WebSocketExchange)state!).Close(WebSocketCloseStatus.EndpointUnavailable, "the server stops"), exchange);
            request.Connection.Tell(new ConversationBegan(exchange), ActorRefs.NoSender);
            peer.Tell(MessageTrace.Carry(new WebSocketOpened(request)), exchange);
            requests.Watch(peer);
            closed = await new WebSocketConversation(socket, exchange, peer, options, context.RequestAborted).RunAsync();
            requests.Metrics.Ended(route, "answered");
        }
        finally
        {
            requests.Sockets.TryRemove(exchange, out _);
            request.Connection.Tell(new ConversationEnded(exchange), ActorRefs.NoSender);
            peer.Tell(closed, exchange);
            exchange.End();
            if (owned)
                peer.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        }
    }
}
