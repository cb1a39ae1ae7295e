using Actors443.Dns;
using Actors443.Dns.Http;

namespace Actors443.Server.Sites;

/// <summary><c>dns = on</c>: DNS over HTTPS by the server's resolver.</summary>
internal sealed class DnsHandler(DnsRoute route, IDnsResolver resolver) : IRouteHandler
{
    private readonly DnsOverHttps _dns = new(resolver, route.Json);

    // DNS messages are short, and written straight to the connection.
    public bool IsNeverCompressed => true;

    public Task HandleAsync(HttpContext context, string rest) => _dns.HandleAsync(context);
}
