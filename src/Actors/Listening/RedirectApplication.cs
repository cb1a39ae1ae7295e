using System.Text;
using Actors443.Acme.Challenges;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Listening;

/// <summary>
/// Answers port 80: validations by CAs (http-01, RFC 8555 8.3), and to all else 308 to the same host and target on the https port (RFC 9110 15.4.9). The target is repeated byte by byte; a Host that is not one
/// is refused, so that nobody can be sent where he did not ask to go.
/// </summary>
/// <param name="httpsPort">The port to name; asked for each request because it is known only once https is bound.</param>
/// <param name="challenges">Answers for CAs.</param>
internal sealed class RedirectApplication(Func<int> httpsPort, HttpChallengeTable challenges) : IHttpApplication<IFeatureCollection>
{
    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
        HostHeader? host = HostHeader.Parse(request.Headers.Host.ToString());
        string body;
        if (host is null)
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
            body = "The Host header is missing or is not a host name.\n";
        }
        else if (PathAndQuery(request.RawTarget) is not { } target)
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
            body = "Only a path can be asked for here.\n";
        }
        else if (challenges.Claimed && target.StartsWith(HttpChallengeTable.Folder, StringComparison.Ordinal))
        {
            body = Validate(request, response, host.Value, target[HttpChallengeTable.Folder.Length..]);
        }
        else
        {
            int port = httpsPort();
            string authority = port == 443 ? host.Value.Host : $"{host.Value.Host}:{port}";
            response.StatusCode = StatusCodes.Status308PermanentRedirect;
            response.Headers.Location = $"https://{authority}{target}";
            body = "This site is served over https.\n";
        }

        response.Headers.ContentType = "text/plain; charset=utf-8";
        response.Headers.ContentLength = body.Length;
        if (!HttpMethods.IsHead(request.Method))
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(Encoding.ASCII.GetBytes(body));
    }

    private string Validate(IHttpRequestFeature request, IHttpResponseFeature response, HostHeader host, string token)
    {
        if (!HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET, HEAD";
            return "Challenges are read.\n";
        }

        if (challenges.Find(token, host.Name) is { } answer)
        {
            response.StatusCode = StatusCodes.Status200OK;
            response.Headers.CacheControl = "no-store";
            return answer;
        }

        response.StatusCode = StatusCodes.Status404NotFound;
        return "No such challenge is pending for this host.\n";
    }

    /// <summary>Path and query of a request target, as they were written; null if it has none (<c>*</c>, <c>host:port</c>).</summary>
    internal static string? PathAndQuery(string target)
    {
        // Clients keep fragments to themselves (RFC 9112 3.2).
        if (target.Contains('#', StringComparison.Ordinal))
            return null;
        if (target.StartsWith('/'))
            return target;
        // The absolute form (RFC 9112 3.2.2), of which the server has made sure that it names the same host as the header.
        const string scheme = "http://";
        if (!target.StartsWith(scheme, StringComparison.OrdinalIgnoreCase))
            return null;
        int end = target.AsSpan(scheme.Length).IndexOfAny('/', '?');
        string rest = end < 0 ? "" : target[(scheme.Length + end)..];
        return rest.StartsWith('/') ? rest : "/" + rest;
    }
}
