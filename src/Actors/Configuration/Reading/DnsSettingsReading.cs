using System.Net;
using Actors443.Dns.Upstreams;
using Actors443.Dns.Wire;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>dns</c>.</summary>
internal static class DnsSettingsReading
{
    private const string UpstreamExample = "an address such as \"10.0.0.53\", or a URL such as \"tls://10.0.0.53\" or \"https://dns.example/dns-query\"";
    private const int TlsPort = 853;
    private const int HttpsPort = 443;

    private static readonly (string, DnsUpstreamProtocol, int)[] Schemes =
    [
        ("udp://", DnsUpstreamProtocol.Udp, UpstreamFactory.DnsPort), ("tcp://", DnsUpstreamProtocol.Tcp, UpstreamFactory.DnsPort),
        ("tls://", DnsUpstreamProtocol.Tls, TlsPort), ("https://", DnsUpstreamProtocol.Https, HttpsPort),
    ];

    public static DnsSettings Read(SettingsReader dns)
    {
        var defaults = new DnsSettings();
        return new DnsSettings
        {
            Allow = dns.List<IPNetwork>("allow", defaults.Allow, value => value.Network()),
            Upstreams = ReadUpstreams(dns, defaults.Upstreams),
            Strategy = dns.Choice("strategy", defaults.Strategy),
            Timeout = dns.Duration("timeout", defaults.Timeout, TimeSpan.FromMilliseconds(100)),
            AttemptTimeout = dns.Duration("attempt-timeout", defaults.AttemptTimeout, TimeSpan.FromMilliseconds(50)),
            ProbeInterval = dns.Duration("probe-interval", defaults.ProbeInterval, TimeSpan.FromMilliseconds(50)),
            MixCase = dns.Flag("mix-case", defaults.MixCase),
            ClientSubnet = dns.Choice("client-subnet", defaults.ClientSubnet),
            Padding = dns.Flag("padding", defaults.Padding),
            MaximumInFlight = dns.Integer("maximum-in-flight", defaults.MaximumInFlight, 1, 1_000_000),
            QueriesPerSecond = dns.Number("queries-per-second", defaults.QueriesPerSecond, 0, 1_000_000),
            Hosts = dns.List<string>("hosts", defaults.Hosts, ReadFile),
            Block = ReadBlock(dns.Section("block")),
            Dot = ReadDot(dns.Section("dot")),
            Cache = ReadCache(dns.Section("cache")),
        };
    }

    private static DnsDotSettings ReadDot(SettingsReader dot)
    {
        var defaults = new DnsDotSettings();
        return new DnsDotSettings
        {
            Enabled = dot.Flag("enabled", defaults.Enabled),
            Idle = dot.Duration("idle", defaults.Idle, TimeSpan.FromMilliseconds(100)),
            InFlight = dot.Integer("in-flight", defaults.InFlight, 1, 10_000),
        };
    }

    private static DnsBlockSettings ReadBlock(SettingsReader block)
    {
        var defaults = new DnsBlockSettings();
        return new DnsBlockSettings
        {
            Lists = block.List<string>("lists", defaults.Lists, ReadFile),
            Answer = block.Choice("answer", defaults.Answer),
        };
    }

    private static string? ReadFile(SettingsValue value)
    {
        if (value.AsPath("a file") is not { } path)
            return null;
        if (CertificateFiles.ProblemOfFile(path) is { } problem)
            value.Fail($"{problem}; correct the name or the permissions");
        return path;
    }

    private static DnsCacheSettings ReadCache(SettingsReader cache)
    {
        var defaults = new DnsCacheSettings();
        var read = new DnsCacheSettings
        {
            Size = cache.Size("size", defaults.Size, 64 * 1024, 1L << 40),
            MinimumTtl = cache.Duration("minimum-ttl", defaults.MinimumTtl, TimeSpan.Zero),
            MaximumTtl = cache.Duration("maximum-ttl", defaults.MaximumTtl, TimeSpan.FromSeconds(1)),
            MaximumNegativeTtl = cache.Duration("maximum-negative-ttl", defaults.MaximumNegativeTtl, TimeSpan.Zero),
            FailureTtl = cache.Duration("failure-ttl", defaults.FailureTtl, TimeSpan.Zero),
            Prefetch = cache.Flag("prefetch", defaults.Prefetch),
            Stale = cache.DurationOrOff("stale", defaults.Stale, TimeSpan.FromSeconds(1)),
            StaleAfter = cache.Duration("stale-after", defaults.StaleAfter, TimeSpan.Zero),
            SharedWithin = cache.DurationOrOff("shared-within", defaults.SharedWithin, TimeSpan.FromMilliseconds(10)),
        };
        if (read.MinimumTtl > read.MaximumTtl)
            (cache.Value("minimum-ttl") ?? cache.Value("maximum-ttl"))!.Fail("minimum-ttl is above maximum-ttl; write a minimum below it");
        // RFC 9520 2.2.
        if (read.FailureTtl > TimeSpan.FromMinutes(5))
            cache.Value("failure-ttl")!.Fail("a failure is not to be remembered for longer than 5 minutes; write 5m or less");
        return read;
    }

    private static IReadOnlyList<DnsUpstreamSettings> ReadUpstreams(SettingsReader dns, IReadOnlyList<DnsUpstreamSettings> defaults)
    {
        if (dns.Value("upstreams") is not { } value || value.Text == "auto")
            return defaults;
        if (value.AsList().Count == 0)
            value.Fail($"is empty; write {UpstreamExample}, or auto for the system's");
        return dns.List<DnsUpstreamSettings>("upstreams", defaults, ReadUpstream);
    }

    private static DnsUpstreamSettings? ReadUpstream(SettingsValue value)
    {
        if (value.Kind != Hocon.HoconKind.Section)
            return value.AsText(UpstreamExample) is { } text ? Parse(value, text) : null;
        SettingsReader section = value.AsSection("")!;
        IPAddress? address = null;
        if (section.Value("address") is { } at && at.AsText("an address such as \"10.0.0.53\"") is { } written && !IPAddress.TryParse(written, out address))
            at.Fail($"'{written}' is not an address; write one such as \"10.0.0.53\"");
        string? roots = section.Value("trusted-roots")?.AsPath("a PEM file");
        if (roots is not null && CertificateFiles.ProblemOfPem(roots) is { } problem)
            section.Value("trusted-roots")!.Fail($"{problem}; write the PEM file of the CA that issued the server's certificate");
        if (section.Value("url") is not { } url)
        {
            value.Fail("has no url; write { url = \"tls://dns.example\", address = \"10.0.0.53\" }");
            return null;
        }

        if (url.AsText(UpstreamExample) is not { } name || Parse(url, name) is not { } upstream)
            return null;
        if (upstream.Protocol is not (DnsUpstreamProtocol.Tls or DnsUpstreamProtocol.Https) && (roots is not null || address is not null))
            value.Fail("address and trusted-roots go with tls:// and https://; take them out");
        return upstream with { Address = address, TrustedRoots = roots };
    }

    private static DnsUpstreamSettings? Parse(SettingsValue value, string text)
    {
        (DnsUpstreamProtocol protocol, int port) = (DnsUpstreamProtocol.Udp, UpstreamFactory.DnsPort);
        string rest = text;
        if (text.Contains("://", StringComparison.Ordinal))
        {
            (string scheme, protocol, port) = Array.Find(Schemes, known => text.StartsWith(known.Item1, StringComparison.OrdinalIgnoreCase));
            if (scheme is null)
                return Fail(value, text);
            rest = text[scheme.Length..];
        }

        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        string path = slash < 0 ? "/dns-query" : rest[slash..];
        if (slash >= 0)
        {
            if (protocol != DnsUpstreamProtocol.Https || path.AsSpan().IndexOfAny('?', '#', '{') >= 0)
                return Fail(value, text);
            rest = rest[..slash];
        }

        if (Split(rest, ref port) is not { } host)
            return Fail(value, text);
        if (!IPAddress.TryParse(host, out _))
        {
            if (protocol is DnsUpstreamProtocol.Udp or DnsUpstreamProtocol.Tcp || !IsName(host))
                return Fail(value, text);
        }

        return new DnsUpstreamSettings(protocol, host, port) { Path = path };
    }

    // "10.0.0.53", "10.0.0.53:53", "2001:db8::1", "[2001:db8::1]:53", "dns.example:853".
    private static string? Split(string text, ref int port)
    {
        // The framework takes "53" for an address, too.
        if (IPAddress.TryParse(text, out IPAddress? alone) && !text.StartsWith('[') && text.AsSpan().ContainsAny('.', ':'))
            return alone.ToString();
        int colon = text.LastIndexOf(':');
        string host = text;
        if (colon > text.LastIndexOf(']'))
        {
            if (!int.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out port) || port is 0 or > IPEndPoint.MaxPort)
                return null;
            host = text[..colon];
        }

        if (host.All(char.IsAsciiDigit))
            return null;
        if (host.StartsWith('[') && host.EndsWith(']'))
            host = host[1..^1];
        return host.Length > 0 ? host : null;
    }

    private static bool IsName(string host)
    {
        try
        {
            return DnsName.Parse(host).Length > 1 && !char.IsAsciiDigit(host[^1]) && Uri.CheckHostName(host) == UriHostNameType.Dns;
        }
        catch (DnsNameException)
        {
            return false;
        }
    }

    private static DnsUpstreamSettings? Fail(SettingsValue value, string text)
    {
        value.Fail($"'{text}' is not a DNS server; write {UpstreamExample}");
        return null;
    }
}
