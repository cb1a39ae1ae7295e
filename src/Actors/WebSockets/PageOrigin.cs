using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Actors443.WebSockets;

/// <summary>Whether the page that a browser asks for may do so. A browser sends the user's cookies along for whatever page asks: only pages of this host may, unless others are named (RFC 6455 10.2).</summary>
internal static class PageOrigin
{
    public static bool IsAllowed(HttpRequest request, IReadOnlyList<string> others)
    {
        StringValues origin = request.Headers.Origin;
        if (origin.Count == 0 || others.Contains("*") || others.Contains(origin.ToString(), StringComparer.OrdinalIgnoreCase))
            return true;
        return Uri.TryCreate(origin.ToString(), UriKind.Absolute, out Uri? page)
            && Uri.TryCreate($"{request.Scheme}://{request.Host.Value}", UriKind.Absolute, out Uri? own)
            && Uri.Compare(page, own, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) == 0;
    }
}
