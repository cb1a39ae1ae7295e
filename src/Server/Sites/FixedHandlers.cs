using System.Text;

namespace Actors443.Server.Sites;

/// <summary><c>respond { … }</c>.</summary>
internal sealed class RespondHandler(RespondRoute route) : IRouteHandler
{
    private readonly byte[] _body = Encoding.UTF8.GetBytes(route.Body);

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
    public Task HandleAsync(HttpContext context, string rest)
    {
        string target = route.Target.Replace("{rest}", new PathString("/" + rest).ToUriComponent()[1..], StringComparison.Ordinal);
        context.Response.StatusCode = route.Status;
        context.Response.Headers.Location = target.Contains('?', StringComparison.Ordinal) ? target : target + context.Request.QueryString;
        return Task.CompletedTask;
    }
}
