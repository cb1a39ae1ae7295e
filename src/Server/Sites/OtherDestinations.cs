using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Actors443.Server.Sites;

/// <summary>
/// Tries the next destination when no connection to the chosen one came about: nothing of the request was sent, so that it is safe whatever its
/// method. The failure counts against the destination all the same.
/// </summary>
internal static class OtherDestinations
{
    public static async Task ForwardAsync(HttpContext context, RequestDelegate next)
    {
        IReverseProxyFeature proxy = context.GetReverseProxyFeature();
        IReadOnlyList<DestinationState> left = proxy.AvailableDestinations;
        while (true)
        {
            await next(context);
            if (left.Count < 2 || context.Response.HasStarted || proxy.ProxiedDestination is not { } tried || !WasNotReached(context.Features.Get<IForwarderErrorFeature>()))
                return;
            left = [.. left.Where(destination => destination != tried)];
            proxy.AvailableDestinations = left;
            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.StatusCode = StatusCodes.Status200OK;
        }
    }

    private static bool WasNotReached(IForwarderErrorFeature? error) =>
        error?.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError };
}
