using System.Buffers;
using System.Text;
using Actors443.Configuration;
using Actors443.Engine;
using Actors443.Routing;
using Actors443.Server.Configuration;
using Actors443.Telemetry;
using Actors443.Testing;
using Actors443.Tunnels.Egress;
using Microsoft.Extensions.Logging.Abstractions;

namespace Actors443.Tests.Configuration;

/// <summary><c>routes</c>, good and bad, and what they match.</summary>
public sealed class ConnectionRouteSpecs : SettingsFixture
{
    [Fact]
    public void Routes_are_read_with_their_defaults_and_names()
    {
        IReadOnlyList<ConnectionRouteSettings> routes = Good("""
            actors443.routes = [
              { sni = ["Git.Example.com", "*.lab.example.com", "bücher.example"], to = ["10.0.0.5:443", "git.internal:8443", "[2001:DB8::5]:443"] }
              { first-bytes = [ssh, "text:HELO", "hex:00 ?? 38"], to = "127.0.0.1:22", connect-timeout = 1s, failure-pause = 0s, idle = off, age = 1h }
              { name = mail, silent-for = 2s, to = "10.0.0.7:25" }
            ]
            """).Core.Routes;

        Assert.Equal(["git.example.com", "ssh", "mail"], routes.Select(route => route.Name));
        Assert.Equal(["git.example.com", "*.lab.example.com", "xn--bcher-kva.example"], routes[0].ServerNames);
        Assert.Equal(["10.0.0.5:443", "git.internal:8443", "[2001:db8::5]:443"], routes[0].To.Select(address => address.ToString()));
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10), TimeSpan.FromMinutes(10), null), (routes[0].ConnectTimeout, routes[0].FailurePause, routes[0].Idle, routes[0].Age));
        Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.Zero, null, TimeSpan.FromHours(1)), (routes[1].ConnectTimeout, routes[1].FailurePause, routes[1].Idle, routes[1].Age));
        Assert.Equal([[0x53, 0x53, 0x48, 0x2D], [0x48, 0x45, 0x4C, 0x4F], [0, -1, 0x38]], routes[1].FirstBytes.Select(pattern => pattern.Bytes));
        Assert.Equal(TimeSpan.FromSeconds(2), routes[2].SilentFor);
    }

    [Theory]
    [InlineData("""{ to = "10.0.0.5:443" }""", "routes[0]: does not say which connections it leads; write one of sni, first-bytes, silent-for, alpn")]
    [InlineData("""{ sni = "a.example", first-bytes = ssh, to = "10.0.0.5:443" }""", "routes[0]: has sni and first-bytes; write one of them, or a route for each")]
    [InlineData("""{ sni = "a.example" }""", """routes[0]: leads nowhere; write to = "10.0.0.5:443~""")]
    [InlineData("""{ sni = "a.example", to = [] }""", """routes[0]: leads nowhere; write to = "10.0.0.5:443~""")]
    [InlineData("""{ sni = "a.example", to = "10.0.0.5" }""", """routes[0].to: '10.0.0.5' is no host with a port; write a host with a port, such as "10.0.0.5:443", "git.internal:22" or "[2001:db8::1]:443~""")]
    [InlineData("""{ sni = "a.example", to = "10.0.5:443" }""", """routes[0].to: '10.0.5:443' is no host with a port; write a host with a port, such as "10.0.0.5:443", "git.internal:22" or "[2001:db8::1]:443~""")]
    [InlineData("""{ sni = "a.example", to = "https://10.0.0.5" }""", """routes[0].to: 'https://10.0.0.5' is no host with a port; write a host with a port, such as "10.0.0.5:443", "git.internal:22" or "[2001:db8::1]:443~""")]
    [InlineData("""{ sni = "a.example", to = ["b:1", "b:1"] }""", "routes[0].to: has b:1 twice; write it once")]
    [InlineData("""{ sni = "a.example", to = "127.0.0.1:8443" }""", "routes[0].to: '127.0.0.1:8443' is this server itself, in a circle; write another address")]
    [InlineData("""{ sni = "*", to = "b:1" }""", """routes[0].sni: '*' would take every name from the sites; write a host name such as "git.example.com" or "*.example.com~""")]
    [InlineData("""{ sni = "a.*.example", to = "b:1" }""", """routes[0].sni: 'a.*.example' is no host name; write a host name such as "git.example.com" or "*.example.com~""")]
    [InlineData("""{ sni = "*.*.example", to = "b:1" }""", """routes[0].sni: '*.*.example' is no host name; write a host name such as "git.example.com" or "*.example.com~""")]
    [InlineData("""{ sni = ["site.example", "other.example"], to = "b:1" }""", "routes[0].sni: 'site.example' is one of our own sites, too; take it out of sites, or out of the route")]
    [InlineData("""{ sni = "*.wild.example", to = "b:1" }""", "routes[0].sni: '*.wild.example' is one of our own sites, too; take it out of sites, or out of the route")]
    [InlineData("""{ sni = "a.example", to = "b:1" }, { name = two, sni = ["c.example", "A.example"], to = "b:1" }""", "routes[1].sni: 'a.example' belongs to the route 'a.example' already; write it once")]
    [InlineData("""{ name = x, sni = "a.example", to = "b:1" }, { name = x, sni = "c.example", to = "b:1" }""", "routes[1].name: there is a route 'x' already; write another name = …")]
    [InlineData("""{ first-bytes = ssh, to = "b:1" }, { first-bytes = ssh, to = "c:1" }""", "routes[1].name: there is a route 'ssh' already; write another name = …")]
    [InlineData("""{ silent-for = 1s, to = "b:1" }, { name = two, silent-for = 2s, to = "b:1" }""", "routes[1].silent-for: another route takes silent clients already; take one of them out")]
    [InlineData("""{ sni = "a.example", to = "b:1", proxy-protocol = v3 }""", "routes[0].proxy-protocol: 'v3' ")]
    [InlineData("""{ alpn = h2, to = "b:1" }""", "routes[0].alpn: 'h2' is served here; write a protocol's name such as mqtt, xmpp-client or imap")]
    [InlineData("""{ alpn = "a b", to = "b:1" }""", "routes[0].alpn: 'a b' is no name of a protocol; write a protocol's name such as mqtt, xmpp-client or imap")]
    [InlineData("""{ alpn = mqtt, to = "b:1" }, { name = two, alpn = [imap, mqtt], to = "b:1" }""", "routes[1].alpn: 'mqtt' belongs to the route 'mqtt' already; write it once")]
    [InlineData("""{ alpn = dot, to = "b:1" }""", "routes[0].alpn: 'dot' is served by our own resolver; take it out, or write dns.dot.enabled = off")]
    [InlineData("""{ sni = "a.example", to = "tls://b:1" }""", "routes[0].to: 'tls://b:1' would be TLS within what is passed on as it comes; write ~b:1~, or alpn to end TLS here")]
    [InlineData("""{ alpn = mqtt, to = "tls://b:1", trusted-roots = "none.pem" }""", "none.pem")]
    [InlineData("""{ silent-for = 1ms, to = "b:1" }""", "routes[0].silent-for: 1ms is too short; write 100ms or more")]
    [InlineData("""{ first-bytes = shh, to = "b:1" }""", "routes[0].first-bytes: 'shh' is no known pattern; did you mean 'ssh'?")]
    [InlineData("""{ first-bytes = gopher, to = "b:1" }""", """routes[0].first-bytes: 'gopher' is no known pattern; write one of ssh, http, xmpp, mqtt, postgresql, rdp, openvpn, socks5, "text:…" or "hex:…~""")]
    [InlineData("""{ first-bytes = "hex:5", to = "b:1" }""", "routes[0].first-bytes: '5' is not hexadecimal; write two digits for each byte, or ?? for any")]
    [InlineData("""{ first-bytes = "hex:", to = "b:1" }""", "routes[0].first-bytes: has 0 bytes; write 1 to 64")]
    [InlineData("""{ first-bytes = "hex:1603", to = "b:1" }""", "routes[0].first-bytes: would take TLS as well; begin with a byte that is not 0x14 to 0x17, and lead TLS by sni")]
    [InlineData("""{ first-bytes = "hex:??16", to = "b:1" }""", "routes[0].first-bytes: would take TLS as well; begin with a byte that is not 0x14 to 0x17, and lead TLS by sni")]
    [InlineData("""{ sni = "a.example", to = "b:1", idel = 1s }""", "unknown key 'actors443.routes[0].idel'; did you mean 'idle'?")]
    [InlineData(""" "b:1" """, """routes[0]: 'b:1' where a section belongs; write { sni = "git.example.com", to = "10.0.0.5:443" }""")]
    public void What_is_wrong_with_a_route_is_said_with_its_fix(string routes, string problem)
    {
        IReadOnlyList<string> problems = Problems($$"""actors443 { https.bind = "127.0.0.1:8443", sites { "site.example" = "www", "*.wild.example" = "www" }, dns.dot.enabled = on, routes = [ {{routes}} ] }""");

        Assert.Contains(problems, shown => shown.Contains(problem.Replace('~', '"'), StringComparison.Ordinal) && shown.StartsWith("test.conf:1: ", StringComparison.Ordinal));
    }

    [Fact]
    public void Routes_are_live_and_a_site_is_no_change_of_them()
    {
        ServerSettings before = Good("""actors443 { sites { "a.example" = "www" }, routes = [ { sni = "*.example", to = "b:1" } ] }""");
        ServerSettings after = Good("""actors443 { sites { "a.example" = "www", "b.example" = "www" }, routes = [ { sni = "*.example", to = "c:1" } ] }""");
        var change = SettingsChange.Between(before, after);

        Assert.Equal(["actors443.routes", "actors443.sites.\"b.example\""], change.LiveKeys);
        Assert.Empty(change.RestartKeys);
        Assert.Equal("c", change.Applicable.Core.Routes[0].To[0].Host);
        Assert.Equal(["a.example", "b.example"], change.Applicable.Core.OwnNames);
    }

    [Theory]
    [InlineData("ssh", "SSH-2.0-OpenSSH_9.2p1 Debian\r\n")]
    [InlineData("http", "GET / HTTP/1.1\r\n")]
    [InlineData("http", "PRI * HTTP/2.0\r\n")]
    [InlineData("xmpp", "<?xml version='1.0'?>")]
    [InlineData("mqtt", "\x10\x0c\0\x04MQTT\x04\x02\0\x3c\0\0")]
    [InlineData("mqtt", "\x10\xc0\x01\0\x04MQTT\x05")]
    [InlineData("postgresql", "\0\0\0\x08\x04\xd2\x16\x2f")]
    [InlineData("postgresql", "\0\0\0\x29\0\x03\0\0user\0")]
    [InlineData("rdp", "\x03\0\0\x13\x0e\xe0\0\0")]
    [InlineData("openvpn", "\0\x0e\x38\x01\x02")]
    [InlineData("socks5", "\x05\x01\0")]
    public void Protocols_are_known_by_how_they_begin(string name, string begin)
    {
        RoutingTable table = TableOf($$"""{ first-bytes = [{{name}}], to = "b:1" }""");
        byte[] bytes = Encoding.Latin1.GetBytes(begin);

        bool decided = false;
        for (int length = 1; length <= bytes.Length; length++)
        {
            Route? route = table.ByFirstBytes(new ReadOnlySequence<byte>(bytes, 0, length), out bool undecided);
            Assert.True(undecided != (route is not null));
            Assert.False(decided && undecided);
            decided |= route is not null;
        }

        Assert.True(decided);
        Assert.Null(table.ByFirstBytes(new ReadOnlySequence<byte>([0x16, 3, 1, 0, 200]), out bool maybe));
        Assert.False(maybe);
    }

    [Fact]
    public void An_exact_name_wins_over_a_wildcard_and_our_own_over_a_routes()
    {
        RoutingTable table = TableOf("""{ sni = ["*.lab.example"], to = "wild:1" }, { sni = "git.lab.example", to = "exact:1" }""", "own.lab.example");

        Assert.Equal(
            ["wild", "exact", null, null, null, null],
            ((string?[])["a.lab.example", "GIT.lab.example", "own.lab.example", "b.a.lab.example", "lab.example", null]).Select(name => table.ByServerName(name)?.Settings.To[0].Host));
    }

    private RoutingTable TableOf(string routes, params string[] own)
    {
        var metrics = new RoutingMetrics(TestMeters.Factory);
        return new RoutingTable(
            [.. Good($$"""actors443.routes = [ {{routes}} ]""").Core.Routes.Select(route => new Route(route, new UpstreamGroup(route, new SystemResolver(), new MonotonicClock(TimeProvider.System), metrics, NullLogger.Instance), new RouteUsage()))],
            own);
    }
}
