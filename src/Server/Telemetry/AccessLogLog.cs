using Actors443.Telemetry;

namespace Actors443.Server.Telemetry;

internal static partial class AccessLogLog
{
    [LoggerMessage(EventIds.AccessLog + 0, LogLevel.Error, "The access log {Path} cannot be written ({Cause}); entries are dropped and counted until it can, requests are not affected")]
    public static partial void AccessLogFailed(this ILogger log, string path, string cause);

    [LoggerMessage(EventIds.AccessLog + 1, LogLevel.Error, "The access log {Path} cannot be rotated ({Cause}); it grows on")]
    public static partial void AccessLogNotRotated(this ILogger log, string path, string cause);
}
