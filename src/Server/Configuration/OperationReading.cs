using System.Net;
using Actors443.Configuration.Reading;
using Actors443.Server.Admin.Access;

namespace Actors443.Server.Configuration;

/// <summary>Reads <c>access-log</c>, <c>log</c>, <c>admin</c>, <c>telemetry</c> and <c>upgrade</c>.</summary>
internal static class OperationReading
{
    private static readonly (string, LogLevel)[] Levels =
    [
        ("trace", LogLevel.Trace), ("debug", LogLevel.Debug), ("information", LogLevel.Information),
        ("warning", LogLevel.Warning), ("error", LogLevel.Error), ("critical", LogLevel.Critical), ("none", LogLevel.None),
    ];

    private static readonly (string, LogLevel)[] ShortLevels = [("info", LogLevel.Information), ("warn", LogLevel.Warning)];

    public static AccessLogSettings ReadAccessLog(SettingsReader log)
    {
        var defaults = new AccessLogSettings();
        return new AccessLogSettings
        {
            Format = log.Choice("format", defaults.Format),
            Path = ReadLogPath(log, defaults.Path),
            RotateBytes = log.Value("rotate-bytes") is { } rotate ? rotate.Text == "off" ? 0 : rotate.Size(0, long.MaxValue, orOff: true) ?? defaults.RotateBytes : defaults.RotateBytes,
            Keep = log.Integer("keep", defaults.Keep, 0, 10_000),
            QueueLength = log.Integer("queue-length", defaults.QueueLength, 1, 10_000_000),
            RedactQuery = log.Flag("redact-query", defaults.RedactQuery),
            Redact = log.List<string>("redact", defaults.Redact, value => value.AsText("the name of a query parameter or header such as token")),
            Headers = log.List<string>("headers", defaults.Headers, ReadHeaderName),
        };
    }

    public static LogSettings ReadLog(SettingsReader log)
    {
        var defaults = new LogSettings();
        var levels = new SortedDictionary<string, LogLevel>(StringComparer.Ordinal);
        ReadLevels(log.Section("levels"), "", levels);
        return new LogSettings
        {
            Level = log.Value("level") is { } level ? level.Choice(Levels, ShortLevels) ?? defaults.Level : defaults.Level,
            Levels = levels,
            Json = log.Flag("json", defaults.Json),
        };
    }

    public static AdminSettings ReadAdmin(SettingsReader admin)
    {
        var defaults = new AdminSettings();
        SettingsValue? socket = admin.Value("unix-socket");
        SettingsValue? audit = admin.Value("audit-file");
        var settings = new AdminSettings
        {
            Enabled = admin.Flag("enabled", defaults.Enabled),
            Bind = admin.EndPoint("bind", defaults.Bind),
            TokenFile = admin.Value("token-file") is { } token && token.Text != "auto" ? token.AsPath("a file name, or auto") : null,
            UseUnixSocket = socket?.Text != "off",
            UnixSocket = socket is { Text: not ("off" or "auto") } ? socket.AsPath("a file name, auto or off") : null,
            Tls = ReadAdminTls(admin.Value("tls")),
            AllowRemote = admin.Flag("allow-remote", defaults.AllowRemote),
            WriteAuditFile = audit?.Text != "off",
            AuditFile = audit is { Text: not ("off" or "auto") } ? audit.AsPath("a file name, auto or off") : null,
        };
        if (!IPAddress.IsLoopback(settings.Bind.Address) && settings.Tls is null && !settings.AllowRemote)
        {
            admin.Value("bind")!.Fail(
                $"'{settings.Bind}' can be reached from outside; write a loopback address such as \"127.0.0.1:{settings.Bind.Port}\", or ask clients for certificates with admin.tls, or write allow-remote = on if only you can reach it");
        }

        if (settings.UnixSocket is { } path && System.Text.Encoding.UTF8.GetByteCount(path) > AdminSocket.LongestPath)
            socket!.Fail($"'{path}' has more than the {AdminSocket.LongestPath} bytes that a Unix socket's name may have; write a shorter one such as \"/run/actors443/admin.sock\"");
        return settings;
    }

    private static AdminTlsSettings? ReadAdminTls(SettingsValue? value)
    {
        const string example = "{ certificate = \"admin.pem\", key = \"admin.key\", ca = \"admins.pem\" }, or off";
        if (value is null || value.Text == "off" || value.AsSection(example) is not { } tls)
            return null;
        string? File(string key)
        {
            if (tls.Value(key) is not { } written)
            {
                value.Fail($"has no {key}; write {example}");
                return null;
            }

            if (written.AsPath("a PEM file") is not { } path)
                return null;
            if (!System.IO.File.Exists(path))
                written.Fail($"the file '{path}' does not exist; make it, or correct the name");
            return path;
        }

        (string? certificate, string? key, string? ca) = (File("certificate"), File("key"), File("ca"));
        IReadOnlyList<string> names = tls.List<string>("names", [], name => name.AsText("a name such as \"alice\""));
        return certificate is null || key is null || ca is null ? null : new AdminTlsSettings(certificate, key, ca) { Names = names };
    }

    public static TelemetrySettings ReadTelemetry(SettingsReader telemetry)
    {
        var defaults = new TelemetrySettings();
        return new TelemetrySettings
        {
            OtlpEndpoint = telemetry.Value("otlp-endpoint") is { } endpoint && endpoint.Text != "off" ? endpoint.HttpUrl("a URL such as \"http://127.0.0.1:4317\", or off") : null,
            TraceRatio = telemetry.Fraction("trace-ratio", defaults.TraceRatio),
            ServiceName = telemetry.Text("service-name", defaults.ServiceName, "a name such as actors443"),
        };
    }

    public static UpgradeSettings ReadUpgrade(SettingsReader upgrade) =>
        new() { ReadyWithin = upgrade.Duration("ready-within", new UpgradeSettings().ReadyWithin, TimeSpan.FromSeconds(1)) };

    // RFC 9110 5.6.2
    private static string? ReadHeaderName(SettingsValue value)
    {
        if (value.AsText("the name of a header such as X-Request-Id") is not { } name)
            return null;
        if (name.All(static c => char.IsAsciiLetterOrDigit(c) || "!#$%&'*+-.^_`|~".Contains(c, StringComparison.Ordinal)))
            return name;
        value.Fail($"'{name}' cannot be the name of a header; write one such as X-Request-Id");
        return null;
    }

    private static string ReadLogPath(SettingsReader log, string fallback)
    {
        if (log.Value("path") is not { } value || value.Text == "stdout")
            return fallback;
        if (value.AsPath("a file name, or stdout") is not { } path)
            return fallback;
        if (Directory.Exists(path))
            value.Fail($"'{path}' is a folder; write a file in it");
        else if (!Directory.Exists(Path.GetDirectoryName(path)))
            value.Fail($"the folder '{Path.GetDirectoryName(path)}' does not exist; make it, or correct the name");
        return path;
    }

    // Categories have dots: written without quotes they arrive as sections in sections.
    private static void ReadLevels(SettingsReader section, string prefix, SortedDictionary<string, LogLevel> levels)
    {
        foreach ((string key, SettingsValue value) in section.Entries())
        {
            if (value.Kind == Actors443.Configuration.Hocon.HoconKind.Section)
                ReadLevels(value.AsSection("")!, prefix + key + ".", levels);
            else if (value.Choice(Levels, ShortLevels) is { } level)
                levels[prefix + key] = level;
        }
    }
}
