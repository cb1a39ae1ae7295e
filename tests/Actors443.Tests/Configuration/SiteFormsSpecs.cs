using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Actors443.Configuration;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;

namespace Actors443.Tests.Configuration;

/// <summary>The short and the long ways to write a site, and what sites put into the library's settings.</summary>
public sealed class SiteFormsSpecs : SettingsFixture
{
    [Fact]
    public void A_folder_a_URL_and_a_list_of_URLs_are_sites()
    {
        ServerSettings settings = Good("""
            actors443.sites {
              "Files.Example.com" = www
              "api.example.com" = "http://127.0.0.1:8080"
              "two.example.com" = ["http://127.0.0.1:1", "https://127.0.0.1:2/base"]
            }
            """);

        Assert.Equal(["files.example.com", "api.example.com", "two.example.com"], settings.Sites.Select(site => site.Name));
        Assert.Equal(Path.Combine(Folder, "www"), Assert.IsType<FilesRoute>(Assert.Single(settings.Sites[0].Routes)).Root);
        Assert.Equal([new Uri("http://127.0.0.1:8080")], Assert.IsType<ProxyRoute>(Assert.Single(settings.Sites[1].Routes)).Destinations);
        Assert.Equal(2, Assert.IsType<ProxyRoute>(Assert.Single(settings.Sites[2].Routes)).Destinations.Count);
        Assert.All(settings.Sites, site => Assert.Equal("/*", site.Routes[0].Path));
    }

    [Fact]
    public void Routes_keep_their_order_and_options()
    {
        SiteSettings site = Good("""
            actors443.sites."example.com" {
              compression = off
              hsts { ramp = 0s, max-age = 730d, include-sub-domains = on, preload = on }
              routes = [
                { path = "/api/*", proxy = "http://127.0.0.1:1", health = "/up", balance = first, strip-prefix = on, http-version = 2, timeout = 3s }
                { path = "/hello", respond { status = 201, type = "text/html", body = "<b>", headers { X-A = 1 } } }
                { path = "/plain", respond = "hi" }
                { path = "/old/*", redirect = "https://example.org/{rest}", status = 308 }
                { path = "/status", welcome = on }
                { files = www, index = start.html, cache-control = "no-cache" }
              ]
            }
            """).Sites[0];

        Assert.False(site.Compression);
        Assert.Equal(new HstsSettings { Ramp = TimeSpan.Zero, MaxAge = TimeSpan.FromDays(730), IncludeSubDomains = true, Preload = true }, site.Hsts);
        Assert.Equal(["/api/*", "/hello", "/plain", "/old/*", "/status", "/*"], site.Routes.Select(route => route.Path));
        var proxy = Assert.IsType<ProxyRoute>(site.Routes[0]);
        Assert.Equal(("/up", "first", true, "2", TimeSpan.FromSeconds(3)), (proxy.HealthPath, proxy.Balance, proxy.StripPrefix, proxy.HttpVersion, proxy.Timeout));
        var respond = Assert.IsType<RespondRoute>(site.Routes[1]);
        Assert.Equal((201, "text/html", "<b>", "1"), (respond.Status, respond.ContentType, respond.Body, respond.Headers["x-a"]));
        Assert.Equal((200, "hi"), (((RespondRoute)site.Routes[2]).Status, ((RespondRoute)site.Routes[2]).Body));
        Assert.Equal(new RedirectRoute("/old/*", "https://example.org/{rest}", 308), site.Routes[3]);
        Assert.Equal(new WelcomeRoute("/status"), site.Routes[4]);
        var files = Assert.IsType<FilesRoute>(site.Routes[5]);
        Assert.Equal("start.html no-cache", $"{files.Index.Single()} {files.CacheControl}");
    }

    [Theory]
    [InlineData("*", "*")]
    [InlineData("*.Example.COM", "*.example.com")]
    [InlineData("example.com.", "example.com")]
    [InlineData("bücher.example", "xn--bcher-kva.example")]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "::1")]
    [InlineData("localhost", "localhost")]
    public void Names_are_brought_into_the_form_clients_send(string written, string expected) =>
        Assert.Equal(expected, Good($"actors443.sites.\"{written}\" = www").Sites[0].Name);

    [Fact]
    public void Shadowed_routes_are_a_warning_and_no_error()
    {
        LoadedSettings loaded = Load("""
            actors443.sites."*".routes = [
              { path = "/a/*", respond = a }
              { path = "/a/b", respond = b }
              { path = "/ab", respond = c }
            ]
            """);

        Assert.Equal(["test.conf:3: actors443.sites.\"*\".routes[1]: never answers: the route '/a/*' above takes all of '/a/b'; move this one up, or take it out"], Shown(loaded.Warnings));
        Assert.Equal(3, Good(loaded).Sites[0].Routes.Count);
    }

    [Fact]
    public void Names_and_certificate_files_of_sites_are_merged_into_the_certificates()
    {
        Write("a.pem", "");
        Write("a.key", "");
        Write("b.pfx", "");

        CertificateSettings certificates = Good("""
            actors443 {
              certificates.files = ["a.pem"]
              sites {
                "auto.example" = www
                "local.example" { files = www, certificate = local }
                "files.example" { files = www, certificate { chain = "a.pem", key = "a.key", password = "file:a.key" } }
                "pfx.example" { files = www, certificate = "b.pfx" }
                "*" = www
              }
            }
            """).Core.Certificates;

        Assert.Equal(["auto.example", "local.example"], certificates.Names);
        Assert.Equal(
            ["a.pem -", "a.pem files.example", "b.pfx pfx.example"],
            certificates.Files.Select(file => $"{Path.GetFileName(file.Chain ?? file.Pfx)} {file.Names.SingleOrDefault() ?? "-"}"));
        Assert.Equal("file:" + Path.Combine(Folder, "a.key"), certificates.Files[1].Password);
    }

    [Fact]
    public void Client_certificates_are_merged_by_name_and_star_speaks_for_all_other_names()
    {
        Write("ca.pem", CaPem());

        ServerSettings settings = Good("""
            actors443 {
              https.client-certificates { ca = "ca.pem", mode = optional }
              sites {
                "inherits.example" = www
                "requires.example" { files = www, client-certificates { ca = "ca.pem" } }
                "*" { files = www, client-certificates = none }
              }
            }
            """);

        string ca = Path.Combine(Folder, "ca.pem");
        Assert.Equal(ClientCertificateSettings.None, settings.Core.Https.ClientCertificates);
        Assert.Equal(
            new Dictionary<string, ClientCertificateSettings>
            {
                ["inherits.example"] = new(ClientCertificateMode.Optional, ca),
                ["requires.example"] = new(ClientCertificateMode.Required, ca),
            },
            settings.Core.Https.ClientCertificatesByName);
        Assert.Equal([ClientCertificateMode.Optional, ClientCertificateMode.Required, ClientCertificateMode.None], settings.Sites.Select(site => site.ClientCertificates.Mode));
    }

    [Fact]
    public void A_site_can_be_taken_out_by_null() =>
        Assert.Equal(["b.example"], Good("actors443.sites { \"a.example\" = www, \"b.example\" = www, \"a.example\" = null }").Sites.Select(site => site.Name));

    private static string CaPem()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Clients", key, HashAlgorithmName.SHA256);
        using X509Certificate2 certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        return certificate.ExportCertificatePem();
    }
}
