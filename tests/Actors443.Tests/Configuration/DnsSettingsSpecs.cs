using Actors443.Configuration;
using Actors443.Server.Sites;

namespace Actors443.Tests.Configuration;

/// <summary>The settings of the resolver, good and bad.</summary>
public sealed class DnsSettingsSpecs : SettingsFixture
{
    [Theory]
    [InlineData("10.0.0.53", "udp://10.0.0.53:53")]
    [InlineData("10.0.0.53:5353", "udp://10.0.0.53:5353")]
    [InlineData("2001:db8::53", "udp://[2001:db8::53]:53")]
    [InlineData("[2001:db8::53]:5353", "udp://[2001:db8::53]:5353")]
    [InlineData("udp://[2001:db8::53]", "udp://[2001:db8::53]:53")]
    [InlineData("tcp://10.0.0.53", "tcp://10.0.0.53:53")]
    [InlineData("tls://10.0.0.53", "tls://10.0.0.53:853")]
    [InlineData("TLS://dns.example:8853", "tls://dns.example:8853")]
    [InlineData("https://dns.example", "https://dns.example:443/dns-query")]
    [InlineData("https://[2001:db8::53]:8443/resolve", "https://[2001:db8::53]:8443/resolve")]
    public void An_upstream_is_read(string written, string expected) =>
        Assert.Equal([expected], Good($"actors443.dns.upstreams = \"{written}\"").Core.Dns.Upstreams.Select(upstream => upstream.Name));

    [Fact]
    public void An_upstream_with_its_address_and_roots_is_read()
    {
        string roots = Write("ca.pem", Pem());

        DnsUpstreamSettings upstream = Good("""actors443.dns.upstreams = [{ url = "tls://dns.example", address = "10.0.0.53", trusted-roots = "ca.pem" }]""").Core.Dns.Upstreams.Single();

        Assert.Equal(("tls://dns.example:853", "10.0.0.53", roots), (upstream.Name, upstream.Address!.ToString(), upstream.TrustedRoots));
    }

    [Theory]
    [InlineData("dns = on", "/dns-query")]
    [InlineData("dns = on, path = \"/resolve\"", "/resolve")]
    [InlineData("routes = [{ dns = on }]", "/dns-query")]
    [InlineData("routes = [{ path = \"/r\", dns = on }]", "/r")]
    [InlineData("dns = on, json = on", "/dns-query")]
    public void A_route_is_read(string written, string path) =>
        Assert.Equal(new DnsRoute(path), Good($$"""actors443.sites { "*" { {{written}} } }""").Sites.Single().Routes.Single());

    [Theory]
    [InlineData("upstreams = \"53\"", "upstreams: '53' is not a DNS server; write an address such as \"10.0.0.53\", or a URL such as \"tls://10.0.0.53\" or \"https://dns.example/dns-query\"")]
    [InlineData("upstreams = \"dns.example\"", "upstreams: 'dns.example' is not a DNS server; write an address such as \"10.0.0.53\", or a URL such as \"tls://10.0.0.53\" or \"https://dns.example/dns-query\"")]
    [InlineData("upstreams = \"quic://10.0.0.53\"", "upstreams: 'quic://10.0.0.53' is not a DNS server; write an address such as \"10.0.0.53\", or a URL such as \"tls://10.0.0.53\" or \"https://dns.example/dns-query\"")]
    [InlineData("upstreams = \"tls://10.0.0.53/x\"", "upstreams: 'tls://10.0.0.53/x' is not a DNS server; write an address such as \"10.0.0.53\", or a URL such as \"tls://10.0.0.53\" or \"https://dns.example/dns-query\"")]
    [InlineData("upstreams = \"10.0.0.53:99999\"", "upstreams: '10.0.0.53:99999' is not a DNS server; write an address such as \"10.0.0.53\", or a URL such as \"tls://10.0.0.53\" or \"https://dns.example/dns-query\"")]
    [InlineData("upstreams = []", "upstreams: is empty; write an address such as \"10.0.0.53\", or a URL such as \"tls://10.0.0.53\" or \"https://dns.example/dns-query\", or auto for the system's")]
    [InlineData("upstreams = [{ address = \"10.0.0.53\" }]", "upstreams[0]: has no url; write { url = \"tls://dns.example\", address = \"10.0.0.53\" }")]
    [InlineData("upstreams = [{ url = \"udp://10.0.0.53\", address = \"10.0.0.53\" }]", "upstreams[0]: address and trusted-roots go with tls:// and https://; take them out")]
    [InlineData("upstreams = [{ url = \"tls://dns.example\", address = \"there\" }]", "upstreams[0].address: 'there' is not an address; write one such as \"10.0.0.53\"")]
    [InlineData("upstreams = [{ url = \"tls://dns.example\", trusted-roots = \"none.pem\" }]", "upstreams[0].trusted-roots: 'none.pem' does not exist; write the PEM file of the CA that issued the server's certificate")]
    [InlineData("hosts = \"none\"", "hosts: 'none' does not exist; correct the name or the permissions")]
    [InlineData("block { lists = \"none\" }", "block.lists: 'none' does not exist; correct the name or the permissions")]
    [InlineData("block.answer = nothing", "block.answer: 'nothing' is not known; write one of nxdomain, null-address, refused")]
    [InlineData("allow = \"everybody\"", "allow: 'everybody' is not a network; write a network such as \"10.0.0.0/8\" or \"2001:db8::/32\"")]
    [InlineData("strategy = fastest", "strategy: 'fastest' is not known; write one of order, race")]
    [InlineData("cache { minimum-ttl = 2h, maximum-ttl = 1h }", "cache.minimum-ttl: minimum-ttl is above maximum-ttl; write a minimum below it")]
    [InlineData("cache.failure-ttl = 1h", "cache.failure-ttl: a failure is not to be remembered for longer than 5 minutes; write 5m or less")]
    [InlineData("cache.size = 10", "cache.size: 10 is out of range; write a whole number from 65536 to 1099511627776 (bytes)")]
    public void A_bad_setting_is_refused_with_its_place_and_the_fix(string written, string expected)
    {
        IReadOnlyList<string> problems = Problems($$"""actors443 { dns { {{written}} }, sites { "*" = "http://127.0.0.1:1" } }""");

        Assert.Equal(["test.conf:1: actors443.dns." + expected], problems);
    }

    private static string Pem()
    {
        using var authority = new Actors443.Testing.TestCertificates();
        return authority.CertificatePem;
    }
}
