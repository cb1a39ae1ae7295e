using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Actors443.Server.Sites;

/// <summary>
/// Compresses on the fly where the site allows it and nothing secret can be in the answer: compression over TLS tells an attacker the length of
/// what he mixes with a secret (BREACH), so answers to requests with cookies or credentials, and answers that set cookies, are left alone.
/// </summary>
internal sealed class SiteCompression(IServiceProvider services, IOptions<ResponseCompressionOptions> options) : IResponseCompressionProvider
{
    /// <summary>Below it, an answer is hardly shorter afterwards and fits one packet anyway.</summary>
    public const int ShortestBody = 256;

    private readonly ResponseCompressionProvider _inner = new(services, options);

    /// <summary>Asked once it is clear that the answer will be compressed if the client takes any of our codings.</summary>
    public ICompressionProvider? GetCompressionProvider(HttpContext context)
    {
        ICompressionProvider? provider = _inner.GetCompressionProvider(context);
        if (provider is not null)
            WeakenTag(context.Response.Headers);
        return provider;
    }

    public bool CheckRequestAcceptsCompression(HttpContext context) => _inner.CheckRequestAcceptsCompression(context);

    public bool ShouldCompressResponse(HttpContext context)
    {
        HttpResponse response = context.Response;
        return SiteRequest.Of(context) is { Site.Settings.Compression: true }
            && context.Request.Headers.Cookie.Count == 0
            && context.Request.Headers.Authorization.Count == 0
            && response.Headers.SetCookie.Count == 0
            && response.Headers.ContentEncoding.Count == 0
            && response.ContentLength is null or >= ShortestBody
            && !response.Headers.CacheControl.ToString().Contains("no-transform", StringComparison.OrdinalIgnoreCase)
            && _inner.ShouldCompressResponse(context);
    }

    /// <summary>Gives the answer to HEAD the headers that GET would get: the framework compresses when a body is written, which here it never is.</summary>
    public Task CompressHeadAsync(HttpContext context, RequestDelegate next)
    {
        if (HttpMethods.IsHead(context.Request.Method) && CheckRequestAcceptsCompression(context))
            context.Response.OnStarting(CompressHead, context);
        return next(context);
    }

    private Task CompressHead(object state)
    {
        var context = (HttpContext)state;
        HttpResponse response = context.Response;
        if (response.ContentLength > 0 && ShouldCompressResponse(context) && GetCompressionProvider(context) is { } provider)
        {
            response.ContentLength = null;
            response.Headers.ContentEncoding = provider.EncodingName;
            response.Headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        }

        return Task.CompletedTask;
    }

    // A strong tag promises the same bytes (RFC 9110 8.8.1), and those of each coding are others.
    private static void WeakenTag(IHeaderDictionary headers)
    {
        string tag = headers.ETag.ToString();
        if (tag.StartsWith('"'))
            headers.ETag = "W/" + tag;
    }
}
