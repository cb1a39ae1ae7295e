using Actors443.Server.Admin.OpenApi;
using Microsoft.Net.Http.Headers;

namespace Actors443.Server.Admin;

/// <summary>How a route's changes may depend on what they change. Metadata of routes.</summary>
/// <param name="Current">The version of what the request is about; null: it is not there.</param>
internal sealed record ResourceVersion(Func<HttpContext, ValueTask<string?>> Current);

/// <summary>
/// ETag and If-Match (RFC 9110 8.8.3, 13.1.1): reads tell the version of what they show, a change made with If-Match happens only to that version. Changes of what has versions are made
/// one after the other, so that none comes in between. Thread-safe.
/// </summary>
internal sealed class Preconditions : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);

    public Func<RequestDelegate, RequestDelegate> Check => next => async context =>
    {
        if (context.GetEndpoint()?.Metadata is not { } metadata || metadata.GetMetadata<ApiOperation>() is not { } operation)
        {
            await next(context);
            return;
        }

        ResourceVersion? version = metadata.GetMetadata<ResourceVersion>();
        if (HttpMethods.IsGet(context.Request.Method))
        {
            if (version is not null && await version.Current(context) is { } current)
                context.Response.GetTypedHeaders().ETag = TagOf(current);
            await next(context);
            return;
        }

        if (version is null)
        {
            if (await HoldsAsync(context, null, operation.NeedsIfMatch))
                await next(context);
            return;
        }

        await _turn.WaitAsync(context.RequestAborted);
        try
        {
            if (await HoldsAsync(context, await version.Current(context), operation.NeedsIfMatch))
                await next(context);
        }
        finally
        {
            _turn.Release();
        }
    };

    public void Dispose() => _turn.Dispose();

    private static async Task<bool> HoldsAsync(HttpContext context, string? current, bool demanded)
    {
        if (context.Request.Headers.IfMatch.Count == 0)
        {
            if (!demanded)
                return true;
            await AdminFailures.WriteAsync(context, StatusCodes.Status428PreconditionRequired, $"send If-Match with the ETag that GET {context.Request.Path} answers, so that no change of somebody else's is undone");
            return false;
        }

        if (current is not null && context.Request.GetTypedHeaders().IfMatch.Any(tag => tag.Equals(EntityTagHeaderValue.Any) || tag.Compare(TagOf(current), useStrongComparison: true)))
            return true;
        if (current is not null)
            context.Response.GetTypedHeaders().ETag = TagOf(current);
        await AdminFailures.WriteAsync(
            context, StatusCodes.Status412PreconditionFailed, current is null ? "there is nothing of that version; it may have ended, or has no versions" : "it has changed since it was read; read it again and look whether the change is still right");
        return false;
    }

    private static EntityTagHeaderValue TagOf(string version) => new($"\"{version}\"");
}
