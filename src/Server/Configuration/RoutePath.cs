namespace Actors443.Server.Configuration;

/// <summary>What the paths of routes may look like and which covers which.</summary>
internal static class RoutePath
{
    /// <summary>What is wrong and what to write; null: nothing.</summary>
    public static string? ProblemOf(string path)
    {
        if (!path.StartsWith('/'))
            return $"'{path}' does not start with '/'; write \"/{path}\"";
        int star = path.IndexOf('*', StringComparison.Ordinal);
        if (star >= 0 && !(star == path.Length - 1 && path.EndsWith("/*", StringComparison.Ordinal)))
            return $"'{path}' has '*' where none can be; write it only at the end after '/', as in \"/api/*\"";
        if (path.AsSpan().IndexOfAny('?', '#') >= 0)
            return $"'{path}' has a query or fragment; write the path alone";
        return path.Any(c => char.IsWhiteSpace(c) || char.IsControl(c)) ? $"'{path}' has a space in it; write %20" : null;
    }

    public static bool IsPrefix(string path) => path.EndsWith("/*", StringComparison.Ordinal);

    /// <summary>True if everything that <paramref name="later"/> matches is matched by <paramref name="earlier"/> as well.</summary>
    public static bool Covers(string earlier, string later) =>
        earlier == later || (IsPrefix(earlier) && later.StartsWith(earlier[..^1], StringComparison.Ordinal));
}
