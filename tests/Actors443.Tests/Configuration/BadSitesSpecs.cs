namespace Actors443.Tests.Configuration;

/// <summary>Every malformed site, route and answer gets one line that names the place, what is wrong and what to write.</summary>
public sealed class BadSitesSpecs : SettingsFixture
{
    [Theory]
    [InlineData("""actors443.sites { "example.com" = "nowhere" }""",
        """test.conf:1: actors443.sites."example.com": the folder 'nowhere' does not exist; make it, or correct the name""")]
    [InlineData("""actors443.sites { "example.com" = "127.0.0.1:8080" }""",
        """
            test.conf:1: actors443.sites."example.com": the folder '127.0.0.1:8080' does not exist; make it, or correct the name; for a reverse proxy write "http://127.0.0.1:8080"
            """)]
    [InlineData("""actors443.sites { "example.com" = "ftp://example.com" }""",
        """
            test.conf:1: actors443.sites."example.com": 'ftp://example.com' is not an http:// or https:// URL; write a URL such as "http://127.0.0.1:8080"
            """)]
    [InlineData("""actors443.sites { example.com = "www" }""",
        """
            test.conf:1: actors443.sites.example: a host name needs quotes, because of its dots; write "example.com"
            """)]
    [InlineData("""actors443.sites { example.com { files = "www" } }""",
        """
            test.conf:1: actors443.sites.example: a host name needs quotes, because of its dots; write "example.com"
            """)]
    [InlineData("""actors443.sites { "example.com:443" = "www" }""",
        """test.conf:1: actors443.sites."example.com:443": 'example.com:443' has a port; write the host name alone, ports are set by https.bind""")]
    [InlineData("""actors443.sites { "https://example.com" = "www" }""",
        """test.conf:1: actors443.sites."https://example.com": 'https://example.com' is a URL; write the host name alone""")]
    [InlineData("""actors443.sites { "a.*.com" = "www" }""",
        """
            test.conf:1: actors443.sites."a.*.com": 'a.*.com' has '*' where none can be; write it only as the whole first label, as in "*.example.com"
            """)]
    [InlineData("""actors443.sites { "exa mple.com" = "www" }""",
        """test.conf:1: actors443.sites."exa mple.com": 'exa mple.com' is not a host name; write a host name such as "example.com", "*.example.com", or "*" for every host""")]
    [InlineData("""actors443.sites { "Example.com" = "www", "example.com" = "www" }""",
        """test.conf:1: actors443.sites."example.com": the site 'example.com' is there already under another spelling; write it once""")]
    [InlineData("""actors443.sites { "example.com" { } }""",
        """test.conf:1: actors443.sites."example.com": says nothing to answer with; write one of files, proxy, respond, redirect, welcome, dns""")]
    [InlineData("""actors443.sites { "example.com" { files = "www", proxy = "http://127.0.0.1:1" } }""",
        """test.conf:1: actors443.sites."example.com": has files and proxy; write one of them, or a route for each""")]
    [InlineData("""actors443.sites { "example.com" { files = "www", routes = [ { files = "www" } ] } }""",
        """test.conf:1: actors443.sites."example.com".routes: stands beside files; put files into a route of its own: { path = "/*", files … }""")]
    [InlineData("""actors443.sites { "example.com" { routes = [] } }""",
        """test.conf:1: actors443.sites."example.com".routes: is empty; write at least { path = "/*", files = "/srv/www" }""")]
    [InlineData("""actors443.sites { "example.com" { routes { path = "/" } } }""",
        """test.conf:1: actors443.sites."example.com".routes: is not a list; write routes = [ { path = "/*", … } ]""")]
    [InlineData("""actors443.sites { "example.com" { routes = [ "www" ] } }""",
        """test.conf:1: actors443.sites."example.com".routes[0]: 'www' where a section belongs; write { path = "/*", files = "/srv/www" }""")]
    [InlineData("""
            actors443.sites { "example.com" {
             routes = [
             { path = "api", files = "www" }
             { path = "/a*", files = "www" }
             { path = "/a?b", files = www }
             { path = "/a b", files = www }
             { pth = "/x", files = www } ] } }
            """,
        """
            test.conf:3: actors443.sites."example.com".routes[0].path: 'api' does not start with '/'; write "/api"
            test.conf:4: actors443.sites."example.com".routes[1].path: '/a*' has '*' where none can be; write it only at the end after '/', as in "/api/*"
            test.conf:5: actors443.sites."example.com".routes[2].path: '/a?b' has a query or fragment; write the path alone
            test.conf:6: actors443.sites."example.com".routes[3].path: '/a b' has a space in it; write %20
            test.conf:7: unknown key 'actors443.sites."example.com".routes[4].pth'; did you mean 'path'?
            """)]
    [InlineData("""actors443.sites { "example.com" { routes = [ { path = "/*", files = "www" }, { path = "/api/*", respond = hi }, { path = "/b" } ] } }""",
        """
            test.conf:1: actors443.sites."example.com".routes[1]: never answers: the route '/*' above takes all of '/api/*'; move this one up, or take it out
            test.conf:1: actors443.sites."example.com".routes[2]: says nothing to answer with; write one of files, proxy, respond, redirect, welcome, dns
            """)]
    [InlineData("""actors443.sites { "example.com" { routes = [ { path = "/a", files = "www", health = "/h" } ] } }""",
        """test.conf:1: actors443.sites."example.com".routes[0].health: goes with proxy, not with files; take it out""")]
    [InlineData("""actors443.sites { "example.com" { proxy = [] } }""",
        """
            test.conf:1: actors443.sites."example.com".proxy: has no destination; write a URL such as "http://127.0.0.1:8080"
            """)]
    [InlineData("""actors443.sites { "example.com" { proxy = "http://127.0.0.1:1?x=1" } }""",
        """
            test.conf:1: actors443.sites."example.com".proxy: 'http://127.0.0.1:1?x=1' has more than host, port and path; write a URL such as "http://127.0.0.1:8080"
            """)]
    [InlineData("""actors443.sites { "example.com" { proxy = ["http://127.0.0.1:1", "http://127.0.0.1:1"], health = "h", balance = fair, http-version = 3, strip-prefix = maybe } }""",
        """
            test.conf:1: actors443.sites."example.com".proxy: has http://127.0.0.1:1/ twice; write it once
            test.conf:1: actors443.sites."example.com".balance: 'fair' is not known; write one of round-robin, least-requests, random, first
            test.conf:1: actors443.sites."example.com".strip-prefix: 'maybe' is neither on nor off; write on or off
            test.conf:1: actors443.sites."example.com".http-version: '3' is not a version to speak; write 1.1, 2 or auto
            test.conf:1: actors443.sites."example.com".health: 'h' does not start with '/'; write "/h"
            """)]
    [InlineData("""actors443.sites { "example.com" { routes = [ { path = "/a", proxy = "http://127.0.0.1:1", strip-prefix = on } ] } }""",
        """
            test.conf:1: actors443.sites."example.com".routes[0].strip-prefix: '/a' has no '*' to keep; write a path such as "/a/*"
            """)]
    [InlineData("""actors443.sites { "example.com" { respond { status = 99, type = text, headers { "a b" = 1 } } } }""",
        """
            test.conf:1: actors443.sites."example.com".respond.status: 99 is out of range; write a whole number from 200 to 599
            test.conf:1: actors443.sites."example.com".respond.type: 'text' is not a media type; write one such as "text/plain"
            test.conf:1: actors443.sites."example.com".respond.headers."a b": 'a b' is not a header name; write letters, digits and '-'
            """)]
    [InlineData("""actors443.sites { "example.com" { respond { status = 204, body = x } } }""",
        """test.conf:1: actors443.sites."example.com".respond.body: an answer with status 204 has no body; take the body out""")]
    [InlineData("""actors443.sites { "example.com" { redirect = "new", status = 300 } }""",
        """
            test.conf:1: actors443.sites."example.com".redirect: 'new' is neither a path nor a URL; write "/new" or "https://…"
            test.conf:1: actors443.sites."example.com".status: '300' is not known; write one of 301, 302, 303, 307, 308
            """)]
    [InlineData("""actors443.sites { "example.com" { routes = [ { path = "/a", redirect = "/b/{rest}" } ] } }""",
        """
            test.conf:1: actors443.sites."example.com".routes[0].redirect: uses {rest}, but the path '/a' has no '*'; write a path such as "/a/*"
            """)]
    [InlineData("""actors443.sites { "example.com" { welcome = off } }""",
        """test.conf:1: actors443.sites."example.com".welcome: off means nothing; take it out, and write what to answer with instead""")]
    [InlineData("""actors443 { certificates.acme.email = "a@b.test", sites { "example.com" { files = www, certificate = acme } } }""",
        """test.conf:1: actors443.sites."example.com".certificate: needs your agreement to the terms of lets-encrypt; read them, and write certificates.acme.agree-to-terms = on""")]
    [InlineData("""actors443.sites { "example.com" { files = www, certificate { key = "a" } } }""",
        """
            test.conf:1: actors443.sites."example.com".certificate.key: 'a' does not exist; correct the name or the permissions
            test.conf:1: actors443.sites."example.com".certificate: names no certificate; write { chain = "site.pem", key = "site.key" } or { pfx = "site.pfx" }
            """)]
    [InlineData("""actors443.sites { "example.com" { files = www, client-certificates { mode = require } } }""",
        """test.conf:1: actors443.sites."example.com".client-certificates: asks for certificates without saying whose; write ca = "clients.pem" beside mode""")]
    [InlineData("""actors443.sites { "example.com" { files = www, hsts { preload = on } } }""",
        """test.conf:1: actors443.sites."example.com".hsts.preload: needs include-sub-domains = on and max-age = 365d or more; write both, or preload = off""")]
    [InlineData("""actors443.sites { "example.com" { files = www, hsts = maybe } }""",
        """test.conf:1: actors443.sites."example.com".hsts: 'maybe' is neither on nor off; write on or off""")]
    [InlineData("""actors443.sites { "example.com" { files = www, index = [a/b], not-found = "x.html" } }""",
        """
            test.conf:1: actors443.sites."example.com".index[0]: 'a/b' is a path; write a file name such as index.html
            test.conf:1: actors443.sites."example.com".not-found: 'www/x.html' does not exist; make it, or write auto
            """)]
    public void A_malformed_site_is_refused_with_its_place_and_the_fix(string text, string expected)
    {
        Write("not.pem", "hello");
        Assert.Equal(expected.Split('\n'), Problems(text));
    }
}
