using System.Net;
using Actors443.Certificates;
using Actors443.Configuration.Hocon;
using Actors443.Tunnels.Targets;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>cluster</c>.</summary>
internal static class ClusterSettingsReading
{
    private const string NodeExample = "a host with a port, such as \"10.0.0.1:443\" or \"node-1.internal:443\"";

    private static readonly IReadOnlyList<ClusterTransport> OverDotNetty = [ClusterTransport.DotNetty];

    private static readonly string[] Prefixes = ["https://", "dot-netty://"];

    private static readonly (string, ClusterTransport)[] Transports = [("https", ClusterTransport.Https), ("dot-netty", ClusterTransport.DotNetty)];

    /// <param name="section">The section.</param>
    /// <param name="https">The listeners.</param>
    public static ClusterSettings Read(SettingsReader section, HttpsSettings https)
    {
        var defaults = new ClusterSettings();
        var settings = new ClusterSettings
        {
            Transports = ReadTransports(section, HasPort(section)),
            Https = https.Bind is [var first, ..] ? first : defaults.Https,
            Enabled = section.Flag("enabled", defaults.Enabled),
            Secret = section.Value("secret") is { Text: not "none" } secret ? CertificateSettingsReading.ReadSharedSecret(secret) : null,
            Bind = HasPort(section) ? section.EndPoint("bind", defaults.Bind) : defaults.Bind,
            PublicHostname = section.TextOr("public-hostname", "same", defaults.PublicHostname, "a host name or address, or same"),
            PublicPort = section.Value("public-port") is { Text: not "same" } port ? (int?)port.Integer(1, IPEndPoint.MaxPort) : null,
            SeedNodes = section.List<string>("seed-nodes", defaults.SeedNodes, value => ReadNode(value, anyTransport: true)),
            Discovery = ReadDiscovery(section.Section("discovery")),
            Roles = section.List<string>("roles", defaults.Roles, value => value.AsText("a name such as \"edge\"")),
            HeartbeatPause = section.Duration("heartbeat-pause", defaults.HeartbeatPause, TimeSpan.FromSeconds(1)),
            StableAfter = section.Duration("stable-after", defaults.StableAfter, TimeSpan.FromSeconds(1)),
            Limits = ReadLimits(section.Section("limits")),
        };
        if (!settings.Enabled)
            return settings;
        if (section.Value("secret") is null or { Text: "none" })
            Fail(section, "secret", $"is needed in a cluster: at least {Secret.SharedLength} bytes that all nodes share (openssl rand -base64 48 > cluster.secret); write secret = \"file:cluster.secret\"");
        Check(section, settings);
        return settings;
    }

    private static void Check(SettingsReader section, ClusterSettings settings)
    {
        // A host joins and is reached as it says itself; whoever names others here is the program.
        bool joins = settings.SeedNodes.Count > 0 || settings.Discovery.IsOn;
        foreach (ClusterTransport transport in settings.Transports.Where(transport => joins || transport == ClusterTransport.DotNetty))
        {
            (string key, IPEndPoint bound) = transport == ClusterTransport.Https ? ("https.bind", settings.Https) : ("bind", settings.Bind);
            if (settings.PublicHostname is null && (bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any)))
                Fail(section, "public-hostname", $"is needed with {key} = \"{bound}\", which is every address; write the one by which the other nodes reach this one");
            if (transport == ClusterTransport.Https && bound.Port == 0 && (settings.PublicPort is null || settings.Transports[0] != transport))
                Fail(section, "transports", "has https, and the port of https.bind is 0; the other nodes must know it: write it, or cluster.public-port");
        }

        if (!settings.Discovery.IsOn)
            return;
        if (settings.SeedNodes.Count > 0)
            Fail(section, "seed-nodes", "say whom this node joins, and so does discovery.contacts; leave one of the two out");
        if (settings.PublicHostname is { } name && !IPAddress.TryParse(name.Trim('[', ']'), out _))
            Fail(section, "public-hostname", $"is the name '{name}', and nodes that find each other by discovery.contacts know each other by address; write the address of this node, or same");
    }

    private static ClusterDiscoverySettings ReadDiscovery(SettingsReader section)
    {
        var defaults = new ClusterDiscoverySettings();
        return new ClusterDiscoverySettings
        {
            Contacts = section.List<string>("contacts", defaults.Contacts, value => ReadNode(value, anyTransport: false)),
            Required = section.Integer("required", defaults.Required, 1, 1000),
            StableFor = section.Duration("stable-for", defaults.StableFor, TimeSpan.FromSeconds(1)),
        };
    }

    private static bool HasPort(SettingsReader section) => section.Value("bind") is { Text: not "none" };

    private static IReadOnlyList<ClusterTransport> ReadTransports(SettingsReader section, bool hasPort)
    {
        // Whoever has set a port of its own has a cluster on it.
        IReadOnlyList<ClusterTransport> usual = hasPort ? OverDotNetty : ClusterSettings.OverHttps;
        if (section.Value("transports") is null or { Text: "auto" })
            return usual;
        IReadOnlyList<ClusterTransport> written = section.List("transports", usual, value => value.Choice(Transports));
        if (written.Count == 0 || written.Distinct().Count() != written.Count)
            Fail(section, "transports", "must name each once: [https], [dot-netty], or both, the preferred one first");
        else if (written.Contains(ClusterTransport.DotNetty) && !hasPort)
            Fail(section, "bind", "is needed with dot-netty; write where the other nodes reach this one, such as bind = \"10.0.0.1:2552\"");
        return written.Count == 0 ? usual : written;
    }

    private static ClusterLimitSettings ReadLimits(SettingsReader section)
    {
        var defaults = new ClusterLimitSettings();
        return new ClusterLimitSettings
        {
            Enabled = section.Flag("enabled", defaults.Enabled),
            Interval = section.Duration("interval", defaults.Interval, TimeSpan.FromMilliseconds(1)),
        };
    }

    private static void Fail(SettingsReader section, string key, string message) => section.Problems.Add(HoconPath.Child(section.Path, key), message);

    private static string? ReadNode(SettingsValue value, bool anyTransport)
    {
        if (value.AsText(NodeExample) is not { } text)
            return null;
        string? prefix = !anyTransport ? null : Prefixes.FirstOrDefault(each => text.StartsWith(each, StringComparison.Ordinal));
        if (TunnelTarget.Parse(text[(prefix?.Length ?? 0)..]) is { } target)
            return prefix + target.ToString();
        value.Fail($"'{text}' is no host with a port; write {NodeExample}");
        return null;
    }
}
