using System.Security.Cryptography;

namespace Actors443.Server.Assets;

/// <summary>A file of a built-in page, embedded in the program. Immutable.</summary>
internal sealed record EmbeddedFile(string Type, byte[] Content)
{
    public string ETag { get; } = $"\"{Convert.ToHexStringLower(SHA256.HashData(Content).AsSpan(0, 8))}\"";

    /// <param name="type">Content-Type.</param>
    /// <param name="resource">Name in the assembly.</param>
    public static EmbeddedFile Load(string type, string resource) => new(type, Read(resource));

    /// <summary>An embedded file as it is.</summary>
    public static byte[] Read(string resource)
    {
        using Stream stream = typeof(EmbeddedFile).Assembly.GetManifestResourceStream(resource)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>Answers with it, or with 304 to who has it.</summary>
    public Task WriteAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.Headers.ETag = ETag;
        response.Headers.CacheControl = "no-cache";
        if (context.Request.Headers.IfNoneMatch.ToString().Contains(ETag, StringComparison.Ordinal))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        return PageResponse.WriteAsync(context, Type, Content);
    }
}
