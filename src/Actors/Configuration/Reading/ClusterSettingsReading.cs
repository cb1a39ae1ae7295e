using System.Net;
using Actors443.Certificates;
using Actors443.Configuration.Hocon;
using Actors443.Engine;
using Actors443.Tunnels.Targets;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>cluster</c>.</summary>
internal static class ClusterSettingsReading
{
    private const string NodeExample = "a host with a port, such as \"10.0.0.1:443\" or \"node-1.internal:443\"";

    private static readonly IReadOnlyList<ClusterTransport> OverDotNetty = [ClusterTransport.DotNetty];

    private static readonly (string, ClusterTransport)[] Transports = [("https", ClusterTransport.Https), ("dot-netty", ClusterTransport.DotNetty)];

    /// <param name="section">The section.</param>
    /// <param name="https">The listeners.</param>
    public static ClusterSettings Read(SettingsReader section, HttpsSettings https)
    {
        var defaults = new ClusterSettings();
        IReadOnlyList<ClusterTransport> transports = ReadTransports(section, HasPort(section));
        var settings = new ClusterSettings
        {
            Transports = transports,
            Addresses = ReadAddresses(section, transports, HasPort(section)),
            Https = https.Bind is [var first, ..] ? first : defaults.Https,
            Enabled = section.Flag("enabled", defaults.Enabled),
            Secret = section.Value("secret") is { Text: not "none" } secret ? CertificateSettingsReading.ReadSharedSecret(secret) : null,
            Bind = HasPort(section) ? section.EndPoint("bind", defaults.Bind) : defaults.Bind,
            PublicHostname = section.TextOr("public-hostname", "same", defaults.PublicHostname, "a host name or address, or same"),
            PublicPort = section.Value("public-port") is { Text: not "same" } port ? (int?)port.Integer(1, IPEndPoint.MaxPort) : null,
            SeedNodes = section.List<string>("seed-nodes", defaults.SeedNodes, ReadNode),
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
        foreach (ClusterTransport transport in settings.Transports.Append(settings.Addresses).Distinct().Where(transport => joins || transport == ClusterTransport.DotNetty))
        {
            (string key, IPEndPoint bound) = transport == ClusterTransport.Https ? ("https.bind", settings.Https) : ("bind", settings.Bind);
            if (settings.PublicHostname is null && PlainAddress.IsEvery(bound.Address))
                Fail(section, "public-hostname", $"is needed with {key} = \"{bound}\", which is every address; write the one by which the other nodes reach this one");
            if (transport == ClusterTransport.Https && bound.Port == 0 && (settings.PublicPort is null || settings.Addresses != transport))
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
            Contacts = section.List<string>("contacts", defaults.Contacts, ReadNode),
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
        if (written.Count == 0 || written.Distinct().Count() != written.Count || written is [ClusterTransport.DotNetty, _])
            Fail(section, "transports", "must be [https], [dot-netty], or [https, dot-netty]: https with the nodes that speak it, and dot-netty with the others");
        else if (written.Contains(ClusterTransport.DotNetty) && !hasPort)
            Fail(section, "bind", "is needed with dot-netty; write where the other nodes reach this one, such as bind = \"10.0.0.1:2552\"");
        return written.Count == 0 ? usual : written;
    }

    // The second transport has none of its own: nodes that come by it are in one cluster with the others.
    private static ClusterTransport ReadAddresses(SettingsReader section, IReadOnlyList<ClusterTransport> transports, bool hasPort)
    {
        ClusterTransport usual = transports.Contains(ClusterTransport.DotNetty) ? ClusterTransport.DotNetty : ClusterTransport.Https;
        if (section.Value("addresses") is null or { Text: "auto" })
            return usual;
        ClusterTransport written = section.Choice("addresses", usual);
        if (written == ClusterTransport.Https && usual == ClusterTransport.DotNetty)
            Fail(section, "addresses", "is https, and transports has dot-netty, whose addresses the nodes then have; write dot-netty, or auto");
        else if (written == ClusterTransport.DotNetty && !hasPort)
            Fail(section, "bind", "is needed with addresses = dot-netty; write what it was with dot-netty, such as bind = \"10.0.0.1:2552\"");
        return written;
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

    private static string? ReadNode(SettingsValue value)
    {
        if (value.AsText(NodeExample) is not { } text)
            return null;
        if (TunnelTarget.Parse(text) is { } target)
            return target.ToString();
        value.Fail($"'{text}' is no host with a port; write {NodeExample}");
        return null;
    }
}
