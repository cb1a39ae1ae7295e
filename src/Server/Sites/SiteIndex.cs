using System.Collections.Frozen;

namespace Actors443.Server.Sites;

/// <summary>All sites by host name. Immutable: a reload publishes a new one.</summary>
internal sealed class SiteIndex
{
    private readonly FrozenDictionary<string, Site> _exact;
    private readonly FrozenDictionary<string, Site> _wildcard;
    private readonly Site? _any;

    public SiteIndex(IReadOnlyList<Site> sites)
    {
        Sites = sites;
        _exact = sites.Where(site => !site.Name.StartsWith('*')).ToFrozenDictionary(site => site.Name, StringComparer.OrdinalIgnoreCase);
        _wildcard = sites.Where(site => site.Name.StartsWith("*.", StringComparison.Ordinal)).ToFrozenDictionary(site => site.Name[2..], StringComparer.OrdinalIgnoreCase);
        _any = sites.FirstOrDefault(site => site.Name == "*");
    }

    public static SiteIndex Empty { get; } = new([]);

    public IReadOnlyList<Site> Sites { get; }

    /// <summary>Exact before wildcard (one label) before <c>*</c>; null: none of our sites.</summary>
    public Site? Find(string host)
    {
        if (_exact.TryGetValue(host, out Site? site))
            return site;
        int dot = host.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && _wildcard.TryGetValue(host[(dot + 1)..], out site) ? site : _any;
    }
}

/// <summary>A site ready to serve.</summary>
internal sealed class Site(SiteSettings settings, SiteRoute[] routes)
{
    public SiteSettings Settings { get; } = settings;

    public string Name => Settings.Name;

    /// <summary>The first route whose path matches, with what <c>*</c> stands for; null: none.</summary>
    public SiteRoute? Match(string path, out string rest)
    {
        foreach (SiteRoute route in routes)
        {
            if (route.Matches(path, out rest))
                return route;
        }

        rest = "";
        return null;
    }
}

/// <summary>A path pattern with what answers it.</summary>
internal sealed class SiteRoute
{
    private readonly string _path;
    private readonly bool _isPrefix;

    public SiteRoute(string path, IRouteHandler handler)
    {
        // Requests are matched decoded, "%2F" excepted, as the server gives their path.
        path = PathString.FromUriComponent(path).Value!;
        _isPrefix = path.EndsWith("/*", StringComparison.Ordinal);
        _path = _isPrefix ? path[..^1] : path;
        Handler = handler;
    }

    public IRouteHandler Handler { get; }

    public bool Matches(string path, out string rest)
    {
        rest = "";
        if (!_isPrefix)
            return path.Equals(_path, StringComparison.Ordinal);
        if (path.StartsWith(_path, StringComparison.Ordinal))
        {
            rest = path[_path.Length..];
            return true;
        }

        // "/api/*" answers "/api" as well.
        return _path.Length > 1 && path.AsSpan().SequenceEqual(_path.AsSpan(0, _path.Length - 1));
    }
}

/// <summary>Answers the requests of one route.</summary>
internal interface IRouteHandler
{
    /// <summary>Its answers are too short for it, or better left as they are.</summary>
    bool IsNeverCompressed => false;

    /// <param name="rest">What <c>*</c> stands for, without a leading slash.</param>
    Task HandleAsync(HttpContext context, string rest);
}
