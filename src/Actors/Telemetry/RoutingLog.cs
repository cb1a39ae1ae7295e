using Actors443.Configuration;

namespace Actors443.Telemetry;

internal static partial class RoutingLog
{
    [LoggerMessage(EventIds.Routing + 0, LogLevel.Warning, "{Upstream} of the route {Route} cannot be connected to ({Reason}); it is passed over for {Pause}")]
    public static partial void UpstreamIsDown(this ILogger log, UpstreamAddress upstream, string route, string reason, TimeSpan pause);

    [LoggerMessage(EventIds.Routing + 1, LogLevel.Information, "{Upstream} of the route {Route} can be connected to again")]
    public static partial void UpstreamIsBack(this ILogger log, UpstreamAddress upstream, string route);
}
