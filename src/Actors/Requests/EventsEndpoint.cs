using Actors443.Connections;
using Actors443.Telemetry;
using Akka.Actor;
using Microsoft.AspNetCore.Http;

namespace Actors443.Requests;

/// <summary>One route of Server-Sent Events: an answer that begins by itself and goes on for as long as the client listens.</summary>
internal sealed class EventsEndpoint(string route, Func<ActorRequest, ICanTell> target, ActorRouteOptions options, Lazy<ActorRequests> shared, Lazy<RouteGuard> guarded, CancellationToken stopping)
{
    public async Task InvokeAsync(HttpContext context)
    {
        ActorRequests requests = shared.Value;
        RouteGuard guard = guarded.Value;
        if (guard.TryEnter(0, out RouteEntry entry) is not RouteRefusal.None and var refusal)
        {
            requests.Metrics.Ended(route, RouteAnswers.OutcomeOf(refusal));
            await RouteAnswers.RefuseAsync(context, guard);
            return;
        }

        string outcome = "failed";
        try
        {
            outcome = await ServeAsync(requests, guard, context);
            requests.Metrics.Ended(route, outcome);
        }
        finally
        {
            guard.Leave(entry, outcome);
        }
    }

    private async ValueTask<string> ServeAsync(ActorRequests requests, RouteGuard guard, HttpContext context)
    {
        ActorRequest request = RequestReading.Message(context, default, false);
        ICanTell to = target(request);
        var actor = to as IActorRef;
        if (actor is not null && actor.IsNobody())
        {
            RouteAnswers.Apply(context, guard.Settings.OnFailure);
            await ActorEndpoint.ProblemAsync(context, StatusCodes.Status503ServiceUnavailable, "Nobody is there to answer.");
            return "dead_letter";
        }

        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-store";
        var exchange = new RequestExchange(requests.Provider, to) { DueMs = long.MaxValue, Peer = actor, TakesPushes = true };
        int window = options.ReplyWindow ?? requests.Settings.ReplyWindow;
        // At once, for the actor may have something to tell at once.
        exchange.GrantReply(window);
        requests.Exchanges.Add(exchange);
        CancellationTokenRegistration gone = context.RequestAborted.UnsafeRegister(static state => ((RequestExchange)state!).Fail(ExchangeFailure.For(ExchangeEnd.ClientGone)), exchange);
        // Where no connection actor passes a drain on.
        CancellationTokenRegistration stop = (request.Connection.IsNobody() ? stopping : default).UnsafeRegister(static state => ((RequestExchange)state!).TellFailure(ReplyEnd.Instance), exchange);
        try
        {
            string? last = context.Request.Headers["Last-Event-ID"];
            request.Connection.Tell(new ConversationBegan(exchange), ActorRefs.NoSender);
            to.Tell(MessageTrace.Carry(new EventsOpened(request, string.IsNullOrEmpty(last) ? null : last)), exchange);
            exchange.IsTold = true;
            if (actor is not null)
                requests.Watch(actor);
            return await new ReplyStream(route, requests, guard, context, exchange, window, isGranted: true).CopyAsync();
        }
        finally
        {
            request.Connection.Tell(new ConversationEnded(exchange), ActorRefs.NoSender);
            requests.Exchanges.Remove(exchange);
            exchange.End();
            await gone.DisposeAsync();
            await stop.DisposeAsync();
        }
    }
}
