using System.Diagnostics;

namespace Actors443.Telemetry;

/// <summary>Where all spans of Actors443 come from. Thread-safe.</summary>
internal static class Spans
{
    /// <summary>Called as the meter is.</summary>
    public static ActivitySource Source { get; } = new(Actors443Meter.Name);

    /// <summary>What was thrown within it.</summary>
    public static void Failed(this Activity? span, Exception cause)
    {
        if (span is not { IsAllDataRequested: true })
            return;
        span.AddException(cause);
        span.SetStatus(ActivityStatusCode.Error, cause.Message);
    }
}
