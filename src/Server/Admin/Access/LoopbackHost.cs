using System.Net;
using Actors443.Server.Telemetry;

namespace Actors443.Server.Admin.Access;

/// <summary>
/// Serves only requests whose Host is a loopback name or address. A page of a stranger can make a browser on this machine connect to a
/// loopback port under the stranger's own name (DNS rebinding); it cannot make the browser call it localhost.
/// </summary>
internal static class LoopbackHost
{
    /// <param name="anyHost">By TLS a browser sees that a stranger's name is not ours; and whoever binds another address has said so.</param>
    /// <param name="log">Where refusals are told.</param>
    public static Func<RequestDelegate, RequestDelegate> Require(bool anyHost, ILogger log) => next => context =>
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (anyHost || IsLoopback(context.Request.Host.Host) || IsBalancer(context.Request) || CallerProof.IsLocal(context))
            return next(context);
        log.ForeignHost(context.Request.Host.Value ?? "", context.Request.Path);
        return AdminFailures.WriteAsync(context, StatusCodes.Status421MisdirectedRequest, "the admin server answers only to localhost, 127.0.0.1 and [::1]");
    };

    // Load balancers ask for health by HTTP/1.0 without a Host (HAProxy's httpchk). No browser does.
    private static bool IsBalancer(HttpRequest request) => !request.Host.HasValue && request.Path.Value is "/healthz" or "/readyz";

    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host, out IPAddress? address) && IPAddress.IsLoopback(address));
}
