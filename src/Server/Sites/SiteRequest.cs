using Actors443.Engine;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Server.Sites;

/// <summary>
/// What requests for one address of one host are for: found once, kept with the request for what runs around its handler, and with its connection, whose next request
/// most often is for the same. Immutable.
/// </summary>
/// <param name="sites">Those among which it was found.</param>
/// <param name="host">The Host header.</param>
/// <param name="path">Of the address.</param>
/// <param name="site">What the host leads to.</param>
/// <param name="handler">What the path leads to.</param>
/// <param name="rest">What <c>*</c> of the route's path stands for.</param>
internal sealed class SiteRequest(SiteIndex sites, string host, string path, Site site, IRouteHandler handler, string rest)
{
    public Site Site => site;

    public IRouteHandler Handler => handler;

    /// <summary>Answers tell the client to come by HTTPS only.</summary>
    public required bool IsStrict { get; init; }

    public static SiteRequest? Of(HttpContext context) => (SiteRequest?)context.Features[typeof(SiteRequest)];

    /// <summary>Whether a request on the same connection is for the same.</summary>
    public bool Covers(SiteIndex otherSites, string otherHost, string otherPath) => ReferenceEquals(sites, otherSites) && host == otherHost && path == otherPath;

    /// <summary>Lets the route answer.</summary>
    public Task HandleAsync(HttpContext context) => handler.HandleAsync(context, rest);

    /// <summary>Keeps it with the request.</summary>
    public void Begin(HttpContext context)
    {
        context.Features[typeof(SiteRequest)] = this;
        // Below whatever compresses, which passes on the files that it leaves alone.
        if (handler is FilesHandler)
            context.Features.Set<IHttpResponseBodyFeature>(new FileBody(context.Features.GetRequiredFeature<IHttpResponseBodyFeature>(), context.Features.Get<IOutputTurns>(), isStream: HttpProtocol.IsHttp2(context.Request.Protocol)));
    }
}
