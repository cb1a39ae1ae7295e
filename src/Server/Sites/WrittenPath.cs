using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Actors443.Server.Sites;

/// <summary>
/// Sends a path on as the client wrote it. The server's decoded path cannot tell <c>%2F</c> from <c>%252F</c>, so that what is encoded anew from it
/// is another path.
/// </summary>
internal static class WrittenPath
{
    /// <summary>Metadata of a route: how many segments are cut off the beginning.</summary>
    public const string CutKey = "cut-segments";

    private static readonly UriCreationOptions AsWritten = new() { DangerousDisablePathAndQueryCanonicalization = true };

    public static void AddTo(TransformBuilderContext builder)
    {
        int cut = builder.Route.Metadata is { } metadata && metadata.TryGetValue(CutKey, out string? segments) ? int.Parse(segments, System.Globalization.CultureInfo.InvariantCulture) : 0;
        builder.AddRequestTransform(context =>
        {
            string target = context.HttpContext.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
            if (TryCut(target, cut, out string rest))
                context.ProxyRequest.RequestUri = new Uri(context.DestinationPrefix.TrimEnd('/') + rest, AsWritten);
            return ValueTask.CompletedTask;
        });
    }

    /// <summary>False: the server has read another path than is written there, and that is the one to send.</summary>
    /// <param name="target">Path and query as they were sent.</param>
    /// <param name="segments">How many to cut off.</param>
    /// <param name="rest">What is left, beginning with a slash.</param>
    internal static bool TryCut(string target, int segments, out string rest)
    {
        rest = "";
        int query = target.IndexOf('?', StringComparison.Ordinal);
        ReadOnlySpan<char> path = target.AsSpan(0, query < 0 ? target.Length : query);
        if (!path.StartsWith("/") || !Ascii.IsValid(target) || HasDotSegments(path))
            return false;
        for (; segments > 0; segments--)
        {
            int slash = path[1..].IndexOf('/');
            path = slash < 0 ? "/" : path[(slash + 1)..];
        }

        rest = string.Concat(path, target.AsSpan(query < 0 ? target.Length : query));
        return true;
    }

    private static bool HasDotSegments(ReadOnlySpan<char> path)
    {
        if (!path.Contains("/.", StringComparison.Ordinal) && !path.Contains("/%2e", StringComparison.OrdinalIgnoreCase))
            return false;
        foreach (Range range in path.Split('/'))
        {
            if (path[range].ToString().Replace("%2e", ".", StringComparison.OrdinalIgnoreCase) is "." or "..")
                return true;
        }

        return false;
    }
}
