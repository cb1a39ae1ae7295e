using Actors443.Server.Telemetry;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Actors443.Server.Sites;

/// <summary>Hands a request to its upstream, and says in words what went wrong with it if nothing was sent yet.</summary>
internal sealed class ProxyHandler(Endpoint endpoint, ILogger log, TimeProvider time) : IRouteHandler
{
    // While an upstream is down every request to it fails; the log has one of them a second and how many there were.
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(1);

    private long _lastReport = long.MinValue;
    private int _unreported;

    public async Task HandleAsync(HttpContext context, string rest)
    {
        context.SetEndpoint(endpoint);
        ProxiedWebSocket? socket = ProxiedWebSocket.Begin(context);
        try
        {
            await endpoint.RequestDelegate!(context);
        }
        finally
        {
            socket?.End(context);
        }

        if (context.Features.Get<IForwarderErrorFeature>() is { } error)
            await ExplainAsync(context, error);
    }

    private Task ExplainAsync(HttpContext context, IForwarderErrorFeature error)
    {
        if (context.RequestAborted.IsCancellationRequested && error.Error is ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled)
            return Task.CompletedTask;
        string destination = context.Features.Get<IReverseProxyFeature>()?.ProxiedDestination?.Model.Config.Address ?? "no destination";
        Report(destination, error);
        // Past the first byte YARP has aborted the connection or stream, so that the client sees that the answer is not whole.
        return context.Response.StatusCode switch
        {
            StatusCodes.Status504GatewayTimeout => ErrorPage.WriteAsync(context, 504, "Gateway timeout", "The service behind this address did not answer in time."),
            StatusCodes.Status503ServiceUnavailable => NoDestinationAsync(context),
            StatusCodes.Status502BadGateway => ErrorPage.WriteAsync(context, 502, "Bad gateway", "The service behind this address did not answer."),
            StatusCodes.Status413PayloadTooLarge => ErrorPage.WriteAsync(context, 413, "Content too large", "The request is larger than this server takes."),
            StatusCodes.Status400BadRequest => ErrorPage.WriteAsync(context, 400, "Bad request", "The request ended too early or was not well-formed."),
            _ => Task.CompletedTask,
        };
    }

    private void Report(string destination, IForwarderErrorFeature error)
    {
        int failures = Interlocked.Increment(ref _unreported);
        long now = time.GetTimestamp();
        long last = Volatile.Read(ref _lastReport);
        if ((last != long.MinValue && time.GetElapsedTime(last, now) < ReportEvery) || Interlocked.CompareExchange(ref _lastReport, now, last) != last)
            return;
        Interlocked.Add(ref _unreported, -failures);
        log.UpstreamFailed(destination, error.Error, error.Exception?.Message, failures);
    }

    private static Task NoDestinationAsync(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "5";
        return ErrorPage.WriteAsync(context, 503, "Service unavailable", "No server behind this address is healthy. Try again in a moment.");
    }
}
