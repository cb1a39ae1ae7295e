namespace Actors443.Telemetry;

internal static partial class RequestLog
{
    [LoggerMessage(EventIds.Requests + 0, LogLevel.Error, "The actor of {Route} failed")]
    public static partial void ActorFailedRequest(this ILogger log, Exception? cause, string route);

    [LoggerMessage(EventIds.Requests + 1, LogLevel.Error, "The actor of {Route} answered with {Type}, which is no answer; tell ActorReply, ReplyStart or Status.Failure")]
    public static partial void NoAnswer(this ILogger log, string route, string type);

    [LoggerMessage(EventIds.Requests + 2, LogLevel.Error, "The actor of {Route} told {Bytes} bytes of its answer that it was not granted")]
    public static partial void MoreThanGranted(this ILogger log, string route, long bytes);

    [LoggerMessage(EventIds.Requests + 3, LogLevel.Warning, "The actor of {Route} took longer than {Timeout}")]
    public static partial void ActorTimedOut(this ILogger log, string route, TimeSpan timeout);

    [LoggerMessage(EventIds.Requests + 4, LogLevel.Warning, "Nobody is there to get the requests of {Route}")]
    public static partial void NobodyThere(this ILogger log, string route);

    [LoggerMessage(EventIds.Requests + 5, LogLevel.Warning, "The actor of {Route} has used up its budget of {Time} for a request")]
    public static partial void OverTime(this ILogger log, string route, TimeSpan time);

    [LoggerMessage(EventIds.Requests + 6, LogLevel.Warning, "The actor of {Route} told {Bytes} bytes, more than the budget of memory of a request has left")]
    public static partial void OverMemory(this ILogger log, string route, long bytes);

    [LoggerMessage(EventIds.Requests + 7, LogLevel.Error, "{Route} is in quarantine: {Failures} failures within {Within}, the last {Reason}; a first request is let through after {BackOff}")]
    public static partial void RouteQuarantined(this ILogger log, string route, int failures, TimeSpan within, string reason, TimeSpan backOff);

    [LoggerMessage(EventIds.Requests + 8, LogLevel.Warning, "{Route} stays in quarantine: the request that was let through failed ({Reason}); the next after {BackOff}")]
    public static partial void CanaryFailed(this ILogger log, string route, string reason, TimeSpan backOff);

    [LoggerMessage(EventIds.Requests + 9, LogLevel.Information, "{Route} is out of quarantine")]
    public static partial void RouteReopened(this ILogger log, string route);

    [LoggerMessage(EventIds.Requests + 10, LogLevel.Warning, "actors443.requests.routes: no route to an actor has the pattern '{Pattern}', so what is set for it has no effect; {Advice}")]
    public static partial void SettingsForNoRoute(this ILogger log, string pattern, string advice);
}
