using System.Linq.Expressions;
using System.Reflection;
using Actors443.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Engine;

/// <summary>
/// Why Kestrel's HTTP code ended a connection. Kestrel keeps it for its own metric, without a public way to ask; should a later runtime keep it
/// elsewhere, the answer becomes "no reason given" and nothing else changes.
/// </summary>
internal static class KestrelEnd
{
    private static readonly Func<object, int>? ReasonIn = CompileReading(out Names);
    private static readonly string?[] Names;

    /// <summary>The feature Kestrel keeps it in; null: this runtime has none.</summary>
    public static Type? Feature { get; } = typeof(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServer).Assembly.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Infrastructure.IConnectionMetricsContextFeature");

    /// <summary>Whether this runtime tells.</summary>
    public static bool IsKnown => ReasonIn is not null;

    /// <summary>None: an end in order, or one that the other side made.</summary>
    public static (CloseReason Reason, string? Detail) Of(IFeatureCollection features)
    {
        if (ReasonIn is null || features[Feature!] is not { } feature)
            return default;
        int reason = ReasonIn(feature);
        string? name = (uint)reason < (uint)Names.Length ? Names[reason] : null;
        return name switch
        {
            null => default,
            "MinResponseDataRate" => (CloseReason.SlowReader, null),
            "MinRequestBodyDataRate" => (CloseReason.SlowSender, null),
            "ServerTimeout" => (CloseReason.SlowSender, "the rest of a body did not come"),
            "OutputQueueSizeExceeded" or "StreamResetLimitExceeded" => (CloseReason.FrameFlood, name),
            "KeepAliveTimeout" => (CloseReason.IdleTimeout, null),
            "RequestHeadersTimeout" => (CloseReason.HeadersTimeout, null),
            "GracefulAppShutdown" or "AppShutdownTimeout" or "ClientGoAway" => default,
            "AbortedByApp" => (CloseReason.AbortedByApplication, null),
            _ => (CloseReason.ProtocolError, name),
        };
    }

    /// <summary>What the end of a connection was, if nobody has said so before. As late as can be: Kestrel's timer aborts a connection first, and notes why after.</summary>
    public static void SetReason(EngineConnection connection, IFeatureCollection features, bool peerEnded, bool failed)
    {
        (CloseReason reason, string? detail) = Of(features);
        if (reason != CloseReason.None)
            connection.SetReason(reason, detail);
        else if (connection.WasCutOff)
            connection.SetReason(CloseReason.ClientReset);
        else if (peerEnded)
            connection.SetOrderlyReason(CloseReason.ClientClosed);
        else if (failed)
            connection.SetReason(CloseReason.ClientReset);
        else
            connection.SetOrderlyReason(CloseReason.ServerClosed);
    }

    // Compiled once: reflection would cost a microsecond a connection. -1: no reason yet.
    private static Func<object, int>? CompileReading(out string?[] names)
    {
        names = [];
        Type? feature = typeof(Microsoft.AspNetCore.Server.Kestrel.Core.KestrelServer).Assembly.GetType("Microsoft.AspNetCore.Server.Kestrel.Core.Internal.Infrastructure.IConnectionMetricsContextFeature");
        PropertyInfo? context = feature?.GetProperty("MetricsContext");
        PropertyInfo? reason = context?.PropertyType.GetProperty("ConnectionEndReason");
        if (reason is null || Nullable.GetUnderlyingType(reason.PropertyType) is not { IsEnum: true } kind)
            return null;
        names = new string?[Enum.GetValuesAsUnderlyingType(kind).Cast<object>().Max(value => Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture)) + 1];
        for (int value = 0; value < names.Length; value++)
            names[value] = Enum.GetName(kind, Enum.ToObject(kind, value));
        ParameterExpression given = Expression.Parameter(typeof(object));
        Expression read = Expression.Property(Expression.Property(Expression.Convert(given, feature!), context!), reason);
        Expression number = Expression.Condition(
            Expression.Property(read, "HasValue"),
            Expression.Convert(Expression.Property(read, "Value"), typeof(int)),
            Expression.Constant(-1));
        return Expression.Lambda<Func<object, int>>(number, given).Compile();
    }
}
