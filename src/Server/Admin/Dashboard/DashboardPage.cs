using Actors443.Server.Assets;
using Actors443.Server.Sites.Welcome;

namespace Actors443.Server.Admin.Dashboard;

/// <summary>
/// The dashboard's files. They hold nothing of the server and need no token: the script asks for one, and sends it with each request itself, so that no other page's request carries it.
/// </summary>
internal static class DashboardPage
{
    // No string ever becomes markup or script: the browser refuses it, whatever the script does.
    private const string Policy = PageResponse.OwnFilesOnly + "; require-trusted-types-for 'script'; trusted-types 'none'";

    public static void Map(IEndpointRouteBuilder routes)
    {
        Map(routes, "/", EmbeddedFile.Load("text/html; charset=utf-8", "Actors443.Dashboard.dashboard.html"));
        Map(routes, "/dashboard.css", EmbeddedFile.Load("text/css; charset=utf-8", "Actors443.Dashboard.dashboard.css"));
        Map(routes, "/dashboard.js", EmbeddedFile.Load("text/javascript; charset=utf-8", "Actors443.Dashboard.dashboard.js"));
        Map(routes, "/favicon.svg", WelcomeAssets.Icon);
    }

    private static void Map(IEndpointRouteBuilder routes, string path, EmbeddedFile file) => routes.MapMethods(path, ["GET", "HEAD"], context =>
    {
        PageResponse.AddHeaders(context.Response, Policy);
        return file.WriteAsync(context);
    });
}
