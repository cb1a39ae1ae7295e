using System.Diagnostics.Metrics;

namespace Actors443.Telemetry;

/// <summary>The name of our meter. Each area has its own class of instruments on it (<c>ConnectionMetrics</c>, <c>AdmissionMetrics</c>, …).</summary>
public static class Actors443Meter
{
    /// <summary>Give this name to <c>AddMeter</c> of OpenTelemetry. Instruments are called <c>actors443.*</c>.</summary>
    public const string Name = "Actors443";

    internal static Meter Create(IMeterFactory factory) => factory.Create(Name);
}
