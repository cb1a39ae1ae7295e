using System.Net;
using Actors443.Certificates;
using Actors443.Configuration.Hocon;
using Actors443.Tunnels.Targets;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>cluster</c>.</summary>
internal static class ClusterSettingsReading
{
    private const string NodeExample = "a host with a port, such as \"10.0.0.1:2552\" or \"node-1.internal:2552\"";

    public static ClusterSettings Read(SettingsReader section)
    {
        var defaults = new ClusterSettings();
        var settings = new ClusterSettings
        {
            Enabled = section.Flag("enabled", defaults.Enabled),
            Secret = section.Value("secret") is { Text: not "none" } secret ? CertificateSettingsReading.ReadSharedSecret(secret) : null,
            Bind = section.EndPoint("bind", defaults.Bind),
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
        if (settings.PublicHostname is null && (settings.Bind.Address.Equals(IPAddress.Any) || settings.Bind.Address.Equals(IPAddress.IPv6Any)))
            Fail(section, "public-hostname", $"is needed with bind = \"{settings.Bind}\", which is every address; write the one by which the other nodes reach this one");
        if (!settings.Discovery.IsOn)
            return settings;
        if (settings.SeedNodes.Count > 0)
            Fail(section, "seed-nodes", "say whom this node joins, and so does discovery.contacts; leave one of the two out");
        if (settings.PublicHostname is { } name && !IPAddress.TryParse(name.Trim('[', ']'), out _))
            Fail(section, "public-hostname", $"is the name '{name}', and nodes that find each other by discovery.contacts know each other by address; write the address of this node, or same");
        return settings;
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
