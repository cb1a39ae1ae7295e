using System.Globalization;

namespace Actors443.Configuration.Hocon;

/// <summary>Writes paths of settings the way people write them: <c>actors443.sites."example.com".routes[0].path</c>.</summary>
internal static class HoconPath
{
    public const string Root = "";

    public static string Child(string path, string key)
    {
        string written = IsPlain(key) ? key : "\"" + key.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal) + "\"";
        return path.Length == 0 ? written : path + "." + written;
    }

    public static string Element(string path, int index) => string.Create(CultureInfo.InvariantCulture, $"{path}[{index}]");

    /// <summary>True if <paramref name="path"/> lies below <paramref name="ancestor"/>.</summary>
    public static bool IsBelow(string path, string ancestor) =>
        path.Length > ancestor.Length && path.StartsWith(ancestor, StringComparison.Ordinal) && (ancestor.Length == 0 || path[ancestor.Length] is '.' or '[');

    /// <summary>The path without its last key or index; null for the root.</summary>
    public static string? Parent(string path)
    {
        if (path.Length == 0)
            return null;
        bool quoted = false;
        int cut = 0;
        for (int i = 0; i < path.Length; i++)
        {
            if (path[i] == '\\' && quoted)
                i++;
            else if (path[i] == '"')
                quoted = !quoted;
            else if (!quoted && path[i] is '.' or '[')
                cut = i;
        }

        return path[..cut];
    }

    private static bool IsPlain(string key) => key.Length > 0 && key.All(c => char.IsLetterOrDigit(c) || c is '-' or '_');
}
