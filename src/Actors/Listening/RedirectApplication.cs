using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Actors443.Listening;

/// <summary>
/// Answers port 80: 308 to the same host and target on the https port (RFC 9110 15.4.9). The target is repeated byte by byte; a Host that is not one
/// is refused, so that nobody can be sent where he did not ask to go.
/// </summary>
/// <param name="httpsPort">The port to name; asked for each request because it is known only once https is bound.</param>
internal sealed class RedirectApplication(Func<int> httpsPort) : IHttpApplication<IFeatureCollection>
{
    private const int LongestHost = 255;

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
        string? host = HostWithoutPort(request.Headers.Host.ToString());
        string body;
        if (host is null)
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
            body = "The Host header is missing or is not a host name.\n";
        }
        else if (!request.RawTarget.StartsWith('/'))
        {
            response.StatusCode = StatusCodes.Status400BadRequest;
            body = "Only a path can be asked for here.\n";
        }
        else
        {
            int port = httpsPort();
            string location = port == 443 ? $"https://{host}{request.RawTarget}" : $"https://{host}:{port}{request.RawTarget}";
            response.StatusCode = StatusCodes.Status308PermanentRedirect;
            response.Headers.Location = location;
            body = "This site is served over https.\n";
        }

        response.Headers.ContentType = "text/plain; charset=utf-8";
        response.Headers.ContentLength = body.Length;
        if (!HttpMethods.IsHead(request.Method))
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(Encoding.ASCII.GetBytes(body));
    }

    /// <summary>The host of a Host header (RFC 9110 7.2) without its port; null if it is not one.</summary>
    internal static string? HostWithoutPort(string header)
    {
        if (header.Length is 0 or > LongestHost)
            return null;
        HostString parsed = HostString.FromUriComponent(header);
        string host = parsed.Host;
        bool known = Uri.CheckHostName(host.Trim('[', ']')) switch
        {
            UriHostNameType.Dns => !host.Contains('[', StringComparison.Ordinal) && !host.Contains('_', StringComparison.Ordinal),
            UriHostNameType.IPv4 => !host.Contains('[', StringComparison.Ordinal),
            UriHostNameType.IPv6 => host.StartsWith('[') && host.EndsWith(']'),
            _ => false,
        };
        if (!known)
            return null;
        string rest = header[(header.StartsWith('[') ? header.IndexOf(']', StringComparison.Ordinal) + 1 : host.Length)..];
        bool portIsGood = rest.Length == 0 || (rest[0] == ':' && (rest.Length == 1 || (ushort.TryParse(rest.AsSpan(1), out ushort port) && port > 0)));
        return portIsGood ? host.ToLowerInvariant() : null;
    }
}
