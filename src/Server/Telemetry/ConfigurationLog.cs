using Actors443.Telemetry;

namespace Actors443.Server.Telemetry;

/// <summary>What is logged about settings. Category <see cref="LogCategories.Configuration"/>.</summary>
internal static partial class ConfigurationLog
{
    [LoggerMessage(EventIds.Configuration + 0, LogLevel.Error, "Changed settings could not be applied; the ones before them stay")]
    public static partial void ReloadFailed(this ILogger log, Exception exception);

    [LoggerMessage(EventIds.Configuration + 1, LogLevel.Warning, "The folder {Folder} cannot be watched for changes; its files are looked at every {Seconds} s instead: {Reason}")]
    public static partial void FolderNotWatched(this ILogger log, string folder, double seconds, string reason);
}
