using Actors443.Configuration.Hocon;
using Actors443.Configuration.Reading;
using Actors443.Server.Sites;

namespace Actors443.Server.Configuration;

/// <summary>Reads what answers a request: <c>files</c>, <c>proxy</c>, <c>respond</c>, <c>redirect</c>, <c>welcome</c> or <c>dns</c>, with the options of each.</summary>
internal static class RouteReading
{
    private const string UrlExample = "a URL such as \"http://127.0.0.1:8080\"";

    private static readonly Dictionary<string, string[]> OptionsOf = new()
    {
        ["files"] = ["index", "not-found", "cache-control"],
        ["proxy"] = ["health", "health-interval", "health-timeout", "balance", "timeout", "preserve-host", "strip-prefix", "http-version"],
        ["respond"] = [],
        ["redirect"] = ["status"],
        ["welcome"] = [],
        ["dns"] = ["json"],
    };

    private static readonly string[] Balances = ["round-robin", "least-requests", "random", "first"];

    public static IEnumerable<string> Kinds => OptionsOf.Keys;

    /// <summary>The short form: a folder, a URL or a list of URLs.</summary>
    public static RouteSettings? ReadShort(SettingsValue value)
    {
        if (value.Kind == HoconKind.List || value.Text.Contains("://", StringComparison.Ordinal))
            return new ProxyRoute("/*", ReadDestinations(value));
        return ReadRoot(value) is { } root ? new FilesRoute("/*", root) : null;
    }

    /// <summary>The kinds of route a section names: one in a good section.</summary>
    public static IReadOnlyList<string> KindsIn(SettingsReader section) => [.. Kinds.Where(section.Has)];

    /// <summary>One element of <c>routes</c>.</summary>
    public static RouteSettings? Read(SettingsValue value)
    {
        if (value.AsSection("{ path = \"/*\", files = \"/srv/www\" }") is not { } section)
            return null;
        string path = section.Text("path", "/*", "a path such as \"/api/*\"");
        if (RoutePath.ProblemOf(path) is { } problem)
            section.Value("path")!.Fail(problem);
        return Read(section, value, path);
    }

    /// <summary>The route a section describes; null after a problem.</summary>
    public static RouteSettings? Read(SettingsReader section, SettingsValue owner, string path)
    {
        IReadOnlyList<string> kinds = KindsIn(section);
        RefuseForeignOptions(section, kinds);
        if (kinds.Count != 1)
        {
            owner.Fail(kinds.Count == 0
                ? $"says nothing to answer with; write one of {string.Join(", ", Kinds)}"
                : $"has {string.Join(" and ", kinds)}; write one of them, or a route for each");
            return null;
        }

        SettingsValue value = section.Value(kinds[0])!;
        return kinds[0] switch
        {
            "files" => ReadFiles(section, value, path),
            "proxy" => ReadProxy(section, value, path),
            "respond" => ReadRespond(value, path),
            "redirect" => ReadRedirect(section, value, path),
            "dns" => ReadDns(section, value),
            _ => ReadWelcome(value, path),
        };
    }

    private static void RefuseForeignOptions(SettingsReader section, IReadOnlyList<string> kinds)
    {
        foreach ((string kind, string[] options) in OptionsOf)
        {
            foreach (string option in options)
            {
                if (section.Value(option) is { } value && kinds.Count == 1 && kinds[0] != kind)
                    value.Fail($"goes with {kind}, not with {kinds[0]}; take it out");
            }
        }
    }

    private static FilesRoute? ReadFiles(SettingsReader section, SettingsValue value, string path)
    {
        if (ReadRoot(value) is not { } root)
            return null;
        var route = new FilesRoute(path, root);
        route = route with
        {
            Index = section.List<string>("index", route.Index, ReadFileName),
            NotFound = section.TextOr("not-found", "auto", route.NotFound, "a file below the folder, or auto"),
            CacheControl = section.TextOr("cache-control", "off", route.CacheControl, "\"public, max-age=3600\", or off"),
        };
        if (route.NotFound is not null && section.Value("not-found") is { } notFound && !File.Exists(Path.Combine(root, route.NotFound)))
            notFound.Warn($"'{Path.Combine(root, route.NotFound)}' does not exist; make it, or write auto");
        return route;
    }

    private static string? ReadFileName(SettingsValue value)
    {
        if (value.AsText("a file name such as index.html") is not { } text)
            return null;
        if (text.AsSpan().IndexOfAny('/', '\\') < 0)
            return text;
        value.Fail($"'{text}' is a path; write a file name such as index.html");
        return null;
    }

    private static string? ReadRoot(SettingsValue value)
    {
        if (value.AsPath("a folder") is not { } root)
            return null;
        if (!Directory.Exists(root))
        {
            value.Fail(File.Exists(root)
                ? $"'{root}' is a file; write the folder it is in"
                : $"the folder '{root}' does not exist; make it, or correct the name{(LooksLikeHost(value.Text) ? $"; for a reverse proxy write \"http://{value.Text}\"" : "")}");
        }

        return root;
    }

    private static bool LooksLikeHost(string text) => text.Contains(':', StringComparison.Ordinal) && !text.Contains('/', StringComparison.Ordinal) && char.IsAsciiDigit(text[^1]);

    private static ProxyRoute ReadProxy(SettingsReader section, SettingsValue value, string path)
    {
        var defaults = new ProxyRoute(path, ReadDestinations(value));
        var route = defaults with
        {
            HealthPath = section.TextOr("health", "off", defaults.HealthPath, "a path such as \"/healthz\", or off"),
            HealthInterval = section.Duration("health-interval", defaults.HealthInterval, TimeSpan.FromMilliseconds(100)),
            HealthTimeout = section.Duration("health-timeout", defaults.HealthTimeout, TimeSpan.FromMilliseconds(100)),
            Balance = ReadBalance(section, defaults.Balance),
            Timeout = section.Duration("timeout", defaults.Timeout, TimeSpan.FromMilliseconds(100)),
            PreserveHost = section.Flag("preserve-host", defaults.PreserveHost),
            StripPrefix = section.Flag("strip-prefix", defaults.StripPrefix),
            HttpVersion = ReadHttpVersion(section),
        };
        if (route.HealthPath?.StartsWith('/') is false)
            section.Value("health")!.Fail($"'{route.HealthPath}' does not start with '/'; write \"/{route.HealthPath}\"");
        if (route.StripPrefix && !RoutePath.IsPrefix(path))
            section.Value("strip-prefix")!.Fail($"'{path}' has no '*' to keep; write a path such as \"{path.TrimEnd('/')}/*\"");
        return route;
    }

    private static Uri[] ReadDestinations(SettingsValue value)
    {
        IReadOnlyList<SettingsValue> written = value.AsList();
        if (written.Count == 0)
            value.Fail($"has no destination; write {UrlExample}");
        Uri[] destinations = [.. written.Select(element => element.HttpUrl(UrlExample)).OfType<Uri>()];
        foreach (IGrouping<Uri, Uri> same in destinations.GroupBy(url => url).Where(group => group.Count() > 1))
            value.Fail($"has {same.Key} twice; write it once");
        return destinations;
    }

    private static string ReadBalance(SettingsReader section, string fallback) =>
        section.Value("balance") is { } value && value.Choice([.. Balances.Select((name, index) => (name, index))]) is { } index ? Balances[index] : fallback;

    private static string? ReadHttpVersion(SettingsReader section)
    {
        if (section.Value("http-version") is not { } value || value.Text == "auto")
            return null;
        if (value.Text is "1.1" or "2")
            return value.Text;
        value.Fail($"'{value.Text}' is not a version to speak; write 1.1, 2 or auto");
        return null;
    }

    private static RespondRoute? ReadRespond(SettingsValue value, string path)
    {
        if (value.Kind == HoconKind.Text)
            return new RespondRoute(path, 200, "text/plain; charset=utf-8", value.Text);
        if (value.AsSection("respond { status = 200, type = \"text/plain\", body = \"Hello\" }") is not { } section)
            return null;
        int status = section.Integer("status", 200, 200, 599);
        string type = section.Text("type", "text/plain; charset=utf-8", "a media type such as \"text/plain\"");
        if (!type.Contains('/', StringComparison.Ordinal))
            section.Value("type")!.Fail($"'{type}' is not a media type; write one such as \"text/plain\"");
        string body = section.Value("body") is { } written ? written.Kind == HoconKind.Text ? written.Text : written.AsText("a text") ?? "" : "";
        if (body.Length > 0 && status is 204 or 304)
            section.Value("body")?.Fail($"an answer with status {status} has no body; take the body out");
        return new RespondRoute(path, status, type, body) { Headers = ReadHeaders(section.Section("headers")) };
    }

    private static Dictionary<string, string> ReadHeaders(SettingsReader section)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, SettingsValue value) in section.Entries())
        {
            if (value.AsText("a text") is not { } text)
                continue;
            if (!name.All(IsTokenCharacter))
                value.Fail($"'{name}' is not a header name; write letters, digits and '-'");
            else if (text.Any(char.IsControl))
                value.Fail("has a line break in it; write one line");
            else
                headers[name] = text;
        }

        return headers;
    }

    private static bool IsTokenCharacter(char c) => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal);

    private static RedirectRoute? ReadRedirect(SettingsReader section, SettingsValue value, string path)
    {
        if (value.AsText("a path or URL such as \"/new/{rest}\"") is not { } target)
            return null;
        if (!target.StartsWith('/') && !(Uri.TryCreate(target.Replace("{rest}", "", StringComparison.Ordinal), UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"))
            value.Fail($"'{target}' is neither a path nor a URL; write \"/{target}\" or \"https://…\"");
        else if (target.Contains("{rest}", StringComparison.Ordinal) && !RoutePath.IsPrefix(path))
            value.Fail($"uses {{rest}}, but the path '{path}' has no '*'; write a path such as \"{path.TrimEnd('/')}/*\"");
        int status = 307;
        if (section.Value("status") is { } written && written.Choice([("301", 301), ("302", 302), ("303", 303), ("307", 307), ("308", 308)]) is { } chosen)
            status = chosen;
        return new RedirectRoute(path, target, status);
    }

    private static DnsRoute ReadDns(SettingsReader section, SettingsValue value)
    {
        if (value.Flag() is false)
            value.Fail("off means nothing; take it out, and write what to answer with instead");
        // Where clients look for it (RFC 8484 names no path; all use this one), even as the only answer of a site.
        string path = section.Text("path", "/dns-query", "a path such as \"/dns-query\"");
        if (RoutePath.ProblemOf(path) is { } problem)
            section.Value("path")!.Fail(problem);
        return new DnsRoute(path) { Json = section.Flag("json", true) };
    }

    private static WelcomeRoute? ReadWelcome(SettingsValue value, string path)
    {
        if (value.Flag() is false)
            value.Fail("off means nothing; take it out, and write what to answer with instead");
        return new WelcomeRoute(path);
    }
}
