using System.Net;
using Actors443.Configuration;
using Actors443.Server.Sites;

namespace Actors443.Server.Configuration;

/// <summary>Everything the executable is told: the library's settings and its own. Immutable.</summary>
internal sealed record ServerSettings
{
    /// <summary>The library's part. Names, certificate files and client certificates of the sites are already merged into it.</summary>
    public Actors443Settings Core { get; init; } = new();

    /// <summary><c>actors443.sites</c>.</summary>
    public IReadOnlyList<SiteSettings> Sites { get; init; } = [];

    public AccessLogSettings AccessLog { get; init; } = new();

    public LogSettings Log { get; init; } = new();

    public AdminSettings Admin { get; init; } = new();

    public TelemetrySettings Telemetry { get; init; } = new();

    public UpgradeSettings Upgrade { get; init; } = new();
}

/// <summary><c>actors443.access-log</c>.</summary>
internal sealed record AccessLogSettings
{
    public AccessLogFormat Format { get; init; } = AccessLogFormat.Off;

    /// <summary>A file, or <c>stdout</c>.</summary>
    public string Path { get; init; } = "stdout";

    /// <summary>A file larger than this is rotated; 0: never.</summary>
    public long RotateBytes { get; init; } = 100L * 1024 * 1024;

    /// <summary>Rotated files kept.</summary>
    public int Keep { get; init; } = 10;

    /// <summary>Entries waiting to be written; more are dropped and counted, so that a full or blocked disk never holds a request.</summary>
    public int QueueLength { get; init; } = 10_000;

    /// <summary>Query strings are replaced by <c>?…</c>.</summary>
    public bool RedactQuery { get; init; }

    /// <summary>Names of query parameters and headers whose values are replaced by <c>…</c>.</summary>
    public IReadOnlyList<string> Redact { get; init; } = Secrets;

    /// <summary>Request headers that are noted besides, by <see cref="AccessLogFormat.Json"/>.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    private static readonly IReadOnlyList<string> Secrets =
    [
        "access_token", "api_key", "apikey", "assertion", "auth", "authorization", "client_secret", "code", "cookie", "id_token", "jwt", "key", "pass", "passwd", "password", "proxy-authorization", "pwd",
        "refresh_token", "samlresponse", "secret", "session", "sessionid", "set-cookie", "sid", "sig", "signature", "ticket", "token", "x-amz-security-token", "x-amz-signature", "x-api-key", "x-auth-token",
        "x-goog-signature",
    ];
}

internal enum AccessLogFormat
{
    Off,
    Json,
    Common,
    Combined,
}

/// <summary><c>actors443.log</c>.</summary>
internal sealed record LogSettings
{
    /// <summary>trace, debug, information, warning, error.</summary>
    public LogLevel Level { get; init; } = LogLevel.Information;

    /// <summary>By category prefix.</summary>
    public IReadOnlyDictionary<string, LogLevel> Levels { get; init; } = new Dictionary<string, LogLevel>();

    /// <summary>True: one JSON object a line; false: text for people.</summary>
    public bool Json { get; init; }
}

/// <summary><c>actors443.admin</c>: metrics, health and control.</summary>
internal sealed record AdminSettings
{
    public bool Enabled { get; init; } = true;

    /// <summary>A loopback address, but with <see cref="Tls"/> or <see cref="AllowRemote"/>.</summary>
    public IPEndPoint Bind { get; init; } = new(IPAddress.Loopback, 9443);

    /// <summary>File of the bearer token, made at first run with mode 0600; null: <c>admin-token</c> in the state directory.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Listen on a Unix socket besides. Linux.</summary>
    public bool UseUnixSocket { get; init; } = true;

    /// <summary>Its path; null: <c>admin.sock</c> in the state directory.</summary>
    public string? UnixSocket { get; init; }

    /// <summary>Mutual TLS on <see cref="Bind"/>; null: plain HTTP.</summary>
    public AdminTlsSettings? Tls { get; init; }

    /// <summary>Plain HTTP with the token on an address that is not loopback.</summary>
    public bool AllowRemote { get; init; }

    /// <summary>Write changes to a file besides the log.</summary>
    public bool WriteAuditFile { get; init; } = true;

    /// <summary>That file; null: <c>audit.jsonl</c> in the state directory.</summary>
    public string? AuditFile { get; init; }
}

/// <summary><c>actors443.admin.tls</c>: mutual TLS.</summary>
/// <param name="Certificate">PEM file of the admin server's certificate, with its intermediates.</param>
/// <param name="Key">PEM file of its key.</param>
/// <param name="Ca">PEM file of the CAs whose clients may come in.</param>
internal sealed record AdminTlsSettings(string Certificate, string Key, string Ca)
{
    /// <summary>Names of their certificates (DNS, common name or e-mail) that may come in; empty: all of them.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];
}

/// <summary><c>actors443.upgrade</c>: this process replaced by a new one.</summary>
internal sealed record UpgradeSettings
{
    /// <summary>How long the new process may take until it serves.</summary>
    public TimeSpan ReadyWithin { get; init; } = TimeSpan.FromMinutes(1);
}

/// <summary><c>actors443.telemetry</c>.</summary>
internal sealed record TelemetrySettings
{
    /// <summary>OTLP endpoint for metrics and traces; null: none is sent.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>Share of requests that are traced, 0…1.</summary>
    public double TraceRatio { get; init; } = 0.05;

    public string ServiceName { get; init; } = "actors443";
}
