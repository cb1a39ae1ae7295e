using System.Reflection;
using Actors443.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Engine.Portable;

/// <summary>
/// Why Kestrel's HTTP code ended a connection. Kestrel keeps it for its own metric, without a public way to ask; should a later runtime keep it
/// elsewhere, the answer becomes "no reason given" and nothing else changes.
/// </summary>
internal static class KestrelEnd
{
    private static readonly Type? Feature = typeof(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServer).Assembly.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Infrastructure.IConnectionMetricsContextFeature");
    private static readonly PropertyInfo? Context = Feature?.GetProperty("MetricsContext");
    private static readonly PropertyInfo? EndReason = Context?.PropertyType.GetProperty("ConnectionEndReason");

    /// <summary>Whether this runtime tells.</summary>
    public static bool IsKnown => EndReason is not null;

    /// <summary>None: an end in order, or one that the other side made.</summary>
    public static (CloseReason Reason, string? Detail) Of(IFeatureCollection features)
    {
        if (EndReason is null || features[Feature!] is not { } feature || Context!.GetValue(feature) is not { } context)
            return default;
        string? name = EndReason.GetValue(context)?.ToString();
        return name switch
        {
            null => default,
            "MinResponseDataRate" => (CloseReason.SlowReader, null),
            "MinRequestBodyDataRate" => (CloseReason.SlowSender, null),
            "KeepAliveTimeout" => (CloseReason.IdleTimeout, null),
            "RequestHeadersTimeout" => (CloseReason.HeadersTimeout, null),
            "GracefulAppShutdown" or "AppShutdownTimeout" or "ClientGoAway" => default,
            "AbortedByApp" => (CloseReason.AbortedByApplication, null),
            _ => (CloseReason.ProtocolError, name),
        };
    }
}
