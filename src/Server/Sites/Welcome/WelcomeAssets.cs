using Actors443.Server.Assets;

namespace Actors443.Server.Sites.Welcome;

/// <summary>The files of the page by name.</summary>
internal static class WelcomeAssets
{
    public const string Page = "Actors443.Welcome.welcome.html";

    /// <summary>That of all built-in pages.</summary>
    public static EmbeddedFile Icon { get; } = EmbeddedFile.Load("image/svg+xml", "Actors443.Welcome.favicon.svg");

    private static readonly Dictionary<string, EmbeddedFile> All = new(StringComparer.Ordinal)
    {
        ["welcome.css"] = EmbeddedFile.Load("text/css; charset=utf-8", "Actors443.Welcome.welcome.css"),
        ["welcome.js"] = EmbeddedFile.Load("text/javascript; charset=utf-8", "Actors443.Welcome.welcome.js"),
        ["favicon.svg"] = Icon,
    };

    public static EmbeddedFile? Find(string name) => All.GetValueOrDefault(name);
}
