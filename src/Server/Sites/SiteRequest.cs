using Actors443.Engine;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Server.Sites;

/// <summary>What a request is for: found once, kept with the request for what runs around its handler.</summary>
internal sealed class SiteRequest(Site site, SiteRoute route, string rest)
{
    public Site Site => site;

    public IRouteHandler Handler => route.Handler;

    public static SiteRequest? Of(HttpContext context) => (SiteRequest?)context.Features[typeof(SiteRequest)];

    /// <summary>Lets the route answer.</summary>
    public Task HandleAsync(HttpContext context) => route.Handler.HandleAsync(context, rest);

    /// <summary>Keeps it with the request.</summary>
    public void Begin(HttpContext context)
    {
        context.Features[typeof(SiteRequest)] = this;
        // Below whatever compresses, which passes on the files that it leaves alone.
        if (route.Handler is FilesHandler)
            context.Features.Set<IHttpResponseBodyFeature>(new FileBody(context.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), context.Features.Get<IOutputTurns>(), isStream: HttpProtocol.IsHttp2(context.Request.Protocol)));
    }
}
