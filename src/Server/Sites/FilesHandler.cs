using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Actors443.Server.Sites;

/// <summary>
/// Static files, by the framework's middleware (ETag, conditional requests, ranges). Ours is what stands around it: index files, precompressed
/// siblings, the 404 page. Names that begin with a dot are never served, except below <c>/.well-known/</c>. Symbolic links are followed.
/// </summary>
internal sealed class FilesHandler : IRouteHandler, IDisposable
{
    private const string UnknownType = "application/octet-stream";

    // RFC 8615: what clients of certificates, mail and others look for in the root.
    private const string WellKnown = "/.well-known/";

    private static readonly FileExtensionContentTypeProvider ContentTypes = MakeContentTypes();

    private readonly FilesRoute _route;
    private readonly SiteFiles _files;
    private readonly StaticFileMiddleware _middleware;

    public FilesHandler(FilesRoute route, IWebHostEnvironment environment, ILoggerFactory loggers)
    {
        _route = route;
        _files = new SiteFiles(route.Root);
        var options = new StaticFileOptions
        {
            FileProvider = _files,
            ContentTypeProvider = ContentTypes,
            ServeUnknownFileTypes = true,
            DefaultContentType = UnknownType,
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

        string path = "/" + rest.TrimStart('/');
        if (IsHidden(path))
        {
            await NotFoundAsync(context);
            return;
        }

        if (path.EndsWith('/'))
        {
            string? index = _route.Index.FirstOrDefault(name => _files.GetFileInfo(path + name).Exists);
            if (index is null)
            {
                await NotFoundAsync(context);
                return;
            }

            path += index;
        }
        else if (!_files.GetFileInfo(path).Exists)
        {
            if (_files.GetDirectoryContents(path).Exists)
                RedirectToFolder(context);
            else
                await NotFoundAsync(context);
            return;
        }

        await SendAsync(context, path);
    }

    public void Dispose() => _files.Dispose();

    // The provider's own filter looks at the last name only, and would give away "/.git/config".
    private static bool IsHidden(string path)
    {
        int dot = path.IndexOf("/.", StringComparison.Ordinal);
        return dot >= 0 && (dot > 0 || !path.StartsWith(WellKnown, StringComparison.Ordinal) || path.IndexOf("/.", 1, StringComparison.Ordinal) > 0);
    }

    private static void RedirectToFolder(HttpContext context)
    {
        // One slash at the beginning: with two, "//docs" would send the client to a host of that name.
        string folder = "/" + context.Request.Path.ToUriComponent().Trim('/') + "/";
        context.Response.StatusCode = StatusCodes.Status308PermanentRedirect;
        context.Response.Headers.Location = folder + context.Request.QueryString;
    }

    private async Task SendAsync(HttpContext context, string path)
    {
        PathString asked = context.Request.Path;
        var choice = new FileChoice(path);
        choice.Consider(context.Request.GetTypedHeaders().AcceptEncoding, _files.HasSibling);
        if (choice.Varies)
            context.Response.Headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        choice.HasWeakTag = CompareTagsWeakly(context.Request.Headers);
        IgnoreUnknownRange(context.Request.Headers);
        context.Items[FileChoice.Key] = choice;
        context.Request.Path = choice.Path;
        try
        {
            await _middleware.Invoke(context);
        }
        catch (Exception gone) when (gone is FileNotFoundException or DirectoryNotFoundException && !context.Response.HasStarted)
        {
            // Deleted since it was looked up.
            context.Response.Clear();
            await NotFoundAsync(context);
        }
        catch (UnauthorizedAccessException) when (!context.Response.HasStarted)
        {
            await ErrorPage.WriteAsync(context, StatusCodes.Status403Forbidden, "Forbidden", "The server may not read this file.");
        }
        finally
        {
            context.Request.Path = asked;
        }
    }

    // If-None-Match compares weakly (RFC 9110 13.1.2); the framework compares strongly, and so would never know the tag of an answer compressed on the fly.
    private static bool CompareTagsWeakly(IHeaderDictionary headers)
    {
        string tags = headers.IfNoneMatch.ToString();
        if (!tags.Contains("W/\"", StringComparison.Ordinal))
            return false;
        headers.IfNoneMatch = tags.Replace("W/\"", "\"", StringComparison.Ordinal);
        return true;
    }

    // The framework takes whatever stands before "=" for bytes; a unit that is not known is to be ignored (RFC 9110 14.2).
    private static void IgnoreUnknownRange(IHeaderDictionary headers)
    {
        if (headers.Range.Count > 0 && !headers.Range.ToString().StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
            headers.Remove(HeaderNames.Range);
    }

    private void Prepare(StaticFileResponseContext prepared)
    {
        HttpResponse response = prepared.Context.Response;
        if (response.StatusCode >= 400)
            return;
        if (_route.CacheControl is { } cacheControl)
            response.Headers.CacheControl = cacheControl;
        var choice = (FileChoice)prepared.Context.Items[FileChoice.Key]!;
        if (response.StatusCode == StatusCodes.Status304NotModified)
        {
            if (choice.HasWeakTag)
                response.Headers.ETag = "W/" + response.Headers.ETag;
        }
        else if (choice.Coding is { } coding)
        {
            response.Headers.ContentEncoding = coding;
            response.ContentType = ContentTypes.TryGetContentType(choice.Original, out string? type) ? type : UnknownType;
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
        context.Response.ContentType = ContentTypes.TryGetContentType(page.Name, out string? type) ? type : UnknownType;
        context.Response.Headers.CacheControl = "no-cache";
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
