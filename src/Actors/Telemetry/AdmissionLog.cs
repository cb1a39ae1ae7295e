using Actors443.Admission;

namespace Actors443.Telemetry;

internal static partial class AdmissionLog
{
    [LoggerMessage(EventIds.Admission + 0, LogLevel.Warning, "Admission is {Mode} now: {Reasons}")]
    public static partial void ModeRose(this ILogger log, AdmissionMode mode, string reasons);

    [LoggerMessage(EventIds.Admission + 1, LogLevel.Information, "Admission is {Mode} again")]
    public static partial void ModeFell(this ILogger log, AdmissionMode mode);
}
