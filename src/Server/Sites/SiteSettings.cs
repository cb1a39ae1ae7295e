using Actors443.Configuration;

namespace Actors443.Server.Sites;

/// <summary>One site: <c>actors443.sites."name"</c>. Immutable.</summary>
/// <param name="Name">Host name in lower case, <c>*.example.com</c>, or <c>*</c> for every host.</param>
/// <param name="Routes">Tried in order, the first whose path matches answers.</param>
internal sealed record SiteSettings(string Name, IReadOnlyList<RouteSettings> Routes)
{
    /// <summary>Where its certificate comes from.</summary>
    public SiteCertificate Certificate { get; init; } = SiteCertificate.Auto;

    /// <summary>The files, with <see cref="SiteCertificate.Files"/>.</summary>
    public CertificateFileSettings? CertificateFiles { get; init; }

    /// <summary>Client certificates asked of this site's clients.</summary>
    public ClientCertificateSettings ClientCertificates { get; init; } = ClientCertificateSettings.None;

    /// <summary>Strict-Transport-Security of this site.</summary>
    public HstsSettings Hsts { get; init; } = new();

    /// <summary>Compress responses on the fly where the type and the client allow.</summary>
    public bool Compression { get; init; } = true;
}

/// <summary>Where a site's certificate comes from.</summary>
internal enum SiteCertificate
{
    /// <summary>Whatever is configured and covers the name, else the local CA.</summary>
    Auto,

    /// <summary>The local CA.</summary>
    Local,

    /// <summary>Files named by the site.</summary>
    Files,

    /// <summary>A CA; the local CA until it has issued one.</summary>
    Acme,
}

/// <summary><c>hsts { … }</c> (RFC 6797). The ramp starts short, so that a mistake can be taken back.</summary>
internal sealed record HstsSettings
{
    public bool Enabled { get; init; } = true;

    /// <summary>max-age during the ramp.</summary>
    public TimeSpan RampMaxAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long after the first response of this site (kept in the state directory) the ramp lasts.</summary>
    public TimeSpan Ramp { get; init; } = TimeSpan.FromDays(7);

    /// <summary>max-age after the ramp.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(365);

    public bool IncludeSubDomains { get; init; }

    public bool Preload { get; init; }
}

/// <summary>One route of a site. <see cref="Path"/> is exact (<c>/hello</c>) or a prefix (<c>/api/*</c>; what <c>*</c> stands for is <c>{rest}</c>).</summary>
internal abstract record RouteSettings(string Path);

/// <summary><c>files = "/srv/www"</c>: static files.</summary>
internal sealed record FilesRoute(string Path, string Root) : RouteSettings(Path)
{
    /// <summary>Files tried for a folder.</summary>
    public IReadOnlyList<string> Index { get; init; } = ["index.html", "index.htm"];

    /// <summary>File, relative to the root, sent with 404; null: <c>404.html</c> if there is one.</summary>
    public string? NotFound { get; init; }

    /// <summary>Cache-Control of answers; null: none.</summary>
    public string? CacheControl { get; init; }
}

/// <summary><c>proxy = ["http://…"]</c>: reverse proxy.</summary>
internal sealed record ProxyRoute(string Path, IReadOnlyList<Uri> Destinations) : RouteSettings(Path)
{
    /// <summary>Path asked of every destination to see whether it is healthy; null: none asked, failures alone count.</summary>
    public string? HealthPath { get; init; }

    public TimeSpan HealthInterval { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan HealthTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary><c>round-robin</c>, <c>least-requests</c>, <c>random</c>, <c>first</c>.</summary>
    public string Balance { get; init; } = "least-requests";

    /// <summary>No byte from the destination for this long ends the request with 504.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Send the client's Host instead of the destination's.</summary>
    public bool PreserveHost { get; init; } = true;

    /// <summary>Cut what <c>*</c> does not stand for off the path before it is sent on.</summary>
    public bool StripPrefix { get; init; }

    /// <summary>HTTP version spoken to destinations: <c>1.1</c>, <c>2</c> (prior knowledge for http://), or null: 2 where TLS negotiates it.</summary>
    public string? HttpVersion { get; init; }
}

/// <summary><c>respond { … }</c>: a fixed answer.</summary>
internal sealed record RespondRoute(string Path, int Status, string ContentType, string Body) : RouteSettings(Path)
{
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
}

/// <summary><c>redirect = "/new/{rest}"</c>.</summary>
internal sealed record RedirectRoute(string Path, string Target, int Status) : RouteSettings(Path);

/// <summary><c>dns = on</c>: DNS over HTTPS (RFC 8484).</summary>
internal sealed record DnsRoute(string Path) : RouteSettings(Path)
{
    /// <summary>Answer with JSON where that is asked for.</summary>
    public bool Json { get; init; } = true;
}

/// <summary><c>welcome = true</c>: the built-in page of the default configuration.</summary>
internal sealed record WelcomeRoute(string Path) : RouteSettings(Path);
