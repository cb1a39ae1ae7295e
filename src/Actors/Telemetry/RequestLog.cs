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
}
