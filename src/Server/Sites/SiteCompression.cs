using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.Options;

namespace Actors443.Server.Sites;

/// <summary>
/// Compresses on the fly where the site allows it and nothing secret can be in the answer: compression over TLS tells an attacker the length of
/// what he mixes with a secret (BREACH), so answers to requests with cookies or credentials, and answers that set cookies, are left alone.
/// </summary>
internal sealed class SiteCompression(IServiceProvider services, IOptions<ResponseCompressionOptions> options) : IResponseCompressionProvider
{
    private readonly ResponseCompressionProvider _inner = new(services, options);

    public ICompressionProvider? GetCompressionProvider(HttpContext context) => _inner.GetCompressionProvider(context);

    public bool CheckRequestAcceptsCompression(HttpContext context) => _inner.CheckRequestAcceptsCompression(context);

    public bool ShouldCompressResponse(HttpContext context) =>
        SiteFeature.Get(context) is { Settings.Compression: true }
        && context.Request.Headers.Cookie.Count == 0
        && context.Request.Headers.Authorization.Count == 0
        && context.Response.Headers.SetCookie.Count == 0
        && _inner.ShouldCompressResponse(context);
}
