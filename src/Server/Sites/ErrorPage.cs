using System.Text.Encodings.Web;
using System.Text.Json;

namespace Actors443.Server.Sites;

/// <summary>Answers in errors: HTML for browsers, a problem document (RFC 9457) for programs, a line of text for everybody else.</summary>
internal static class ErrorPage
{
    /// <summary>Writes the answer unless one has begun.</summary>
    public static Task WriteAsync(HttpContext context, int status, string title, string explanation)
    {
        HttpResponse response = context.Response;
        if (response.HasStarted)
            return Task.CompletedTask;
        response.Clear();
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        string accept = context.Request.Headers.Accept.ToString();
        if (accept.Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            response.ContentType = "text/html; charset=utf-8";
            response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'";
            return response.WriteAsync(Html(status, title, explanation));
        }

        if (accept.Contains("json", StringComparison.OrdinalIgnoreCase))
        {
            response.ContentType = "application/problem+json";
            return response.WriteAsync(JsonSerializer.Serialize(new { status, title, detail = explanation }));
        }

        response.ContentType = "text/plain; charset=utf-8";
        return response.WriteAsync($"{status} {title}\n{explanation}\n");
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
