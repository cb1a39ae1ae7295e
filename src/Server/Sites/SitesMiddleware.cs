using Actors443.Connections;
using Actors443.Engine;
using Actors443.Listening;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Server.Sites;

/// <summary>Finds the site and the route of a request, refuses what is for nobody here, and adds HSTS.</summary>
internal sealed class SitesMiddleware(SiteDirectory directory, HstsRamp hsts)
{
    /// <param name="next">What goes on with the <see cref="SiteRequest"/>, where the answer may be compressed.</param>
    public Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        HttpRequest request = context.Request;
        if (RequestFraming.IsAmbiguous(request.Headers))
        {
            context.Response.Headers.Connection = "close";
            return ErrorPage.WriteAsync(context, StatusCodes.Status400BadRequest, "Bad request", "It is not clear where the request ends.");
        }

        // Over HTTP/2 a path may have a space in it, and goes to upstreams as it was written: into their request line.
        if (context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget.AsSpan().ContainsAnyInRange('\0', ' '))
            return ErrorPage.WriteAsync(context, StatusCodes.Status400BadRequest, "Bad request", "The address has a space or a control character in it.");

        if (HttpMethods.IsTrace(request.Method) || (HttpMethods.IsConnect(request.Method) && !IsWebSocket(context)))
            return NotOfferedAsync(context);
        SiteIndex sites = directory.Current;
        string host = request.Headers.Host.ToString();
        string path = request.Path.Value ?? "/";
        var connection = context.Features[typeof(IActorConnectionFeature)] as EngineConnection;
        if (connection?.Asked is SiteRequest asked && asked.Covers(sites, host, path))
        {
            if (asked.IsStrict)
                AddStrictTransportSecurity(context, asked.Site);
            return ServeAsync(context, asked, next);
        }

        if (HostHeader.Parse(host) is not { Name: { } name })
            return ErrorPage.WriteAsync(context, StatusCodes.Status400BadRequest, "Bad request", "The request names no host, or one that is not a host name.");

        // Client-certificate rules and limits go by the name of the handshake: another name on the same connection must not slip past them.
        string? serverName = (context.Features[typeof(ITlsHandshakeFeature)] as ITlsHandshakeFeature)?.HostName;
        if (!string.IsNullOrEmpty(serverName) && !serverName.AsSpan().TrimEnd('.').Equals(name, StringComparison.OrdinalIgnoreCase))
            return MisdirectedAsync(context, "This connection was made for another host name. Connect again.");
        Site? site = sites.Find(name);
        if (site is null)
            return MisdirectedAsync(context, "No site of that name is served here.");

        bool isStrict = HstsRamp.Concerns(name, site.Settings.Hsts);
        if (isStrict)
            AddStrictTransportSecurity(context, site);
        SiteRoute? route = site.Match(path, out string rest);
        if (route is null)
            return ErrorPage.WriteAsync(context, StatusCodes.Status404NotFound, "Not found", "There is nothing at this address.");
        asked = new SiteRequest(sites, host, path, site, route.Handler, rest) { IsStrict = isStrict };
        if (connection is not null)
            connection.Asked = asked;
        return ServeAsync(context, asked, next);
    }

    private static Task ServeAsync(HttpContext context, SiteRequest asked, RequestDelegate next)
    {
        if (HttpMethods.IsConnect(context.Request.Method) && asked.Handler is not ProxyHandler)
            return NotOfferedAsync(context);
        // Without the steps that look whether to compress.
        if (asked.Handler.IsNeverCompressed)
            return asked.HandleAsync(context);
        asked.Begin(context);
        return next(context);
    }

    // Over HTTP/2 a WebSocket begins with CONNECT (RFC 8441).
    private static bool IsWebSocket(HttpContext context) =>
        context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true } connect && "websocket".Equals(connect.Protocol, StringComparison.OrdinalIgnoreCase);

    // At the last moment, so that it is in errors as well, and there once: an upstream may have sent its own.
    private void AddStrictTransportSecurity(HttpContext context, Site site)
    {
        if (!context.Request.IsHttps)
            return;
        context.Response.OnStarting(
            static state =>
            {
                (HttpResponse response, string value) = ((HttpResponse, string))state;
                response.Headers.StrictTransportSecurity = value;
                return Task.CompletedTask;
            },
            (context.Response, hsts.ValueFor(site.Name, site.Settings.Hsts)));
    }

    private static Task NotOfferedAsync(HttpContext context)
    {
        context.Response.Headers.Allow = "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS";
        return ErrorPage.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "Method not allowed", $"{context.Request.Method} is not offered here.");
    }

    private static Task MisdirectedAsync(HttpContext context, string explanation) =>
        ErrorPage.WriteAsync(context, StatusCodes.Status421MisdirectedRequest, "Misdirected request", explanation);
}
