using Actors443.Telemetry;
using Akka.Actor;
using Microsoft.AspNetCore.Http;

namespace Actors443.Requests;

/// <summary>Brings a streamed answer to the client. The actor is granted more as the server's own buffer takes what was told, so that a client that does not read stops its actor and nobody else's.</summary>
internal sealed class ReplyStream(string route, ActorRequests requests, RouteGuard guard, HttpContext context, RequestExchange exchange, int window, bool isGranted = false)
{
    private readonly ICanTell _peer = exchange.Peer ?? exchange.Target;
    private int _taken;

    /// <summary>Until the answer is whole or broken off. Answers how it went.</summary>
    public async ValueTask<string> CopyAsync()
    {
        Volatile.Write(ref exchange.DueMs, long.MaxValue);
        if (_peer is IActorRef actor)
            requests.Watch(actor);
        // Also starts it: a client may have to wait long for the first of the body.
        await context.Response.Body.FlushAsync();
        if (isGranted)
            _peer.Tell(new ReplyCredit(window), exchange);
        else
            _taken = window;
        while (true)
        {
            if (!exchange.TryTake(out Envelope told))
            {
                Grant();
                await exchange.ToldAsync();
                continue;
            }

            switch (told.Message)
            {
                case ReplyChunk chunk when chunk.Data.Length > exchange.MemoryLeft:
                    requests.Log.OverMemory(route, chunk.Data.Length);
                    return BreakOff("over_memory");
                case ReplyChunk chunk:
                    await context.Response.BodyWriter.WriteAsync(chunk.Data);
                    _taken += chunk.Data.Length;
                    if (_taken >= window / 2)
                        Grant();
                    break;
                case PushedEvent pushed:
                    await context.Response.BodyWriter.WriteAsync(pushed.Data);
                    exchange.TakePushed(pushed.Data.Length);
                    break;
                case MoreThanGranted more:
                    requests.Log.MoreThanGranted(route, more.Bytes);
                    return BreakOff("failed");
                case ReplyEnd:
                    return "answered";
                case Status.Failure failure:
                    requests.Log.ActorFailedRequest(failure.Cause, route);
                    return BreakOff("failed");
                case ExchangeFailure { End: ExchangeEnd.ClientGone } or BodyFailure:
                    _peer.Tell(RequestAbandoned.Instance, exchange);
                    return "client_gone";
                case ExchangeFailure { End: ExchangeEnd.Stopped or ExchangeEnd.DeadLetter }:
                    return BreakOff("stopped");
                case ExchangeFailure { End: ExchangeEnd.OverTime }:
                    requests.Log.OverTime(route, guard.Settings.Time ?? default);
                    return BreakOff("over_time");
                case ExchangeFailure:
                    // Once the answer has begun it may take its time.
                    break;
                default:
                    requests.Log.NoAnswer(route, told.Message.GetType().Name);
                    return BreakOff("failed");
            }
        }
    }

    private void Grant()
    {
        if (_taken == 0)
            return;
        exchange.GrantReply(_taken);
        _peer.Tell(new ReplyCredit(_taken), exchange);
        _taken = 0;
    }

    // Not to look whole.
    private string BreakOff(string outcome)
    {
        _peer.Tell(RequestAbandoned.Instance, exchange);
        RouteAnswers.Apply(context, guard.Settings.OnFailure);
        context.Abort();
        return outcome;
    }
}
