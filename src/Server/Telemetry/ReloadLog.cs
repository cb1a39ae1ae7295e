using Actors443.Telemetry;

namespace Actors443.Server.Telemetry;

internal static partial class ReloadLog
{
    [LoggerMessage(EventIds.Configuration + 50, LogLevel.Error, "{Problem}")]
    public static partial void SettingsProblem(this ILogger log, string problem);

    [LoggerMessage(EventIds.Configuration + 51, LogLevel.Error, "The changed configuration is refused whole; what was running goes on")]
    public static partial void ReloadRefused(this ILogger log);

    [LoggerMessage(EventIds.Configuration + 52, LogLevel.Information, "Configuration reloaded: {Keys}")]
    public static partial void Reloaded(this ILogger log, string keys);

    [LoggerMessage(EventIds.Configuration + 53, LogLevel.Warning, "Changed, but in force only after a restart: {Keys}")]
    public static partial void RestartNeeded(this ILogger log, string keys);
}
