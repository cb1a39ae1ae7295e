using Actors443.Telemetry;

namespace Actors443.Server.Telemetry;

internal static partial class ReloadLog
{
    [LoggerMessage(EventIds.Configuration + 50, LogLevel.Error, "{Problem}")]
    public static partial void SettingsProblem(this ILogger log, string problem);

    [LoggerMessage(EventIds.Configuration + 51, LogLevel.Error, "The changed configuration is refused whole; what was running goes on")]
    public static partial void ReloadRefused(this ILogger log);

    [LoggerMessage(EventIds.Configuration + 52, LogLevel.Information, "Configuration reloaded: {Keys}; generation {Generation} by {By}, {Drained} connections drained")]
    public static partial void Reloaded(this ILogger log, string keys, long generation, string by, int drained);

    [LoggerMessage(EventIds.Configuration + 53, LogLevel.Warning, "Changed, but in force only after a restart: {Keys}")]
    public static partial void RestartNeeded(this ILogger log, string keys);

    [LoggerMessage(EventIds.Configuration + 54, LogLevel.Error, "The changed configuration could not be put in force and is taken back: {Problem}")]
    public static partial void ApplyFailed(this ILogger log, Exception cause, string problem);

    [LoggerMessage(EventIds.Configuration + 55, LogLevel.Critical, "The former configuration could not be put back whole; restart the server")]
    public static partial void TakeBackFailed(this ILogger log, Exception cause);
}
