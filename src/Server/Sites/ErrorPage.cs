using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Net.Http.Headers;

namespace Actors443.Server.Sites;

/// <summary>Answers in errors: HTML for browsers, a problem document (RFC 9457) for programs, a line of text for everybody else.</summary>
internal static class ErrorPage
{
    // What a handler may have said about an answer that is not sent now. Others stay: Allow, Retry-After, Strict-Transport-Security.
    private static readonly string[] AboutContent =
    [
        HeaderNames.ContentEncoding, HeaderNames.ContentRange, HeaderNames.ContentDisposition, HeaderNames.ContentLanguage, HeaderNames.ETag,
        HeaderNames.LastModified, HeaderNames.AcceptRanges, HeaderNames.Expires,
    ];

    /// <summary>Writes the answer unless one has begun.</summary>
    public static Task WriteAsync(HttpContext context, int status, string title, string explanation)
    {
        HttpResponse response = context.Response;
        if (response.HasStarted)
            return Task.CompletedTask;
        foreach (string name in AboutContent)
            response.Headers.Remove(name);
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        response.Headers.Append(HeaderNames.Vary, HeaderNames.Accept);
        (response.ContentType, string text) = Content(context.Request, status, title, explanation);
        if (response.ContentType.StartsWith("text/html", StringComparison.Ordinal))
            response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
        byte[] body = Encoding.UTF8.GetBytes(text);
        response.ContentLength = body.Length;
        return HttpMethods.IsHead(context.Request.Method) ? Task.CompletedTask : response.BodyWriter.WriteAsync(body).AsTask();
    }

    private static (string Type, string Text) Content(HttpRequest request, int status, string title, string explanation)
    {
        string accept = request.Headers.Accept.ToString();
        if (accept.Contains("text/html", StringComparison.OrdinalIgnoreCase))
            return ("text/html; charset=utf-8", Html(status, title, explanation));
        return accept.Contains("json", StringComparison.OrdinalIgnoreCase)
            ? ("application/problem+json", JsonSerializer.Serialize(new { status, title, detail = explanation }))
            : ("text/plain; charset=utf-8", $"{status} {title}\n{explanation}\n");
    }

    private static string Html(int status, string title, string explanation)
    {
        HtmlEncoder encoder = HtmlEncoder.Default;
        return $$"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>{{status}} {{encoder.Encode(title)}}</title>
            <style>
            :root { color-scheme: light dark; --ink: #1b2430; --soft: #5b6877; --paper: #f6f7f9; --accent: #2463eb; }
            @media (prefers-color-scheme: dark) { :root { --ink: #e7ecf3; --soft: #94a2b3; --paper: #10151c; --accent: #7aa5ff; } }
            body { margin: 0; min-height: 100vh; display: grid; place-content: center; padding: 2rem; background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, sans-serif; }
            b { display: block; font-size: 4.5rem; line-height: 1; letter-spacing: -.04em; color: var(--accent); }
            h1 { margin: .6rem 0 .2rem; font-size: 1.4rem; } p { margin: 0; max-width: 34rem; color: var(--soft); }
            </style></head><body><main><b>{{status}}</b><h1>{{encoder.Encode(title)}}</h1><p>{{encoder.Encode(explanation)}}</p></main></body></html>
            """;
    }
}
