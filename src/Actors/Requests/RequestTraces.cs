using System.Diagnostics;
using Actors443.Telemetry;
using Akka.Actor;

namespace Actors443.Requests;

/// <summary>Spans of requests that actors are asked for. Costs a field read while nobody listens. Thread-safe.</summary>
internal static class RequestTraces
{
    /// <summary>From the question to the end of the answer; null: nobody listens.</summary>
    public static Activity? StartAsk(string route, ICanTell to)
    {
        Activity? span = Spans.Source.StartActivity("ask", ActivityKind.Client);
        if (span is not { IsAllDataRequested: true })
            return span;
        span.SetTag("http.route", route);
        span.SetTag(MessageTrace.ActorTag, to is IActorRef actor ? actor.Path.ToString() : to.ToString());
        return span;
    }

    /// <summary>The message that goes on in it.</summary>
    public static void Carry(this Activity? span, object message)
    {
        if (span is { IsAllDataRequested: true })
            MessageTrace.Attach(message, span.Context);
    }

    /// <param name="span">Null: it is not traced.</param>
    /// <param name="outcome">As in metrics.</param>
    public static void Ended(this Activity? span, string outcome)
    {
        if (span is not { IsAllDataRequested: true })
            return;
        span.SetTag("outcome", outcome);
        if (outcome is not ("answered" or "client_gone"))
            span.SetStatus(ActivityStatusCode.Error, outcome);
    }
}
