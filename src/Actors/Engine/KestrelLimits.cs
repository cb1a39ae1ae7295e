using Actors443.Configuration;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Actors443.Engine;

/// <summary>Our limits in Kestrel's terms.</summary>
internal static class KestrelLimits
{
    // The owners' timer wheel acts first and knows the reason; Kestrel's own clock is the second line.
    private static readonly TimeSpan SecondLine = TimeSpan.FromSeconds(5);

    public static void Apply(KestrelServerOptions options, HttpLimitSettings limits, DeadlineSettings deadlines)
    {
        options.AddServerHeader = false;
        KestrelServerLimits kestrel = options.Limits;
        kestrel.MaxRequestBodySize = limits.RequestBody;
        kestrel.MaxRequestLineSize = limits.RequestLine;
        kestrel.MaxRequestHeadersTotalSize = limits.RequestHeaders;
        kestrel.MaxRequestHeaderCount = limits.RequestHeaderCount;
        kestrel.Http2.MaxStreamsPerConnection = limits.Http2Streams;
        kestrel.KeepAliveTimeout = deadlines.Idle + SecondLine;
        kestrel.RequestHeadersTimeout = deadlines.Headers + SecondLine;
        MinDataRate? rate = limits.MinimumRate > 0 ? new MinDataRate(limits.MinimumRate, limits.RateGrace) : null;
        kestrel.MinRequestBodyDataRate = rate;
        kestrel.MinResponseDataRate = rate;
        // Admission counts connections before Kestrel sees them.
        kestrel.MaxConcurrentConnections = null;
    }
}
