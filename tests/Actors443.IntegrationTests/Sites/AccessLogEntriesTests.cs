using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Actors443.Server.AccessLogs;
using Actors443.Server.Configuration;
using Actors443.Server.Sites;
using Actors443.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Sites;

public sealed class AccessLogEntriesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string FilePath => Path.Combine(_folder.Path, "access.log");

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_request_is_noted_with_what_was_asked_and_answered(string version)
    {
        _folder.Write("www/page.txt", new string('x', 12_345));
        await using SitesHost host = await StartAsync(new AccessLogSettings { Format = AccessLogFormat.Json, Path = FilePath });
        using HttpClient client = host.CreateClient(Version.Parse(version));
        using HttpResponseMessage answer = await client.FetchAsync("/page.txt?page=2", "User-Agent: test \"1\"", "Referer: https://example.com/");

        JsonElement entry = Assert.Single(await EntriesAsync(host));
        Assert.Equal("GET", entry.GetProperty("method").GetString());
        Assert.Equal("https", entry.GetProperty("scheme").GetString());
        Assert.Equal($"localhost:{host.Port}", entry.GetProperty("host").GetString());
        Assert.Equal("/page.txt?page=2", entry.GetProperty("target").GetString());
        Assert.Equal(version == "2.0" ? "HTTP/2" : "HTTP/1.1", entry.GetProperty("protocol").GetString());
        Assert.Equal(200, entry.GetProperty("status").GetInt32());
        Assert.Equal(12_345, entry.GetProperty("bytes").GetInt64());
        Assert.Equal("127.0.0.1", entry.GetProperty("client").GetString());
        Assert.Equal("test \"1\"", entry.GetProperty("user_agent").GetString());
        Assert.Equal("https://example.com/", entry.GetProperty("referer").GetString());
    }

    [Theory]
    [InlineData("GET", "/page.txt", "Range: bytes=0-99", 206)]
    [InlineData("HEAD", "/page.txt", "Accept: */*", 200)]
    [InlineData("GET", "/missing", "Accept: */*", 404)]
    [InlineData("POST", "/page.txt", "Accept: */*", 405)]
    public async Task Bytes_are_those_of_the_body_that_was_sent(string method, string path, string header, int status)
    {
        _folder.Write("www/page.txt", new string('x', 12_345));
        await using SitesHost host = await StartAsync(new AccessLogSettings { Format = AccessLogFormat.Json, Path = FilePath });
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage answer = await client.FetchAsync(new HttpMethod(method), path, header);
        int received = (await answer.Content.ReadAsByteArrayAsync()).Length;

        JsonElement entry = Assert.Single(await EntriesAsync(host));
        Assert.Equal(status, entry.GetProperty("status").GetInt32());
        Assert.Equal(received, entry.GetProperty("bytes").GetInt64());
    }

    [Fact]
    public async Task What_was_compressed_counts_as_it_was_sent()
    {
        _folder.Write("www/page.txt", new string('x', 12_345));
        await using SitesHost host = await StartAsync(new AccessLogSettings { Format = AccessLogFormat.Json, Path = FilePath });
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage answer = await client.FetchAsync("/page.txt", "Accept-Encoding: gzip");
        int received = (await answer.Content.ReadAsByteArrayAsync()).Length;

        Assert.Equal(received, Assert.Single(await EntriesAsync(host)).GetProperty("bytes").GetInt64());
        Assert.InRange(received, 1, 1000);
    }

    [Fact]
    public async Task A_proxied_request_names_the_destination_that_answered()
    {
        await using Upstream upstream = await Upstream.StartAsync(context => context.Response.WriteAsync("answer"));
        await using SitesHost host = await SitesHost.StartAsync([new SiteSettings("*", [ProxyTests.Route(upstream)])], new AccessLogSettings { Format = AccessLogFormat.Json, Path = FilePath });
        using HttpClient client = host.CreateClient();
        await client.GetStringAsync("/");

        JsonElement entry = Assert.Single(await EntriesAsync(host));
        Assert.Equal(upstream.Address.ToString(), entry.GetProperty("upstream").GetString());
        Assert.Equal(6, entry.GetProperty("bytes").GetInt64());
    }

    [Fact]
    public async Task What_is_secret_is_not_noted_and_what_joins_it_to_traces_is()
    {
        using var traced = new ActivityListener { ShouldListenTo = source => source.Name == "Microsoft.AspNetCore", Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData };
        ActivitySource.AddActivityListener(traced);
        _folder.Write("www/page.txt", "x");
        await using SitesHost host = await StartAsync(new AccessLogSettings { Format = AccessLogFormat.Json, Path = FilePath, Headers = ["X-Request-Id", "Authorization", "Cookie", "X-Not-There"] });
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage answer = await client.FetchAsync(
            "/page.txt?page=2&%74oken=hidden", "Referer: https://example.com/?access_token=hidden", "Authorization: Bearer hidden", "Cookie: id=hidden", "X-Request-Id: 7");

        JsonElement entry = Assert.Single(await EntriesAsync(host));
        Assert.Equal("/page.txt?page=2&%74oken=…", entry.GetProperty("target").GetString());
        Assert.Equal("https://example.com/?access_token=…", entry.GetProperty("referer").GetString());
        Assert.Equal("""{"X-Request-Id":"7","Authorization":"\u2026","Cookie":"\u2026"}""", entry.GetProperty("headers").GetRawText());
        Assert.DoesNotContain("hidden", await File.ReadAllTextAsync(FilePath), StringComparison.Ordinal);
        Assert.Matches("^[0-9a-f]{32}$", entry.GetProperty("trace").GetString());
    }

    [Fact]
    public async Task Queries_can_be_left_out()
    {
        _folder.Write("www/page.txt", "x");
        await using SitesHost host = await StartAsync(new AccessLogSettings { Format = AccessLogFormat.Json, Path = FilePath, RedactQuery = true });
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage answer = await client.FetchAsync("/page.txt?token=secret", "Referer: https://example.com/login?token=secret");
        await EntriesAsync(host);

        Assert.DoesNotContain("secret", await File.ReadAllTextAsync(FilePath), StringComparison.Ordinal);
    }

    [SkippableFact]
    public async Task A_full_disk_for_the_log_is_nothing_to_a_request()
    {
        Skip.IfNot(File.Exists("/dev/full"), "There is no /dev/full on this system.");
        _folder.Write("www/page.txt", "x");
        await using SitesHost host = await StartAsync(new AccessLogSettings { Format = AccessLogFormat.Json, Path = "/dev/full" });
        using HttpClient client = host.CreateClient(HttpVersion.Version20);

        string[] answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => client.GetStringAsync("/page.txt")));

        Assert.All(answers, answer => Assert.Equal("x", answer));
    }

    public void Dispose() => _folder.Dispose();

    private Task<SitesHost> StartAsync(AccessLogSettings log) => SitesHost.StartAsync([new SiteSettings("*", [new FilesRoute("/*", Path.Combine(_folder.Path, "www"))])], log);

    private async Task<IReadOnlyList<JsonElement>> EntriesAsync(SitesHost host)
    {
        // The answer is there a moment before the entry.
        await Eventually.HoldsAsync(() => File.Exists(FilePath) && new FileInfo(FilePath).Length > 0, "the request is noted");
        await host.Services.GetRequiredService<AccessLog>().DisposeAsync();
        return [.. File.ReadLines(FilePath).Select(line => JsonDocument.Parse(line).RootElement)];
    }
}
