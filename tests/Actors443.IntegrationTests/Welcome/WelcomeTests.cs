using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Actors443.Connections;
using Actors443.Server.Configuration;
using Actors443.Server.Sites.Welcome;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Welcome;

public sealed partial class WelcomeTests : IAsyncLifetime
{
    private RunningServer _server = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _server = await RunningServer.StartAsync();
        _client = _server.CreateClient(HttpVersion.Version20);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task The_default_configuration_shows_the_page_with_this_very_connection()
    {
        string page = await _client.GetStringAsync("/");

        ConnectionSnapshot connection = Assert.Single(await _server.ConnectionsAsync());
        Assert.Contains("An actor owns your connection.", page, StringComparison.Ordinal);
        Assert.Contains("connection " + connection.Id, page, StringComparison.Ordinal);
        Assert.Contains("TLS 1.3", page, StringComparison.Ordinal);
        Assert.Contains("HTTP/2", page, StringComparison.Ordinal);
        Assert.Contains("days left", page, StringComparison.Ordinal);
        Assert.DoesNotContain("{{", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<!--", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/welcome.css")]
    [InlineData("/?welcome.js")]
    [InlineData("/favicon.svg")]
    [InlineData("/status.json")]
    public async Task Every_part_forbids_what_it_does_not_need(string part)
    {
        using HttpResponseMessage answer = await _client.GetAsync(part);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none';", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("DENY", Assert.Single(answer.Headers.GetValues("X-Frame-Options")));
    }

    [Fact]
    public async Task The_page_needs_nothing_that_its_policy_forbids()
    {
        string page = await _client.GetStringAsync("/");

        Assert.DoesNotContain("style=", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<style", page, StringComparison.Ordinal);
        Assert.DoesNotContain(" onclick", page, StringComparison.Ordinal);
        Assert.DoesNotContain("://", page.Replace("http://127.0.0.1:8080", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.All(Reference().Matches(page), match => Assert.Equal(HttpStatusCode.OK, _client.GetAsync("/" + match.Groups["target"].Value).Result.StatusCode));
    }

    [Fact]
    public async Task Status_as_data_names_the_connection_and_the_server()
    {
        JsonElement status = await _client.GetFromJsonAsync<JsonElement>("/status.json");

        JsonElement connection = status.GetProperty("connection");
        Assert.Equal("1.3", connection.GetProperty("tlsVersion").GetString());
        Assert.Equal("HTTP/2", connection.GetProperty("protocol").GetString());
        Assert.Matches("^/user/actors443/listeners/https[^/]*/loop-[0-9]+/", connection.GetProperty("actor").GetString());
        Assert.Equal("handshakeCompleted", connection.GetProperty("events")[4].GetProperty("name").GetString());
        JsonElement server = status.GetProperty("server");
        Assert.Equal("running", server.GetProperty("phase").GetString());
        Assert.Equal("normal", server.GetProperty("mode").GetString());
        Assert.Equal(1, server.GetProperty("connections").GetInt32());
        Assert.Equal("local CA", server.GetProperty("certificates")[0].GetProperty("source").GetString());
    }

    [Theory]
    [InlineData("X-Forwarded-For", "192.0.2.1")]
    [InlineData("Forwarded", "for=192.0.2.1")]
    public async Task A_client_elsewhere_sees_its_own_connection_alone(string header, string value)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/status.json") { Version = HttpVersion.Version20 };
        request.Headers.Add(header, value);
        using HttpResponseMessage answer = await _client.SendAsync(request);
        JsonElement status = await answer.Content.ReadFromJsonAsync<JsonElement>();

        Assert.True(status.TryGetProperty("connection", out _));
        Assert.False(status.TryGetProperty("server", out _));
    }

    [Fact]
    public void The_page_for_a_client_elsewhere_says_nothing_of_the_server()
    {
        string page = WelcomePage.Render(new WelcomeStatus("1.2.3", null, null));

        Assert.Contains("on its own machine only", page, StringComparison.Ordinal);
        Assert.DoesNotContain("Certificates", page, StringComparison.Ordinal);
        Assert.DoesNotContain("{{", page, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_client_sent_is_shown_as_text()
    {
        string page = WelcomePage.Render(new WelcomeStatus("1.2.3", Connection(serverName: "<script>alert(1)</script>"), null));

        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_configurations_it_proposes_are_good()
    {
        string page = await _client.GetStringAsync("/");
        MatchCollection proposals = Proposal().Matches(page);
        Assert.Equal(3, proposals.Count);
        using var folder = new TemporaryFolder();

        foreach (Match proposal in proposals)
        {
            string file = Path.Combine(folder.Path, "site.conf");
            string text = WebUtility.HtmlDecode(proposal.Groups["text"].Value).Replace("/srv/www", folder.Path, StringComparison.Ordinal).Replace("/etc/certs", folder.Path, StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, text);
            Assert.NotNull(ServerSettingsLoader.Load([file], []).Settings);
        }
    }

    [Fact]
    public async Task An_unchanged_part_is_not_sent_again()
    {
        using HttpResponseMessage first = await _client.GetAsync("/welcome.css");
        using var again = new HttpRequestMessage(HttpMethod.Get, "/welcome.css") { Version = HttpVersion.Version20 };
        again.Headers.IfNoneMatch.Add(new EntityTagHeaderValue(first.Headers.ETag!.Tag));
        using HttpResponseMessage second = await _client.SendAsync(again);

        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Empty(await second.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task What_shows_the_clients_own_words_is_not_compressed()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Version = HttpVersion.Version20 };
        request.Headers.AcceptEncoding.ParseAdd("br, gzip");
        using HttpResponseMessage answer = await _client.SendAsync(request);

        Assert.Empty(answer.Content.Headers.ContentEncoding);
    }

    [Fact]
    public async Task Other_addresses_and_methods_are_refused()
    {
        using HttpResponseMessage missing = await _client.GetAsync("/wp-login.php");
        using HttpResponseMessage post = await _client.PostAsync("/", new StringContent("x"));
        using HttpResponseMessage head = await _client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/") { Version = HttpVersion.Version20 });

        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        Assert.Equal(["GET", "HEAD"], post.Content.Headers.Allow);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.True(head.Content.Headers.ContentLength > 1000);
    }

    private static ConnectionStatus Connection(string serverName) => new()
    {
        Id = "c1",
        Actor = "/user/actors443/c1",
        State = "open",
        Protocol = "HTTP/2",
        ServerName = serverName,
        Remote = "192.0.2.1:1234",
        AgeSeconds = 1,
        Requests = 1,
        BytesRead = 1,
        BytesWritten = 1,
        Events = [],
    };

    [GeneratedRegex("(?:href|src)=\"(?<target>[^\"]+)\"")]
    private static partial Regex Reference();

    [GeneratedRegex("<pre[^>]*>(?<text>.*?)</pre>", RegexOptions.Singleline)]
    private static partial Regex Proposal();
}
