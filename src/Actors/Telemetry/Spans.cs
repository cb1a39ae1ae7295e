using System.Diagnostics;

namespace Actors443.Telemetry;

/// <summary>Where all spans of Actors443 come from. Thread-safe.</summary>
internal static class Spans
{
    /// <summary>Called as the meter is.</summary>
    public static ActivitySource Source { get; } = new(Actors443Meter.Name);

    /// <summary>The span that is current, if others are to go on from it; null: there is none, or nobody listens.</summary>
    public static Activity? Current => Source.HasListeners() && Activity.Current is { IsAllDataRequested: true, IdFormat: ActivityIdFormat.W3C } now ? now : null;

    /// <summary>What was thrown within it.</summary>
    public static void Failed(this Activity? span, Exception cause)
    {
        if (span is not { IsAllDataRequested: true })
            return;
        span.AddException(cause);
        span.SetStatus(ActivityStatusCode.Error, cause.Message);
    }
}
