using System.Net;
using Actors443.Telemetry;

namespace Actors443.Server.Telemetry;

internal static partial class ServerLog
{
    [LoggerMessage(EventIds.Server + 0, LogLevel.Information, "SIGHUP: reading the configuration again and reopening the access log")]
    public static partial void HangupReceived(this ILogger log);

    [LoggerMessage(EventIds.Server + 2, LogLevel.Information, "Upgrade: process {Process} is started with the listening sockets")]
    public static partial void SuccessorStarted(this ILogger log, int process);

    [LoggerMessage(EventIds.Server + 3, LogLevel.Information, "Upgrade: process {Process} serves; this one lets its connections go and ends")]
    public static partial void Replaced(this ILogger log, int process);

    [LoggerMessage(EventIds.Server + 4, LogLevel.Error, "Upgrade: {Problem}")]
    public static partial void NotReplaced(this ILogger log, string problem);

    [LoggerMessage(EventIds.Server + 5, LogLevel.Warning, "A listening socket on {EndPoint} was handed to this process, and no listener wants it: it is closed. Name that address in https.bind, http.bind or admin.bind, or hand over another")]
    public static partial void SocketNotWanted(this ILogger log, IPEndPoint endPoint);

    [LoggerMessage(EventIds.Server + 1, LogLevel.Error, "The reload failed; what was running goes on")]
    public static partial void HangupReloadFailed(this ILogger log, Exception cause);
}
