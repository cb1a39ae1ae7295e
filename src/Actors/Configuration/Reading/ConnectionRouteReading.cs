using System.Net;
using Actors443.Dns.Tls;
using Actors443.Engine;
using Actors443.Tunnels.Targets;

namespace Actors443.Configuration.Reading;

/// <summary>Reads <c>routes</c>.</summary>
internal static class ConnectionRouteReading
{
    private const string Example = "{ sni = \"git.example.com\", to = \"10.0.0.5:443\" }";
    private const string AddressExample = "a host with a port, such as \"10.0.0.5:443\", \"git.internal:22\" or \"[2001:db8::1]:443\"";
    private const string ProtocolExample = "a protocol's name such as mqtt, xmpp-client or imap";
    private const string TlsScheme = "tls://";
    private const string NameExample = "a host name such as \"git.example.com\" or \"*.example.com\"";

    private static readonly string[] Marks = ["sni", "first-bytes", "silent-for", "alpn"];

    public static IReadOnlyList<ConnectionRouteSettings> Read(SettingsReader root, HttpsSettings https, DnsSettings dns)
    {
        if (root.Value("routes") is not { } value)
            return [];
        var routes = new List<ConnectionRouteSettings>();
        foreach (SettingsValue element in value.AsList())
        {
            if (element.AsSection(Example) is { } section)
                routes.Add(ReadRoute(section, element, https));
        }

        RefuseTwice(root, routes);
        int served = routes.FindIndex(route => dns.Dot.Enabled && route.ApplicationProtocols.Contains(DnsOverTls.Protocol));
        if (served >= 0)
            root.Problems.Add(PathOf(served, "alpn"), $"'{DnsOverTls.Protocol}' is served by our own resolver; take it out, or write dns.dot.enabled = off");
        return routes;
    }

    /// <summary>Names of our own sites must not be passed through.</summary>
    public static void RefuseOwnNames(SettingsReader root, IReadOnlyList<ConnectionRouteSettings> routes, IReadOnlyCollection<string> own)
    {
        for (int index = 0; index < routes.Count; index++)
        {
            foreach (string name in routes[index].ServerNames.Where(own.Contains))
                root.Problems.Add(PathOf(index, "sni"), $"'{name}' is one of our own sites, too; take it out of sites, or out of the route");
        }
    }

    private static ConnectionRouteSettings ReadRoute(SettingsReader section, SettingsValue place, HttpsSettings https)
    {
        string[] marks = [.. Marks.Where(section.Has)];
        if (marks.Length != 1)
        {
            place.Fail(marks.Length == 0
                ? $"does not say which connections it leads; write one of {string.Join(", ", Marks)}"
                : $"has {string.Join(" and ", marks)}; write one of them, or a route for each");
        }

        var route = new ConnectionRouteSettings { Name = "" };
        route = route with
        {
            ServerNames = section.List<string>("sni", route.ServerNames, ReadServerName),
            FirstBytes = [.. section.List<IReadOnlyList<FirstBytesPattern>>("first-bytes", [], FirstBytesReading.Read).SelectMany(patterns => patterns)],
            SilentFor = section.Value("silent-for")?.Duration(TimeSpan.FromMilliseconds(100)),
            ApplicationProtocols = section.List<string>("alpn", route.ApplicationProtocols, ReadProtocol),
            TrustedRoots = ReadTrustedRoots(section),
            To = section.List<UpstreamAddress>("to", route.To, value => ReadAddress(value, section.Has("alpn"), https)),
            ProxyProtocol = section.Choice("proxy-protocol", route.ProxyProtocol),
            ConnectTimeout = section.Duration("connect-timeout", route.ConnectTimeout, TimeSpan.FromMilliseconds(100)),
            FailurePause = section.Duration("failure-pause", route.FailurePause, TimeSpan.Zero),
            Idle = section.DurationOrOff("idle", route.Idle, TimeSpan.FromMilliseconds(100)),
            Age = section.DurationOrOff("age", route.Age, TimeSpan.FromMilliseconds(100)),
        };
        if (!section.Has("to") || (section.Value("to") is { Kind: Hocon.HoconKind.List } list && list.AsList().Count == 0))
            place.Fail($"leads nowhere; write to = \"10.0.0.5:443\"");
        foreach (IGrouping<UpstreamAddress, UpstreamAddress> same in route.To.GroupBy(address => address).Where(group => group.Count() > 1))
            section.Value("to")!.Fail($"has {same.Key} twice; write it once");
        return route with { Name = section.Value("name")?.AsText("a name such as git") ?? NameOf(route) };
    }

    private static string NameOf(ConnectionRouteSettings route) =>
        route.ServerNames.Count > 0 ? route.ServerNames[0] : route.FirstBytes.Count > 0 ? route.FirstBytes[0].Text : route.ApplicationProtocols.Count > 0 ? route.ApplicationProtocols[0] : "silent";

    private static string? ReadServerName(SettingsValue value)
    {
        if (value.AsText(NameExample) is not { } text)
            return null;
        if (text == "*")
        {
            value.Fail($"'*' would take every name from the sites; write {NameExample}");
            return null;
        }

        bool isWildcard = text.StartsWith("*.", StringComparison.Ordinal);
        if (TunnelRuleReading.ReadName(isWildcard ? text[2..] : text) is { } name && name != "*" && !name.StartsWith("*.", StringComparison.Ordinal))
            return isWildcard ? "*." + name : name;
        value.Fail($"'{text}' is no host name; write {NameExample}");
        return null;
    }

    private static string? ReadProtocol(SettingsValue value)
    {
        if (value.AsText(ProtocolExample) is { } text && ProblemOfProtocol(text) is { } problem)
            value.Fail(problem);
        return value.Text;
    }

    /// <summary>What is wrong with a name in ALPN, and what to write; null: nothing.</summary>
    public static string? ProblemOfProtocol(string name)
    {
        if (name is "h2" or "http/1.1" or "h3" or "acme-tls/1")
            return $"'{name}' is served here; write {ProtocolExample}";
        return name.Length > 255 || name.Any(c => c is <= ' ' or > '~') ? $"'{name}' is no name of a protocol; write {ProtocolExample}" : null;
    }

    private static string? ReadTrustedRoots(SettingsReader section)
    {
        if (section.Value("trusted-roots") is not { } value || value.AsPath("a PEM file") is not { } path)
            return null;
        if (CertificateFiles.ProblemOfPem(path) is { } problem)
            value.Fail($"{problem}; write the PEM file of the CA that issued the upstream's certificate");
        else if (!section.Has("alpn"))
            value.Fail("goes with alpn and tls:// upstreams; take it out");
        return path;
    }

    private static UpstreamAddress? ReadAddress(SettingsValue value, bool mayBeTls, HttpsSettings https)
    {
        if (value.AsText(AddressExample) is not { } text)
            return null;
        bool isTls = text.StartsWith(TlsScheme, StringComparison.Ordinal);
        if (isTls && !mayBeTls)
        {
            value.Fail($"'{text}' would be TLS within what is passed on as it comes; write \"{text[TlsScheme.Length..]}\", or alpn to end TLS here");
            return null;
        }

        if (TunnelTarget.Parse(isTls ? text[TlsScheme.Length..] : text) is not { } target)
        {
            value.Fail($"'{text}' is no host with a port; write {AddressExample}");
            return null;
        }

        if (target.Address is { } address && https.Bind.Any(bind => LeadsTo(bind, address, target.Port)))
            value.Fail($"'{text}' is this server itself, in a circle; write another address");
        return new UpstreamAddress(target.Host, target.Port, isTls);
    }

    private static bool LeadsTo(IPEndPoint bind, IPAddress address, int port) =>
        bind.Port == port && port != 0 && (bind.Address.Equals(address) || (IPAddress.IsLoopback(address) && PlainAddress.IsEvery(bind.Address)));

    private static void RefuseTwice(SettingsReader root, List<ConnectionRouteSettings> routes)
    {
        var owners = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (int index = 0; index < routes.Count; index++)
        {
            ConnectionRouteSettings route = routes[index];
            if (routes.FindIndex(other => other.Name == route.Name) < index)
                root.Problems.Add(PathOf(index, "name"), $"there is a route '{route.Name}' already; write another name = …");
            if (route.SilentFor is not null && routes.FindIndex(other => other.SilentFor is not null) < index)
                root.Problems.Add(PathOf(index, "silent-for"), "another route takes silent clients already; take one of them out");
            foreach ((string key, string name) in route.ServerNames.Select(name => ("sni", name)).Concat(route.ApplicationProtocols.Select(name => ("alpn", name))))
            {
                if (!owners.TryAdd(key + name, route.Name))
                    root.Problems.Add(PathOf(index, key), $"'{name}' belongs to the route '{owners[key + name]}' already; write it once");
            }
        }
    }

    private static string PathOf(int index, string key) => Hocon.HoconPath.Child(Hocon.HoconPath.Element("actors443.routes", index), key);
}
