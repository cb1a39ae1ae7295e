using Actors443.Acme.Protocol;
using Actors443.Configuration;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;

namespace Actors443.Tests.Configuration;

/// <summary><c>certificates.acme</c>, and sites that ask for it.</summary>
public sealed class AcmeSettingsSpecs : SettingsFixture
{
    private const string Agreed = "actors443.certificates.acme { email = \"a@b.test\", agree-to-terms = on }\n";

    [Fact]
    public void One_word_on_a_site_is_enough()
    {
        ServerSettings settings = Good(Agreed + """actors443.sites { "Example.com" { files = www, certificate = acme }, "other.com" = "www" }""");

        Assert.Equal(["example.com"], Assert.Single(settings.Core.Certificates.Acme.Names));
        Assert.Equal(["https://acme-v02.api.letsencrypt.org/directory"], settings.Core.Certificates.Acme.Issuers.Select(issuer => issuer.Directory.AbsoluteUri));
        Assert.Equal([SiteCertificate.Acme, SiteCertificate.Auto], settings.Sites.Select(site => site.Certificate));
        // Until there is one the local CA's is served.
        Assert.Equal(["example.com", "other.com"], settings.Core.Certificates.Names);
    }

    [Fact]
    public void Names_written_together_are_one_set_and_other_sites_have_their_own()
    {
        ServerSettings settings = Good(Agreed + """
            actors443.certificates.acme.names = [["a.com", "www.a.com"], "Bücher.example"]
            actors443.sites { "www.a.com" { files = www, certificate = acme }, "c.com" { files = www, certificate = acme } }
            """);

        Assert.Equal(["a.com www.a.com", "xn--bcher-kva.example", "c.com"], settings.Core.Certificates.Acme.Names.Select(names => string.Join(' ', names)));
    }

    [Fact]
    public void Everything_that_can_be_said_is_read()
    {
        string roots = Write("ca.pem", new Actors443.Testing.TestCertificates().CertificatePem);
        AcmeSettings acme = Good($$"""
            actors443.certificates.acme {
              agree-to-terms = on, email = "a@b.test", key-type = rsa2048, challenges = [dns-01, http-01], preferred-chain = "Some Root"
              issuers = [
                { name = "Our CA", directory = "https://ca.test/dir", staging = "https://staging.test/dir", trusted-roots = "ca.pem", profile = shortlived, external-account { key-id = "id", key = "a2V5" } }
                zerossl
              ]
              dns {
                provider { rfc2136 { server = "10.0.0.1:53", key-name = k, key-secret = "c2VjcmV0", zone = "b.test", ttl = 5s, tcp = on } }
                delegations { "b.test" = "b.acme.test" }
                check = resolvers, resolvers = ["10.0.0.2:53"]
              }
              budget { orders = 7, window = 1m, at-once = 2 }
              on-demand { names = ["*.B.test", "*"], ask = "http://127.0.0.1:1/may", ask-timeout = 1s, wait = 9s, waiting = 8, names-at-once = 7, refused-for = 6s, unused = 5d }
            }
            """).Core.Certificates.Acme;

        Assert.Equal((CertificateKeyType.Rsa2048, "dns-01 http-01", "Some Root"), (acme.KeyType, string.Join(' ', acme.Challenges), acme.PreferredChain));
        Assert.Equal(["Our CA", "zerossl"], acme.Issuers.Select(issuer => issuer.Name));
        AcmeIssuerSettings own = acme.Issuers[0];
        Assert.Equal((new Uri("https://staging.test/dir"), roots, "shortlived", new AcmeExternalAccountSettings("id", "a2V5")), (own.Staging, own.TrustedRoots, own.Profile, own.ExternalAccount));
        AcmeDnsUpdateSettings update = acme.Dns.Update!;
        Assert.Equal(("10.0.0.1:53", "k", "b.test", true), (update.Server.ToString(), update.KeyName, update.Zone, update.Tcp));
        Assert.Equal("b.acme.test", acme.Dns.Delegations["b.test"]);
        AcmeOnDemandSettings demand = acme.OnDemand;
        Assert.Equal(("*.b.test *", "http://127.0.0.1:1/may", 8, 7), (string.Join(' ', demand.Names), demand.Ask!.AbsoluteUri, demand.Waiting, demand.NamesAtOnce));
        Assert.Equal([1, 9, 6, 432_000], new[] { demand.AskTimeout, demand.Wait, demand.RefusedFor, demand.Unused }.Select(time => (int)time.TotalSeconds));
        Assert.Equal((7, TimeSpan.FromMinutes(1), 2), (acme.BudgetOrders, acme.BudgetWindow, acme.OrdersAtOnce));
    }

    [Theory]
    [InlineData("""actors443.certificates.acme.email = nobody""", "certificates.acme.email: 'nobody' is not an e-mail address; write one such as admin@example.com, or none")]
    [InlineData("""actors443.certificates.acme.issuers = [lets-encrpt]""", "certificates.acme.issuers[0]: 'lets-encrpt' is no issuer known here; did you mean 'lets-encrypt'?")]
    [InlineData("""actors443.certificates.acme.issuers = [{ directory = "https://ca.test/" }]""", "certificates.acme.issuers[0]: has no name; write lets-encrypt, or {")]
    [InlineData("""actors443.certificates.acme.issuers = [{ name = x, directory = "http://ca.test/" }]""", "certificates.acme.issuers[0].directory: 'http://ca.test/' is not an https:// URL")]
    [InlineData("""actors443.certificates.acme.issuers = []""", "certificates.acme.issuers: is empty; write lets-encrypt")]
    [InlineData("""actors443.certificates.acme.issuers = [zerossl, zerossl]""", "certificates.acme.issuers: has two issuers named 'zerossl'; give each a name of its own")]
    [InlineData("""actors443.certificates.acme.issuers = [{ name = zerossl, external-account { key-id = a } }]""", "external-account: needs both key-id and key")]
    [InlineData("""actors443.certificates.acme.challenges = [http-1]""", "certificates.acme.challenges[0]: 'http-1' is not one of tls-alpn-01, http-01, dns-01; did you mean 'http-01'?")]
    [InlineData("""actors443.certificates.acme.dns.provider = rfc2136""", "certificates.acme.dns.provider: 'rfc2136' where a section belongs; write none, {")]
    [InlineData("""actors443.certificates.acme.dns.provider { rfc2136 { server = "10.0.0.1:53", key-name = a } }""", "rfc2136: needs both key-name and key-secret")]
    [InlineData("""actors443.certificates.acme.dns.provider { rfc2136 { server = "10.0.0.1:53", key-name = a, key-secret = "no base64!" } }""", "The secret of the TSIG key a is not base64")]
    [InlineData("""actors443.certificates.acme.issuers = [{ name = zerossl, external-account { key-id = a, key = "no base64 %" } }]""", "The MAC key of the external account a is not base64url")]
    [InlineData("""actors443.certificates.acme.dns.provider { exec { } }""", "exec: has no program; write program = \"/etc/dns-hook\"")]
    [InlineData("""actors443.certificates.acme { agree-to-terms = on, names = [localhost] }""", "is not a full host name, and no public CA certifies others")]
    [InlineData("""actors443.certificates.acme { agree-to-terms = on, names = ["*.a.com"] }""", "'*.a.com' is a wildcard, which only dns-01 can validate; write certificates.acme.dns.provider")]
    [InlineData("""actors443.certificates.acme { agree-to-terms = on, names = ["*.a.com"], challenges = [http-01] }""", "'*.a.com' cannot be validated by http-01; add dns-01 to certificates.acme.challenges")]
    [InlineData("""actors443.sites { "a.com" { files = www, certificate = acme } }""", "test.conf:1: actors443.sites.\"a.com\".certificate: needs your agreement to the terms of lets-encrypt; read them")]
    [InlineData("""actors443 { certificates.acme.agree-to-terms = on, sites { "*" { files = www, certificate = acme } } }""", "a CA certifies names, and '*' is none")]
    [InlineData("""actors443.certificates.acme.on-demand.names = ["a.com"]""", "certificates.acme.on-demand.names[0]: needs your agreement to the terms of lets-encrypt; read them")]
    [InlineData("""actors443.certificates.acme { agree-to-terms = on, on-demand.names = ["*"] }""", "on-demand.names[0]: lets anybody have you order certificates for any name; write ask = \"URL\" beside it, or name what you serve")]
    [InlineData("""actors443.certificates.acme { agree-to-terms = on, on-demand.names = ["10.0.0.1"] }""", "'10.0.0.1' is an address, and clients send none as a server name; write it under certificates.acme.names")]
    [InlineData("""actors443.certificates.acme { agree-to-terms = on, on-demand.names = [localhost] }""", "is not a full host name, and no public CA certifies others")]
    [InlineData("""actors443.certificates.acme { agree-to-terms = on, on-demand.ask = "ftp://a.com" }""", "on-demand.ask: 'ftp://a.com' is not an http:// or https:// URL; write a URL such as")]
    [InlineData("""actors443.certificates.acme { agree-to-terms = on, on-demand.ak = "http://a.com" }""", "did you mean 'ask'?")]
    public void Bad_settings_are_told_with_line_and_fix(string text, string problem) =>
        Assert.Contains(Problems(text), line => line.StartsWith("test.conf:1: ", StringComparison.Ordinal) && line.Contains(problem, StringComparison.Ordinal));

    [Fact]
    public void No_e_mail_is_allowed_but_warned_of()
    {
        LoadedSettings loaded = Load("""actors443 { certificates.acme.agree-to-terms = on, sites { "a.com" { files = www, certificate = acme } } }""");

        Assert.NotNull(loaded.Settings);
        Assert.Contains("there is none, so that CAs cannot tell you of trouble", Assert.Single(loaded.Warnings).Message, StringComparison.Ordinal);
    }
}
