using System.Net;
using Actors443.Certificates.Revocation;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>https</c> and <c>http</c>.</summary>
internal static class ListenerSettingsReading
{
    private static readonly string[] KnownProtocols = ["h2", "http/1.1"];

    private static readonly (string, ClientCertificateMode)[] ClientCertificateModes =
    [
        ("none", ClientCertificateMode.None), ("optional", ClientCertificateMode.Optional), ("require", ClientCertificateMode.Required),
    ];

    public static HttpsSettings ReadHttps(SettingsReader https)
    {
        var defaults = new HttpsSettings();
        return defaults with
        {
            Bind = ReadBind(https, "bind", defaults.Bind),
            BindIsExplicit = https.Has("bind"),
            FallbackBind = ReadBind(https, "fallback-bind", defaults.FallbackBind),
            PublicPort = https.Value("public-port") is { } port && port.Text != "same" ? (int?)port.Integer(1, IPEndPoint.MaxPort) : null,
            Protocols = ReadProtocols(https, defaults.Protocols),
            Http3 = https.Choice("http3", defaults.Http3),
            Tls = https.Choice("tls", defaults.Tls),
            StrictSni = https.Flag("strict-sni", defaults.StrictSni),
            ClientCertificates = ReadClientCertificates(https, "client-certificates") ?? defaults.ClientCertificates,
            KeyLogFile = ReadKeyLogFile(https),
            Backlog = https.Integer("backlog", defaults.Backlog, 1, 1_000_000),
            TraceContext = https.Choice("trace-context", defaults.TraceContext),
            Limits = ReadLimits(https.Section("limits")),
            ProxyProtocol = new ProxyProtocolSettings { Trust = https.Section("proxy-protocol").List<IPNetwork>("trust", defaults.ProxyProtocol.Trust, value => value.Network()) },
        };
    }

    public static HttpSettings ReadHttp(SettingsReader http)
    {
        var defaults = new HttpSettings();
        return defaults with
        {
            Enabled = http.Flag("enabled", defaults.Enabled),
            Bind = ReadBind(http, "bind", defaults.Bind),
            BindIsExplicit = http.Has("bind"),
            FallbackBind = ReadBind(http, "fallback-bind", defaults.FallbackBind),
            MaximumConnections = http.Integer("maximum-connections", defaults.MaximumConnections, 1, 1_000_000),
        };
    }

    /// <summary><c>{ mode = …, ca = … }</c>, or a mode alone; null if the key is not there.</summary>
    public static ClientCertificateSettings? ReadClientCertificates(SettingsReader section, string key)
    {
        if (section.Value(key) is not { } value)
            return null;
        if (value.Kind == Hocon.HoconKind.Text)
        {
            ClientCertificateMode? named = value.Choice(ClientCertificateModes);
            if (named is ClientCertificateMode.Optional or ClientCertificateMode.Required)
                value.Fail($"asks for certificates without saying whose; write {key} {{ ca = \"clients.pem\", mode = {value.Text} }}");
            return ClientCertificateSettings.None;
        }

        if (value.AsSection($"{key} {{ ca = \"clients.pem\", mode = require }}") is not { } reader)
            return null;
        IReadOnlyList<string> crl = reader.List<string>("crl", [], ReadCrl);
        ExpiredCrlPolicy expired = reader.Choice("expired-crl", ExpiredCrlPolicy.Refuse);
        SettingsValue? ca = reader.Value("ca") is { Text: not "none" } named2 ? named2 : null;
        ClientCertificateMode mode = (reader.Value("mode") is { } written ? written.Choice(ClientCertificateModes) : null)
            ?? (ca is null ? ClientCertificateMode.None : ClientCertificateMode.Required);
        if (mode == ClientCertificateMode.None)
            return ClientCertificateSettings.None;
        if (ca is null)
        {
            value.Fail("asks for certificates without saying whose; write ca = \"clients.pem\" beside mode");
            return null;
        }

        string? file = ca.AsPath("a PEM file with the CAs of the clients");
        if (file is not null && CertificateFiles.ProblemOfPem(file) is { } problem)
            ca.Fail($"{problem}; write a PEM file with the CAs of the clients");
        return new ClientCertificateSettings(mode, file) { Crl = crl, ExpiredCrl = expired };
    }

    private static string? ReadCrl(SettingsValue value)
    {
        if (value.AsText("a file or a URL") is not { } text)
            return null;
        if (RevocationSource.IsUrlOf(text))
        {
            if (Uri.TryCreate(text, UriKind.Absolute, out _))
                return text;
            value.Fail($"'{text}' is not a URL; write http://host/name.crl, or the name of a file");
            return null;
        }

        string path = value.FullPath(text);
        if (CertificateFiles.ProblemOfCrl(path) is { } problem)
            value.Fail($"{problem}; write the name of a file with the CA's complete revocation list, PEM or DER");
        return path;
    }

    private static string? ReadKeyLogFile(SettingsReader https)
    {
        if (https.Value("key-log-file") is not { } value || value.Text == "none" || value.AsPath("a file name, or none") is not { } path)
            return null;
        if (Directory.Exists(path))
            value.Fail($"'{path}' is a folder; write the name of a file in it");
        else if (!Directory.Exists(Path.GetDirectoryName(path)))
            value.Fail($"the folder '{Path.GetDirectoryName(path)}' does not exist; make it, or correct the name");
        return path;
    }

    private static IReadOnlyList<IPEndPoint> ReadBind(SettingsReader section, string key, IReadOnlyList<IPEndPoint> fallback)
    {
        IReadOnlyList<IPEndPoint> addresses = section.List(key, fallback, value => value.EndPoint());
        if (section.Value(key) is not { } value)
            return addresses;
        if (value.Kind == Hocon.HoconKind.List && value.AsList().Count == 0)
            value.Fail("has no address; write at least one, such as [\"[::]:443\"]");
        foreach (IGrouping<IPEndPoint, IPEndPoint> same in addresses.Where(address => address.Port != 0).GroupBy(address => address).Where(group => group.Count() > 1))
            value.Fail($"has {same.Key} twice; write it once");
        return addresses;
    }

    private static IReadOnlyList<string> ReadProtocols(SettingsReader https, IReadOnlyList<string> fallback)
    {
        IReadOnlyList<string> protocols = https.List<string>("protocols", fallback, value =>
        {
            if (value.AsText("h2 or http/1.1") is not { } text)
                return null;
            if (KnownProtocols.Contains(text, StringComparer.Ordinal))
                return text;
            value.Fail($"'{text}' is not known; write one of {string.Join(", ", KnownProtocols)}");
            return null;
        });
        if (https.Value("protocols") is not { } written)
            return protocols;
        if (written.Kind == Hocon.HoconKind.List && written.AsList().Count == 0)
            written.Fail("is empty; write [h2, http/1.1]");
        if (protocols.Distinct(StringComparer.Ordinal).Count() != protocols.Count)
            written.Fail("has a protocol twice; write each once");
        return protocols;
    }

    private static HttpLimitSettings ReadLimits(SettingsReader limits)
    {
        var defaults = new HttpLimitSettings();
        return new HttpLimitSettings
        {
            RequestBody = limits.SizeOrOff("request-body", defaults.RequestBody, 0, long.MaxValue),
            RequestLine = (int)limits.Size("request-line", defaults.RequestLine, 256, 1 << 20),
            RequestHeaders = (int)limits.Size("request-headers", defaults.RequestHeaders, 1024, 1 << 24),
            RequestHeaderCount = limits.Integer("request-header-count", defaults.RequestHeaderCount, 1, 10_000),
            Http2Streams = limits.Integer("http2-streams", defaults.Http2Streams, 1, 100_000),
            MinimumRate = ReadRate(limits, defaults.MinimumRate),
            RateGrace = limits.Duration("rate-grace", defaults.RateGrace, TimeSpan.FromMilliseconds(1100)),
        };
    }

    private static double ReadRate(SettingsReader limits, double fallback) =>
        limits.Value("minimum-rate") is { } value
            ? value.Text == "off" ? 0 : value.Size(0, int.MaxValue, orOff: true) ?? fallback
            : fallback;
}
