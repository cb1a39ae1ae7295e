using System.Text;

namespace Actors443.Server.Sites;

/// <summary><c>respond { … }</c>.</summary>
internal sealed class RespondHandler(RespondRoute route) : IRouteHandler
{
    private readonly byte[] _body = Encoding.UTF8.GetBytes(route.Body);

    public bool IsNeverCompressed => _body.Length < SiteCompression.ShortestBody;

    public Task HandleAsync(HttpContext context, string rest)
    {
        HttpResponse response = context.Response;
        response.StatusCode = route.Status;
        foreach ((string name, string value) in route.Headers)
            response.Headers[name] = value;
        if (_body.Length == 0)
            return Task.CompletedTask;
        response.ContentType = route.ContentType;
        response.ContentLength = _body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.BodyWriter.WriteAsync(_body).AsTask();
    }
}

/// <summary><c>redirect = "/new/{rest}"</c>.</summary>
internal sealed class RedirectHandler(RedirectRoute route) : IRouteHandler
{
    public bool IsNeverCompressed => true;

    public Task HandleAsync(HttpContext context, string rest)
    {
        // Without slashes before it: "/{rest}" and "//evil.com" would make an address of another host.
        string target = route.Target.Replace("{rest}", new PathString("/" + rest.TrimStart('/')).ToUriComponent()[1..], StringComparison.Ordinal);
        if (!target.Contains('?', StringComparison.Ordinal))
        {
            int fragment = target.IndexOf('#', StringComparison.Ordinal);
            target = target.Insert(fragment < 0 ? target.Length : fragment, context.Request.QueryString.ToString());
        }

        context.Response.StatusCode = route.Status;
        context.Response.Headers.Location = target;
        return Task.CompletedTask;
    }
}
