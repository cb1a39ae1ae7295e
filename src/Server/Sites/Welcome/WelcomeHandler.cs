using System.Text;
using Actors443.Connections;
using Actors443.Engine;
using Actors443.Server.Assets;

namespace Actors443.Server.Sites.Welcome;

/// <summary>
/// The built-in page: what owns this connection, and, for clients on this machine, how the server is. Its parts have names of their own below a
/// path with <c>*</c> (<c>/status.json</c>), and are asked for by query everywhere (<c>?status.json</c>).
/// </summary>
internal sealed class WelcomeHandler(WelcomeStatusSource source) : IRouteHandler
{
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

    private static Task WriteAssetAsync(HttpContext context, EmbeddedFile asset)
    {
        PageResponse.AddHeaders(context.Response, PageResponse.OwnFilesOnly);
        return asset.WriteAsync(context);
    }

    private static Task WriteAsync(HttpContext context, string type, string text)
    {
        PageResponse.AddHeaders(context.Response, PageResponse.OwnFilesOnly);
        // Not compressed: it shows the client's own words beside ours (BREACH).
        context.Response.Headers.CacheControl = "no-store, no-transform";
        return PageResponse.WriteAsync(context, type, Encoding.UTF8.GetBytes(text));
    }
}
