namespace Actors443.Server.Sites;

/// <summary>The built-in page of the default configuration.</summary>
internal sealed class WelcomeHandler : IRouteHandler
{
    public Task HandleAsync(HttpContext context, string rest) => context.Response.WriteAsync("Actors443\n");
}
