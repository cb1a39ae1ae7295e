using System.Net;
using System.Net.Security;
using System.Text;
using System.Text.Json;
using Actors443.Server.Sites;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Sites;

public sealed class SiteChoiceTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _www = new();
    private SitesHost _host = null!;

    public async Task InitializeAsync() => _host = await SitesHost.StartAsync(
    [
        Site("example.com", "exact"),
        Site("*.example.com", "wildcard"),
        Site("xn--mnchen-3ya.de", "umlaut"),
        Site("127.0.0.1", "address"),
        Site("::1", "address 6"),
        new SiteSettings("broken.example.com", [new RespondRoute("/*", 200, "text/plain", "") { Headers = new Dictionary<string, string> { ["X-Bad"] = "\u00fc" } }]),
        new SiteSettings("files.example.org", [new FilesRoute("/*", _www.Path)]),
        new SiteSettings(
            "paths.example.com",
            [
                new RespondRoute("/hello", 200, "text/plain", "hello"),
                new RespondRoute("/a%20b", 200, "text/plain", "with a space"),
                new RespondRoute("/api/*", 200, "text/plain", "api"),
                new RedirectRoute("/old/*", "/new/{rest}", 308),
                new RedirectRoute("/away/*", "https://other.example/{rest}?from=here", 301),
                new RedirectRoute("/jump/*", "/page#part", 302),
                new RedirectRoute("/root/*", "/{rest}", 307),
                new RespondRoute("/teapot", 418, "text/plain", "") { Headers = new Dictionary<string, string> { ["X-Kind"] = "brown" } },
            ]),
    ]);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _www.Dispose();

    [Theory]
    [InlineData("example.com", "exact")]
    [InlineData("EXAMPLE.com", "exact")]
    [InlineData("example.com.", "exact")]
    [InlineData("example.com:8443", "exact")]
    [InlineData("www.example.com", "wildcard")]
    [InlineData("xn--mnchen-3ya.de", "umlaut")]
    [InlineData("127.0.0.1", "address")]
    [InlineData("[::1]", "address 6")]
    [InlineData("[0:0::1]:8443", "address 6")]
    public async Task A_host_is_answered_by_its_site(string host, string body)
    {
        // No server name is sent for addresses; of punycode stock Kestrel tells the Unicode form, other than our own reading of the ClientHello.
        string answer = await AskAsync(host, host.StartsWith('[') || host.StartsWith("xn--", StringComparison.Ordinal) ? null : host.Split(':')[0].TrimEnd('.'));

        Assert.StartsWith("HTTP/1.1 200 ", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n" + body, answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("example.org", "example.org")]
    [InlineData("two.labels.example.com", "two.labels.example.com")]
    [InlineData("example.com", "www.example.com")]
    [InlineData("www.example.com", "example.com")]
    [InlineData("nobody.test", null)]
    public async Task A_host_that_is_not_served_on_this_connection_is_421(string host, string? serverName) =>
        Assert.StartsWith("HTTP/1.1 421 ", await AskAsync(host, serverName), StringComparison.Ordinal);

    [Theory]
    [InlineData("example.com", "200")]
    [InlineData("www.example.com", "421")]
    public async Task A_browser_that_uses_one_http2_connection_for_two_hosts_is_told(string authority, string status)
    {
        byte[] headers = [0x82, 0x87, 0x84, 0x01, (byte)authority.Length, .. Encoding.ASCII.GetBytes(authority)];
        byte[] settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
        byte[] request = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, .. settings, 0, 0, (byte)headers.Length, 1, 5, 0, 0, 0, 1, .. headers];
        await using SslStream stream = await _host.ConnectAsync("example.com", SslApplicationProtocol.Http2);
        await stream.WriteAsync(request);

        byte[] frame = new byte[9];
        byte[] payload;
        do
        {
            await stream.ReadExactlyAsync(frame);
            payload = new byte[(frame[0] << 16) | (frame[1] << 8) | frame[2]];
            await stream.ReadExactlyAsync(payload);
        }
        while (frame[3] != 1);

        // 200 has an entry in the static table of HPACK; others are written out.
        Assert.True(status == "200" ? payload.Contains((byte)0x88) : payload.AsSpan().IndexOf(Encoding.ASCII.GetBytes(status)) >= 0, Convert.ToHexString(payload));
    }

    [Fact]
    public async Task A_site_for_every_host_answers_whatever_the_connection_was_made_for_and_nothing_else()
    {
        await using SitesHost host = await SitesHost.StartAsync(new RespondRoute("/*", 200, "text/plain", "any"));

        foreach ((string asked, string serverName, string status) in new[] { ("any.test", "any.test", "200"), ("any.test", "other.test", "421") })
            Assert.StartsWith($"HTTP/1.1 {status} ", await host.SendRawAsync($"GET / HTTP/1.1\r\nHost: {asked}\r\nConnection: close\r\n\r\n", serverName), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_without_a_server_name_is_answered_by_host() =>
        Assert.EndsWith("\r\n\r\nexact", await AskAsync("example.com", null), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("under_score.example.com")]
    [InlineData("a b")]
    [InlineData("user@example.com")]
    [InlineData("xn--")]
    [InlineData("example..com")]
    [InlineData("[::1")]
    public async Task A_host_that_is_none_is_400(string host) => Assert.StartsWith("HTTP/1.1 400 ", await AskAsync(host, null), StringComparison.Ordinal);

    [Theory]
    [InlineData("TRACE", "/")]
    [InlineData("CONNECT", "example.com:443")]
    public async Task TRACE_and_CONNECT_are_405_and_told_what_is_allowed(string method, string target)
    {
        string answer = await _host.SendRawAsync($"{method} {target} HTTP/1.1\r\nHost: example.com:443\r\nConnection: close\r\n\r\n", "example.com");

        Assert.StartsWith("HTTP/1.1 405 ", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nAllow: GET, HEAD, POST", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/hello", "hello")]
    [InlineData("/a%20b", "with a space")]
    [InlineData("/api", "api")]
    [InlineData("/api/", "api")]
    [InlineData("/api/x/y", "api")]
    public async Task The_first_route_that_matches_answers(string path, string body)
    {
        using HttpClient client = _host.CreateClient(host: "paths.example.com");

        Assert.Equal(body, await client.GetStringAsync(path));
    }

    [Theory]
    [InlineData("/apis")]
    [InlineData("/hello/")]
    [InlineData("/HELLO")]
    [InlineData("/")]
    public async Task A_path_without_a_route_is_404(string path)
    {
        using HttpClient client = _host.CreateClient(host: "paths.example.com");
        using HttpResponseMessage answer = await client.FetchAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Theory]
    [InlineData("/old/x/y?q=1", 308, "/new/x/y?q=1")]
    [InlineData("/old/a%20b%3F", 308, "/new/a%20b%3F")]
    [InlineData("/old", 308, "/new/")]
    [InlineData("/away/x?q=1", 301, "https://other.example/x?from=here")]
    [InlineData("/jump/x?q=1", 302, "/page?q=1#part")]
    [InlineData("/root//evil.com/", 307, "/evil.com/")]
    [InlineData("/root/%5Cevil.com/", 307, "/%5Cevil.com/")]
    [InlineData("/root/%0D%0ASet-Cookie:a=b", 307, "/%0D%0ASet-Cookie:a=b")]
    public async Task A_redirect_puts_in_the_rest_and_keeps_the_query(string path, int status, string location)
    {
        using HttpClient client = _host.CreateClient(host: "paths.example.com");
        using HttpResponseMessage answer = await client.FetchAsync(path);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal(location, answer.Header("Location"));
    }

    [Fact]
    public async Task A_fixed_answer_is_sent_as_it_was_written()
    {
        using HttpClient client = _host.CreateClient(host: "paths.example.com");
        using HttpResponseMessage teapot = await client.FetchAsync("/teapot");
        using HttpResponseMessage head = await client.FetchAsync(HttpMethod.Head, "/hello");

        Assert.Equal(418, (int)teapot.StatusCode);
        Assert.Equal("brown", teapot.Header("X-Kind"));
        Assert.Equal("5", head.Header("Content-Length"));
        Assert.Equal("", await head.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8")]
    [InlineData("application/json", "application/problem+json")]
    [InlineData("application/problem+json", "application/problem+json")]
    [InlineData("*/*", "text/plain; charset=utf-8")]
    [InlineData(null, "text/plain; charset=utf-8")]
    public async Task Errors_come_in_the_form_the_client_can_read(string? accept, string type)
    {
        using HttpClient client = _host.CreateClient(host: "files.example.org");
        using HttpResponseMessage answer = await client.FetchAsync("/missing", accept is null ? [] : [$"Accept: {accept}"]);
        string body = await answer.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(type, answer.Header("Content-Type"));
        Assert.Equal("no-store", answer.Header("Cache-Control"));
        if (type.Contains("json", StringComparison.Ordinal))
            Assert.Equal(404, JsonDocument.Parse(body).RootElement.GetProperty("status").GetInt32());
        else if (type.Contains("html", StringComparison.Ordinal))
            Assert.StartsWith("<!doctype html>", body, StringComparison.Ordinal);
        else
            Assert.StartsWith("404 Not found\n", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("example.com", "max-age=300")]
    [InlineData("broken.example.com", "max-age=300")]
    [InlineData("127.0.0.1", null)]
    public async Task Strict_transport_security_is_in_every_answer_of_a_named_site(string host, string? value)
    {
        using HttpClient client = _host.CreateClient(host: host);
        using HttpResponseMessage answer = await client.FetchAsync("/");

        Assert.Equal(host == "broken.example.com" ? HttpStatusCode.InternalServerError : HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(value, answer.Header("Strict-Transport-Security"));
    }

    private Task<string> AskAsync(string host, string? serverName) =>
        _host.SendRawAsync($"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n", serverName);

    private static SiteSettings Site(string name, string body) => new(name, [new RespondRoute("/*", 200, "text/plain", body)]);
}
