using Actors443.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace Actors443.Server.Telemetry;

internal static partial class SiteLog
{
    [LoggerMessage(EventIds.Sites + 0, LogLevel.Information, "Sites served ({Count}): {Names}")]
    public static partial void SitesServed(this ILogger log, int count, string names);

    [LoggerMessage(EventIds.Sites + 1, LogLevel.Warning, "Upstream {Destination} failed: {Error} {Detail} ({Failures} failed requests of this route since this was last said)")]
    public static partial void UpstreamFailed(this ILogger log, string destination, ForwarderError error, string? detail, int failures);

    [LoggerMessage(EventIds.Sites + 2, LogLevel.Warning, "{Path} cannot be written ({Cause}); the HSTS ramp begins anew after a restart")]
    public static partial void HstsNotSaved(this ILogger log, string path, string cause);

    [LoggerMessage(EventIds.Sites + 3, LogLevel.Warning, "{Path} cannot be read ({Cause}); the HSTS ramp begins anew")]
    public static partial void HstsNotRead(this ILogger log, string path, string cause);
}
