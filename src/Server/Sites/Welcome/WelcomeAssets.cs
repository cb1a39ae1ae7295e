using System.Security.Cryptography;

namespace Actors443.Server.Sites.Welcome;

/// <summary>A file of the page, embedded in the program.</summary>
internal sealed record WelcomeAsset(string Type, byte[] Content)
{
    public string ETag { get; } = $"\"{Convert.ToHexStringLower(SHA256.HashData(Content).AsSpan(0, 8))}\"";
}

/// <summary>The files of the page by name.</summary>
internal static class WelcomeAssets
{
    private static readonly Dictionary<string, WelcomeAsset> All = new(StringComparer.Ordinal)
    {
        ["welcome.css"] = new WelcomeAsset("text/css; charset=utf-8", Read("welcome.css")),
        ["welcome.js"] = new WelcomeAsset("text/javascript; charset=utf-8", Read("welcome.js")),
        ["favicon.svg"] = new WelcomeAsset("image/svg+xml", Read("favicon.svg")),
    };

    public static WelcomeAsset? Find(string name) => All.GetValueOrDefault(name);

    /// <summary>An embedded file as it is.</summary>
    public static byte[] Read(string name)
    {
        using Stream stream = typeof(WelcomeAssets).Assembly.GetManifestResourceStream("Actors443.Welcome." + name)!;
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
