using Microsoft.AspNetCore.Connections.Features;

namespace Actors443.Server.Sites;

/// <summary>Finds the site and the route of a request, refuses what is for nobody here, and adds HSTS.</summary>
internal sealed class SitesMiddleware(SiteDirectory directory, HstsRamp hsts)
{
    public Task InvokeAsync(HttpContext context)
    {
        HttpRequest request = context.Request;
        if (HttpMethods.IsTrace(request.Method) || HttpMethods.IsConnect(request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS";
            return ErrorPage.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "Method not allowed", $"{request.Method} is not offered here.");
        }

        string host = request.Host.Host;
        if (host.Length == 0 || !HostNames.IsValid(host))
            return ErrorPage.WriteAsync(context, StatusCodes.Status400BadRequest, "Bad request", "The request names no host, or one that is not a host name.");
        host = host.TrimEnd('.');

        // Client-certificate rules and limits go by the name of the handshake: another name on the same connection must not slip past them.
        string? serverName = context.Features.Get<ITlsHandshakeFeature>()?.HostName;
        if (!string.IsNullOrEmpty(serverName) && !serverName.Equals(host, StringComparison.OrdinalIgnoreCase))
            return MisdirectedAsync(context, "This connection was made for another host name. Connect again.");
        Site? site = directory.Current.Find(host);
        if (site is null)
            return MisdirectedAsync(context, "No site of that name is served here.");

        SiteFeature.Set(context, site);
        if (request.IsHttps && hsts.ValueFor(host, site.Settings.Hsts) is { } strict)
            context.Response.Headers.StrictTransportSecurity = strict;
        SiteRoute? route = site.Match(request.Path.Value ?? "/", out string rest);
        return route is null
            ? ErrorPage.WriteAsync(context, StatusCodes.Status404NotFound, "Not found", "There is nothing at this address.")
            : route.Handler.HandleAsync(context, rest);
    }

    private static Task MisdirectedAsync(HttpContext context, string explanation) =>
        ErrorPage.WriteAsync(context, StatusCodes.Status421MisdirectedRequest, "Misdirected request", explanation);
}

/// <summary>The site of a request, for what runs around it.</summary>
internal static class SiteFeature
{
    private static readonly object Key = new();

    public static void Set(HttpContext context, Site site) => context.Items[Key] = site;

    public static Site? Get(HttpContext context) => context.Items.TryGetValue(Key, out object? site) ? (Site?)site : null;
}
