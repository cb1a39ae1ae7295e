using System.Net.WebSockets;
using Actors443.Requests;
using Actors443.Telemetry;
using Actors443.WebSockets;
using Akka.Actor;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Actors443.Sessions;

/// <summary>What requests of a session's route that are for no WebSocket get: a stream of events is a connection of the session, and a POST is a message to it.</summary>
internal sealed class SessionRequestsEndpoint(string route, SessionRouteOptions options, Func<ActorRequests, IActorRef> homeOf, Lazy<ActorRequests> shared, Lazy<RouteGuard> guarded, CancellationToken stopping)
{
    private const string Events = "text/event-stream";

    private readonly ActorRouteOptions _listening = new();

    public async Task InvokeAsync(HttpContext context)
    {
        bool listens = HttpMethods.IsGet(context.Request.Method) && Accepts(context.Request);
        if (!listens && !HttpMethods.IsPost(context.Request.Method))
        {
            context.Response.Headers.Upgrade = "websocket";
            await ActorEndpoint.ProblemAsync(context, StatusCodes.Status426UpgradeRequired, "Only WebSockets, Server-Sent Events and POST are served here.");
            return;
        }

        if (!PageOrigin.IsAllowed(context.Request, options.WebSockets.Origins))
        {
            await ActorEndpoint.ProblemAsync(context, StatusCodes.Status403Forbidden, "A page of that origin may not take part here.");
            return;
        }

        ActorRequests requests = shared.Value;
        IActorRef home = homeOf(requests);
        if (await SessionIdentity.KnowAsync(context, options, home) is not { } claim)
            return;
        if (listens)
            await ListenAsync(requests, home, claim, context);
        else
            await PostAsync(home, claim, context);
    }

    private static bool Accepts(HttpRequest request) =>
        MediaTypeHeaderValue.TryParseList(request.Headers.Accept, out IList<MediaTypeHeaderValue>? accepted) && accepted.Any(type => type.MediaType.Equals(Events, StringComparison.OrdinalIgnoreCase));

    private async Task ListenAsync(ActorRequests requests, IActorRef home, SessionClaim claim, HttpContext context)
    {
        IActorRef listener = await requests.MakeSocketActorAsync(Props.Create<SessionEventsActor>(claim.Id, home, claim.MayBegin, claim.Principal!, options.WebSockets.SendBuffer));
        try
        {
            await new EventsEndpoint(route, _ => listener, _listening, shared, guarded, stopping).InvokeAsync(context);
        }
        finally
        {
            listener.Tell(PoisonPill.Instance, ActorRefs.NoSender);
        }
    }

    private async Task PostAsync(IActorRef home, SessionClaim claim, HttpContext context)
    {
        string? text = context.Request.Query["received"];
        if (!ReceivedCount.TryRead(text, out long received))
        {
            await ActorEndpoint.ProblemAsync(context, StatusCodes.Status400BadRequest, "'received' is how many messages have come, a number.");
            return;
        }

        bool isText = !(context.Request.ContentType?.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase) ?? false);
        var posting = new ActorRouteOptions
        {
            MaximumBody = options.WebSockets.MaximumMessage,
            Envelope = request => new SessionEnvelope(claim.Id, new PostToSession(SessionConnection.Of(request, claim.Principal), request.Body, isText, text is null ? null : received, claim.MayBegin) { Trace = WireTrace.OfCurrent() }),
            Reply = ToReply,
        };
        await new ActorEndpoint(route, _ => home, posting, shared, guarded).InvokeAsync(context);
    }

    private static ActorReply? ToReply(object answer) => answer switch
    {
        SessionTaken => new ActorReply(StatusCodes.Status204NoContent),
        SessionRefused { Status: (int)SessionSocketActor.TryAgainLater } refused => ActorReply.Problem(StatusCodes.Status503ServiceUnavailable, "The session cannot take it now.", refused.Description),
        SessionRefused { Status: (int)WebSocketCloseStatus.PolicyViolation } refused => ActorReply.Problem(StatusCodes.Status409Conflict, "The session does not take it.", refused.Description),
        _ => null,
    };
}
