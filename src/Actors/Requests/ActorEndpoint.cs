using System.Diagnostics;
using System.Globalization;
using Actors443.Engine;
using Actors443.Telemetry;
using Akka.Actor;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Actors443.Requests;

/// <summary>One route: tells each request to its actor and brings the answer to the client.</summary>
internal sealed class ActorEndpoint(string route, Func<ActorRequest, ICanTell> target, ActorRouteOptions options, Lazy<ActorRequests> shared, Lazy<RouteGuard> guarded)
{
    public async Task InvokeAsync(HttpContext context)
    {
        ActorRequests requests = shared.Value;
        RouteGuard guard = guarded.Value;
        int maximum = options.MaximumBody ?? requests.Settings.Body;
        long known = options.StreamBody ? 0 : Math.Min(context.Request.ContentLength ?? 0, maximum);
        if (guard.TryEnter(known, out RouteEntry entry) is not RouteRefusal.None and var refusal)
        {
            requests.Metrics.Ended(route, RouteAnswers.OutcomeOf(refusal));
            await RouteAnswers.RefuseAsync(context, guard);
            return;
        }

        string outcome = "client_gone";
        try
        {
            ReadOnlyMemory<byte> body = default;
            if (!options.StreamBody && RequestReading.HasBody(context))
            {
                if (await RequestReading.BodyAsync(context, maximum) is not { } whole)
                {
                    await ProblemAsync(context, StatusCodes.Status413PayloadTooLarge, "The body is too long.", $"At most {maximum.ToString(CultureInfo.InvariantCulture)} bytes are taken here.");
                    return;
                }

                if (!guard.TryGrow(ref entry, whole.Length - known))
                {
                    requests.Metrics.Ended(route, RouteAnswers.OutcomeOf(RouteRefusal.OverRouteMemory));
                    await RouteAnswers.RefuseAsync(context, guard);
                    return;
                }

                body = whole;
            }

            outcome = "failed";
            outcome = await ServeAsync(requests, guard, context, body);
            requests.Metrics.Ended(route, outcome);
        }
        finally
        {
            guard.Leave(entry, outcome);
        }
    }

    private async ValueTask<string> ServeAsync(ActorRequests requests, RouteGuard guard, HttpContext context, ReadOnlyMemory<byte> body)
    {
        ActorRequest request = RequestReading.Message(context, body, options.StreamBody);
        ICanTell to = target(request);
        var actor = to as IActorRef;
        if (actor is not null && actor.IsNobody())
            return await FailedAsync(requests, guard, context, ExchangeEnd.DeadLetter);

        long timeoutMs = (long)(options.Timeout ?? requests.Settings.Timeout).TotalMilliseconds;
        long now = requests.Clock.NowMs;
        var exchange = new RequestExchange(requests.Provider, to)
        {
            DueMs = now + timeoutMs,
            EndMs = guard.Settings.Time is { } time ? now + (long)time.TotalMilliseconds : long.MaxValue,
            BodyAsked = options.StreamBody ? new AsyncSignal() : null,
            MemoryLeft = guard.Settings.Memory is { } memory ? memory - body.Length : long.MaxValue,
        };
        using Activity? span = RequestTraces.StartAsk(route, to);
        requests.Exchanges.Add(exchange);
        CancellationTokenRegistration gone = context.RequestAborted.UnsafeRegister(static state => ((RequestExchange)state!).Fail(ExchangeFailure.For(ExchangeEnd.ClientGone)), exchange);
        BodyPump? pump = exchange.BodyAsked is null ? null : new BodyPump(context.Request.BodyReader, exchange, requests.Clock, timeoutMs);
        try
        {
            object message = options.Envelope?.Invoke(request) ?? request;
            span.Carry(message);
            to.Tell(message, exchange);
            exchange.IsTold = true;
            // Afterwards: who has long stopped is nobody, and has not stopped with the request in its hands.
            if (actor is not null)
                requests.Watch(actor);
            string outcome = await AnswerAsync(requests, guard, context, exchange);
            span.Ended(outcome);
            return outcome;
        }
        finally
        {
            requests.Exchanges.Remove(exchange);
            exchange.End();
            await gone.DisposeAsync();
            if (pump is not null)
                await pump.StopAsync();
        }
    }

    // Answers how it went.
    private async ValueTask<string> AnswerAsync(ActorRequests requests, RouteGuard guard, HttpContext context, RequestExchange exchange)
    {
        Envelope told;
        while (!exchange.TryTake(out told))
            await exchange.ToldAsync();
        object answer = told.Message;
        if (options.Reply is { } reads && answer is not (ActorReply or ReplyStart or Status.Failure or BodyFailure or ExchangeFailure))
            answer = reads(answer) ?? answer;
        switch (answer)
        {
            case ActorReply { Status: >= 200 and <= 599 } reply when reply.Body.Length > exchange.MemoryLeft:
                requests.Log.OverMemory(route, reply.Body.Length);
                await FailAsync(guard, context, StatusCodes.Status500InternalServerError, "The request failed.");
                return "over_memory";
            case ActorReply { Status: >= 200 and <= 599 } reply:
                if (!await BeginAsync(requests, guard, context, reply.Status, reply.ContentType, reply.Headers))
                    return "failed";
                if (reply.Status is not (StatusCodes.Status204NoContent or StatusCodes.Status205ResetContent or StatusCodes.Status304NotModified))
                    context.Response.ContentLength = reply.Body.Length;
                if (!reply.Body.IsEmpty)
                    await context.Response.BodyWriter.WriteAsync(reply.Body);
                return "answered";
            case ReplyStart { Status: >= 200 and <= 599 } start:
                if (!await BeginAsync(requests, guard, context, start.Status, start.ContentType, start.Headers))
                {
                    Abandon(exchange);
                    return "failed";
                }

                exchange.Peer = told.Sender is null || told.Sender.IsNobody() ? exchange.Target as IActorRef : told.Sender;
                return await new ReplyStream(route, requests, guard, context, exchange, options.ReplyWindow ?? requests.Settings.ReplyWindow).CopyAsync();
            case Status.Failure failure:
                requests.Log.ActorFailedRequest(failure.Cause, route);
                await FailAsync(guard, context, StatusCodes.Status500InternalServerError, "The request failed.");
                return "failed";
            case BodyFailure { Cause: BadHttpRequestException bad }:
                Abandon(exchange);
                await ProblemAsync(context, bad.StatusCode, bad.Message);
                return "client_gone";
            case BodyFailure:
                Abandon(exchange);
                return "client_gone";
            case ExchangeFailure failure:
                if (failure.End is ExchangeEnd.Timeout or ExchangeEnd.OverTime or ExchangeEnd.ClientGone)
                    Abandon(exchange);
                return await FailedAsync(requests, guard, context, failure.End);
            default:
                requests.Log.NoAnswer(route, told.Message.GetType().Name);
                await FailAsync(guard, context, StatusCodes.Status500InternalServerError, "The request failed.");
                return "failed";
        }
    }

    private async ValueTask<string> FailedAsync(ActorRequests requests, RouteGuard guard, HttpContext context, ExchangeEnd end)
    {
        switch (end)
        {
            case ExchangeEnd.Timeout:
                requests.Log.ActorTimedOut(route, options.Timeout ?? requests.Settings.Timeout);
                await FailAsync(guard, context, StatusCodes.Status504GatewayTimeout, "The answer took too long.");
                return "timeout";
            case ExchangeEnd.OverTime:
                requests.Log.OverTime(route, guard.Settings.Time ?? default);
                await FailAsync(guard, context, StatusCodes.Status504GatewayTimeout, "The answer took too long.");
                return "over_time";
            case ExchangeEnd.DeadLetter:
                requests.Log.NobodyThere(route);
                await FailAsync(guard, context, StatusCodes.Status503ServiceUnavailable, "Nobody is there to answer.");
                return "dead_letter";
            case ExchangeEnd.Stopped:
                await FailAsync(guard, context, StatusCodes.Status500InternalServerError, "The request failed.");
                return "stopped";
            default:
                return "client_gone";
        }
    }

    // A shard region gets nothing that is not in its envelope: then only who has shown itself is told.
    private void Abandon(RequestExchange exchange)
    {
        ICanTell? whom = exchange.Peer ?? exchange.Reader ?? (options.Envelope is null ? exchange.Target : null);
        whom?.Tell(RequestAbandoned.Instance, exchange);
    }

    private async ValueTask<bool> BeginAsync(ActorRequests requests, RouteGuard guard, HttpContext context, int status, string? contentType, IReadOnlyList<KeyValuePair<string, StringValues>> headers)
    {
        HttpResponse response = context.Response;
        try
        {
            response.StatusCode = status;
            response.ContentType = contentType;
            foreach ((string name, StringValues value) in headers)
                response.Headers.Append(name, value);
            return true;
        }
        catch (InvalidOperationException unwritable)
        {
            requests.Log.ActorFailedRequest(unwritable, route);
            response.Clear();
            await FailAsync(guard, context, StatusCodes.Status500InternalServerError, "The request failed.");
            return false;
        }
    }

    private static Task FailAsync(RouteGuard guard, HttpContext context, int status, string title)
    {
        RouteAnswers.Apply(context, guard.Settings.OnFailure);
        return ProblemAsync(context, status, title);
    }

    internal static async Task ProblemAsync(HttpContext context, int status, string title, string? detail = null)
    {
        byte[] document = ProblemDocument.Write(status, title, detail);
        context.Response.StatusCode = status;
        context.Response.ContentType = ProblemDocument.ContentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.ContentLength = document.Length;
        await context.Response.BodyWriter.WriteAsync(document);
    }
}
