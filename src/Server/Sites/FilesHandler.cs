using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.FileProviders.Physical;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Actors443.Server.Sites;

/// <summary>
/// Static files, by the framework's middleware (ETag, conditional requests, ranges). Ours is what stands around it: index files, precompressed
/// siblings, the 404 page. Files that begin with a dot are never served.
/// </summary>
internal sealed class FilesHandler : IRouteHandler, IDisposable
{
    // In order of preference at equal weight.
    private static readonly (string Coding, string Extension)[] Precompressed = [("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz")];
    private static readonly FileExtensionContentTypeProvider ContentTypes = MakeContentTypes();
    private static readonly object CodingKey = new();

    private readonly FilesRoute _route;
    private readonly PhysicalFileProvider _files;
    private readonly StaticFileMiddleware _middleware;

    public FilesHandler(FilesRoute route, IWebHostEnvironment environment, ILoggerFactory loggers)
    {
        _route = route;
        _files = new PhysicalFileProvider(Path.GetFullPath(route.Root), ExclusionFilters.Sensitive);
        var options = new StaticFileOptions
        {
            FileProvider = _files,
            ContentTypeProvider = ContentTypes,
            ServeUnknownFileTypes = true,
            DefaultContentType = "application/octet-stream",
            OnPrepareResponse = Prepare,
        };
        _middleware = new StaticFileMiddleware(NotFoundAsync, environment, Options.Create(options), loggers);
    }

    public async Task HandleAsync(HttpContext context, string rest)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD";
            await ErrorPage.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "Method not allowed", "Files can only be read.");
            return;
        }

        PathString asked = context.Request.Path;
        string path = "/" + rest;
        if (path.EndsWith('/'))
        {
            string? index = _route.Index.FirstOrDefault(name => _files.GetFileInfo(path + name) is { Exists: true, IsDirectory: false });
            if (index is null)
            {
                await NotFoundAsync(context);
                return;
            }

            path += index;
        }
        else if (_files.GetDirectoryContents(path).Exists)
        {
            context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
            context.Response.Headers.Location = context.Request.PathBase + asked.ToUriComponent() + "/" + context.Request.QueryString;
            return;
        }

        context.Request.Path = ChooseCoding(context, path);
        try
        {
            await _middleware.Invoke(context);
        }
        finally
        {
            context.Request.Path = asked;
        }
    }

    public void Dispose() => _files.Dispose();

    private string ChooseCoding(HttpContext context, string path)
    {
        bool varies = false;
        (string Coding, string Extension)? best = null;
        double bestWeight = 0;
        IList<StringWithQualityHeaderValue>? accepted = null;
        foreach ((string coding, string extension) in Precompressed)
        {
            if (!_files.GetFileInfo(path + extension).Exists)
                continue;
            varies = true;
            accepted ??= context.Request.GetTypedHeaders().AcceptEncoding;
            double weight = WeightOf(accepted, coding);
            if (weight > bestWeight)
                (best, bestWeight) = ((coding, extension), weight);
        }

        if (varies)
            context.Response.Headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        if (best is not { } chosen)
            return path;
        context.Items[CodingKey] = chosen.Coding;
        return path + chosen.Extension;
    }

    private static double WeightOf(IList<StringWithQualityHeaderValue> accepted, string coding)
    {
        double any = 0;
        foreach (StringWithQualityHeaderValue value in accepted)
        {
            if (value.Value.Equals(coding, StringComparison.OrdinalIgnoreCase))
                return value.Quality ?? 1;
            if (value.Value == "*")
                any = value.Quality ?? 1;
        }

        return any;
    }

    private void Prepare(StaticFileResponseContext prepared)
    {
        HttpResponse response = prepared.Context.Response;
        if (_route.CacheControl is { } cacheControl)
            response.Headers.CacheControl = cacheControl;
        if (prepared.Context.Items.TryGetValue(CodingKey, out object? coding))
        {
            response.Headers.ContentEncoding = (string)coding!;
            string original = Path.GetFileNameWithoutExtension(prepared.File.Name);
            response.ContentType = ContentTypes.TryGetContentType(original, out string? type) ? type : "application/octet-stream";
        }
    }

    private async Task NotFoundAsync(HttpContext context)
    {
        IFileInfo page = _files.GetFileInfo(_route.NotFound ?? "404.html");
        if (!page.Exists || page.IsDirectory)
        {
            await ErrorPage.WriteAsync(context, StatusCodes.Status404NotFound, "Not found", "There is nothing at this address.");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.ContentType = "text/html; charset=utf-8";
        context.Response.ContentLength = page.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
            await context.Response.SendFileAsync(page);
    }

    private static FileExtensionContentTypeProvider MakeContentTypes()
    {
        var types = new FileExtensionContentTypeProvider();
        types.Mappings[".avif"] = "image/avif";
        types.Mappings[".mjs"] = "text/javascript";
        types.Mappings[".js"] = "text/javascript";
        types.Mappings[".wasm"] = "application/wasm";
        types.Mappings[".webmanifest"] = "application/manifest+json";
        types.Mappings[".md"] = "text/markdown; charset=utf-8";
        types.Mappings[".html"] = "text/html; charset=utf-8";
        types.Mappings[".htm"] = "text/html; charset=utf-8";
        types.Mappings[".txt"] = "text/plain; charset=utf-8";
        types.Mappings[".css"] = "text/css; charset=utf-8";
        return types;
    }
}
