using System.Text;
using Actors443.Connections;
using Actors443.Engine;

namespace Actors443.Server.Sites.Welcome;

/// <summary>
/// The built-in page: what owns this connection, and, for clients on this machine, how the server is. Its parts have names of their own below a
/// path with <c>*</c> (<c>/status.json</c>), and are asked for by query everywhere (<c>?status.json</c>).
/// </summary>
internal sealed class WelcomeHandler(WelcomeStatusSource source) : IRouteHandler
{
    private const string Policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public Task HandleAsync(HttpContext context, string rest)
    {
        HttpRequest request = context.Request;
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return ErrorPage.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "Method not allowed", "This page can only be read.");
        }

        string part = rest.Length > 0 ? rest : request.QueryString.Value?.TrimStart('?') ?? "";
        if (WelcomeAssets.Find(part) is { } asset)
            return WriteAssetAsync(context, asset);
        return part switch
        {
            "" => WriteAsync(context, "text/html; charset=utf-8", WelcomePage.Render(StatusFor(context))),
            "status.json" => WriteAsync(context, "application/json", WelcomeStatus.ToJson(StatusFor(context))),
            _ => ErrorPage.WriteAsync(context, StatusCodes.Status404NotFound, "Not found", "There is nothing at this address."),
        };
    }

    private WelcomeStatus StatusFor(HttpContext context) =>
        source.Take(context.Features.Get<IActorConnectionFeature>() as EngineConnection, context.Request.Protocol, includeServer: IsFromThisMachine(context));

    // A proxy on this machine speaks for clients elsewhere.
    private static bool IsFromThisMachine(HttpContext context) =>
        context.Connection.RemoteIpAddress is { } remote && System.Net.IPAddress.IsLoopback(PlainAddress.Of(remote))
        && !context.Request.Headers.ContainsKey("X-Forwarded-For") && !context.Request.Headers.ContainsKey("Forwarded");

    private static Task WriteAssetAsync(HttpContext context, WelcomeAsset asset)
    {
        HttpResponse response = context.Response;
        AddHeaders(response);
        response.Headers.ETag = asset.ETag;
        response.Headers.CacheControl = "no-cache";
        if (context.Request.Headers.IfNoneMatch.ToString().Contains(asset.ETag, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return WriteBodyAsync(context, asset.Type, asset.Content);
    }

    private static Task WriteAsync(HttpContext context, string type, string text)
    {
        AddHeaders(context.Response);
        // Not compressed: it shows the client's own words beside ours (BREACH).
        context.Response.Headers.CacheControl = "no-store, no-transform";
        return WriteBodyAsync(context, type, Encoding.UTF8.GetBytes(text));
    }

    private static Task WriteBodyAsync(HttpContext context, string type, ReadOnlyMemory<byte> body)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : context.Response.BodyWriter.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static void AddHeaders(HttpResponse response)
    {
        IHeaderDictionary headers = response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
    }
}
