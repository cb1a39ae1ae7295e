using Actors443.Telemetry;

namespace Actors443.Server.Telemetry;

internal static partial class ServerLog
{
    [LoggerMessage(EventIds.Server + 0, LogLevel.Information, "SIGHUP: reading the configuration again and reopening the access log")]
    public static partial void HangupReceived(this ILogger log);

    [LoggerMessage(EventIds.Server + 1, LogLevel.Error, "The reload failed; what was running goes on")]
    public static partial void HangupReloadFailed(this ILogger log, Exception cause);
}
