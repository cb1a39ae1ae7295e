using System.Net;
using System.Security.Cryptography;
using Actors443.Server.Sites;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Sites;

public sealed class StaticFilesTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private SitesHost _host = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        Write("index.html", "<p>Home</p>");
        Write("page.txt", "0123456789");
        Write("docs/index.html", "<p>Docs</p>");
        Write("empty/readme.txt", "no index here");
        Write("404.html", "<p>Lost</p>");
        Write("a b+c ü%.txt", "odd name");
        Write(".env", "SECRET=1");
        Write(".git/config", "secret");
        Write("docs/.hidden/file.txt", "secret");
        Write(".well-known/security.txt", "Contact: mailto:a@example.com");
        Write(".well-known/.secret", "secret");
        Write("data.unknowntype", "bytes");
        _host = await SitesHost.StartAsync(new FilesRoute("/*", Root) { CacheControl = "public, max-age=60" });
        _client = _host.CreateClient();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_file_has_its_type_length_tag_date_and_cache_control(string version)
    {
        using HttpClient client = _host.CreateClient(Version.Parse(version));
        using HttpResponseMessage answer = await client.FetchAsync("/page.txt");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("0123456789", await answer.Content.ReadAsStringAsync());
        Assert.Equal("text/plain; charset=utf-8", answer.Header("Content-Type"));
        Assert.Equal("10", answer.Header("Content-Length"));
        Assert.Equal("bytes", answer.Header("Accept-Ranges"));
        Assert.Equal("public, max-age=60", answer.Header("Cache-Control"));
        Assert.Matches("^\"[^\"]+\"$", answer.Header("ETag"));
        Assert.NotNull(answer.Content.Headers.LastModified);
    }

    [Theory]
    [InlineData("1.1", 1)]
    [InlineData("2.0", 1)]
    [InlineData("1.1", 16_384)]
    [InlineData("1.1", 9_000_001)]
    [InlineData("2.0", 9_000_001)]
    public async Task A_file_arrives_whole_and_in_any_part(string version, int length)
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(length);
        File.WriteAllBytes(Path.Combine(Root, "large.bin"), bytes);
        using HttpClient client = _host.CreateClient(Version.Parse(version));

        Assert.Equal(bytes, await client.GetByteArrayAsync("/large.bin"));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/large.bin") { Version = Version.Parse(version) };
        request.Headers.Range = new System.Net.Http.Headers.RangeHeaderValue(length / 3, length - 1);
        using HttpResponseMessage part = await client.SendAsync(request);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal(bytes[(length / 3)..], await part.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_file_that_becomes_shorter_while_it_is_sent_never_looks_whole(string version)
    {
        string path = Path.Combine(Root, "shrinking.bin");
        File.WriteAllBytes(path, new byte[64 * 1024 * 1024]);
        using HttpClient client = _host.CreateClient(Version.Parse(version));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/shrinking.bin") { Version = Version.Parse(version) };
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(64 * 1024 * 1024, answer.Content.Headers.ContentLength);
        await using (FileStream file = File.Open(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(1);

        await Assert.ThrowsAnyAsync<Exception>(() => answer.Content.ReadAsByteArrayAsync());
        // And the server goes on.
        Assert.Equal("0123456789", await client.GetStringAsync("/page.txt"));
    }

    [Fact]
    public async Task A_client_that_has_the_file_gets_304_without_a_body()
    {
        using HttpResponseMessage first = await _client.FetchAsync("/page.txt");
        string tag = first.Header("ETag")!;
        string date = first.Header("Last-Modified")!;

        foreach (string condition in new[] { $"If-None-Match: {tag}", $"If-None-Match: \"other\", {tag}", $"If-None-Match: W/{tag}", "If-None-Match: *", $"If-Modified-Since: {date}" })
        {
            using HttpResponseMessage again = await _client.FetchAsync("/page.txt", condition);
            Assert.True(again.StatusCode == HttpStatusCode.NotModified, $"{condition}: {again.StatusCode}");
            Assert.Equal("", await again.Content.ReadAsStringAsync());
            Assert.EndsWith(tag, again.Header("ETag"), StringComparison.Ordinal);
            Assert.Equal("public, max-age=60", again.Header("Cache-Control"));
        }

        foreach (string condition in new[] { "If-None-Match: \"other\"", "If-Modified-Since: Thu, 01 Jan 1998 00:00:00 GMT" })
        {
            using HttpResponseMessage again = await _client.FetchAsync("/page.txt", condition);
            Assert.True(again.StatusCode == HttpStatusCode.OK, $"{condition}: {again.StatusCode}");
        }
    }

    [Fact]
    public async Task A_changed_file_has_another_tag()
    {
        using HttpResponseMessage first = await _client.FetchAsync("/page.txt");
        Write("page.txt", "0123456789 and more");

        using HttpResponseMessage again = await _client.FetchAsync("/page.txt", $"If-None-Match: {first.Header("ETag")}");

        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal("0123456789 and more", await again.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_write_on_a_condition_that_does_not_hold_is_412()
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/page.txt", "If-Match: \"other\"");

        Assert.Equal(HttpStatusCode.PreconditionFailed, answer.StatusCode);
    }

    [Theory]
    [InlineData("bytes=0-3", "0123", "bytes 0-3/10")]
    [InlineData("bytes=4-", "456789", "bytes 4-9/10")]
    [InlineData("bytes=-3", "789", "bytes 7-9/10")]
    [InlineData("bytes=8-100", "89", "bytes 8-9/10")]
    [InlineData("bytes=-100", "0123456789", "bytes 0-9/10")]
    public async Task A_range_is_answered_with_that_part(string range, string part, string contentRange)
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/page.txt", $"Range: {range}");

        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        Assert.Equal(part, await answer.Content.ReadAsStringAsync());
        Assert.Equal(contentRange, answer.Header("Content-Range"));
    }

    [Theory]
    [InlineData("bytes=10-")]
    [InlineData("bytes=50-60")]
    [InlineData("bytes=-0")]
    public async Task A_range_beyond_the_file_is_416_and_says_how_long_it_is(string range)
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/page.txt", $"Range: {range}");

        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, answer.StatusCode);
        Assert.Equal("bytes */10", answer.Header("Content-Range"));
    }

    [Theory]
    [InlineData("bytes=5-2")]
    [InlineData("chapters=1-2")]
    [InlineData("bytes=a-b")]
    [InlineData("bytes=0-1,4-5")]
    public async Task A_range_that_is_not_understood_gets_the_whole_file(string range)
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/page.txt", $"Range: {range}");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("0123456789", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_range_of_a_file_that_has_changed_since_gets_the_whole_file()
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/page.txt", "Range: bytes=0-3", "If-Range: \"other\"");

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("/page.txt", HttpStatusCode.OK)]
    [InlineData("/missing", HttpStatusCode.NotFound)]
    [InlineData("/docs", HttpStatusCode.PermanentRedirect)]
    public async Task HEAD_has_the_headers_of_GET_and_no_body(string path, HttpStatusCode status)
    {
        using HttpResponseMessage get = await _client.FetchAsync(path);
        using HttpResponseMessage head = await _client.FetchAsync(HttpMethod.Head, path);

        Assert.Equal(status, head.StatusCode);
        Assert.Equal("", await head.Content.ReadAsStringAsync());
        if (head.Header("Content-Length") is { } length)
            Assert.Equal(get.Header("Content-Length"), length);
        foreach (string name in new[] { "Content-Type", "ETag", "Last-Modified", "Cache-Control", "Location", "Vary" })
            Assert.Equal(get.Header(name), head.Header(name));
    }

    [Fact]
    public async Task A_folder_answers_with_its_index()
    {
        Assert.Equal("<p>Home</p>", await _client.GetStringAsync("/"));
        Assert.Equal("<p>Docs</p>", await _client.GetStringAsync("/docs/"));
        using HttpResponseMessage without = await _client.FetchAsync("/empty/");
        Assert.Equal(HttpStatusCode.NotFound, without.StatusCode);
    }

    [Theory]
    [InlineData("/docs?a=b&c=%20d", "/docs/?a=b&c=%20d")]
    [InlineData("/docs", "/docs/")]
    [InlineData("//docs", "/docs/")]
    [InlineData("/%64ocs", "/docs/")]
    public async Task A_folder_without_its_slash_is_redirected_within_this_host(string path, string location)
    {
        using HttpResponseMessage answer = await _client.FetchAsync(path);

        Assert.Equal(HttpStatusCode.PermanentRedirect, answer.StatusCode);
        Assert.Equal(location, answer.Header("Location"));
    }

    [Fact]
    public async Task What_is_not_there_gets_the_404_page_of_the_site()
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/missing");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("<p>Lost</p>", await answer.Content.ReadAsStringAsync());
        Assert.Equal("text/html; charset=utf-8", answer.Header("Content-Type"));
        Assert.Equal("no-cache", answer.Header("Cache-Control"));
    }

    [Theory]
    [InlineData("/a%20b%2Bc%20%C3%BC%25.txt")]
    [InlineData("/a%20b+c%20%c3%bc%25.txt")]
    public async Task Names_are_decoded_once(string path) => Assert.Equal("odd name", await _client.GetStringAsync(path));

    [Theory]
    [InlineData("/.env")]
    [InlineData("/%2eenv")]
    [InlineData("/.git/config")]
    [InlineData("/.git")]
    [InlineData("/.git/")]
    [InlineData("//.git/config")]
    [InlineData("/docs/.hidden/file.txt")]
    [InlineData("/.well-known/.secret")]
    [InlineData("/.well-known/../.env")]
    public async Task Names_that_begin_with_a_dot_are_not_there(string path)
    {
        using HttpResponseMessage answer = await _client.FetchAsync(path);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.DoesNotContain("secret", await answer.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Well_known_addresses_are_served() => Assert.StartsWith("Contact:", await _client.GetStringAsync("/.well-known/security.txt"), StringComparison.Ordinal);

    [Theory]
    [InlineData("/../secret.txt")]
    [InlineData("/docs/../../secret.txt")]
    [InlineData("/%2e%2e/secret.txt")]
    [InlineData("/%2e%2e%2fsecret.txt")]
    [InlineData("/..%2fsecret.txt")]
    [InlineData("/..%252fsecret.txt")]
    [InlineData("/..%5csecret.txt")]
    [InlineData("/..\\secret.txt")]
    [InlineData("/docs/..%2f..%2fsecret.txt")]
    [InlineData("/%c0%ae%c0%ae/secret.txt")]
    [InlineData("/....//secret.txt")]
    [InlineData("//etc/passwd")]
    [InlineData("/page.txt%00.html")]
    public async Task Nothing_outside_the_folder_can_be_reached(string path)
    {
        _folder.Write("secret.txt", "outside");

        string answer = await _host.SendRawAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        Assert.Matches("^HTTP/1.1 (400|404) ", answer);
        Assert.DoesNotContain("outside", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("root:", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Symbolic_links_are_followed_with_the_length_of_their_target()
    {
        using var elsewhere = new TemporaryFolder();
        File.CreateSymbolicLink(Path.Combine(Root, "link.txt"), elsewhere.Write("target.txt", "what the link stands for"));
        Directory.CreateSymbolicLink(Path.Combine(Root, "linked"), elsewhere.Path);

        using HttpResponseMessage file = await _client.FetchAsync("/link.txt");

        Assert.Equal("what the link stands for", await file.Content.ReadAsStringAsync());
        Assert.Equal("24", file.Header("Content-Length"));
        Assert.Equal("what the link stands for", await _client.GetStringAsync("/linked/target.txt"));
    }

    [Fact]
    public async Task A_link_that_is_turned_to_another_file_has_another_tag()
    {
        using var elsewhere = new TemporaryFolder();
        string link = Path.Combine(Root, "current.txt");
        string former = elsewhere.Write("1/same.txt", "release 1");
        string latter = elsewhere.Write("2/same.txt", "release 2");
        File.SetLastWriteTimeUtc(former, DateTime.UtcNow.AddDays(-1));
        File.CreateSymbolicLink(link, former);
        using HttpResponseMessage first = await _client.FetchAsync("/current.txt");
        File.Delete(link);
        File.CreateSymbolicLink(link, latter);

        using HttpResponseMessage again = await _client.FetchAsync("/current.txt", $"If-None-Match: {first.Header("ETag")}");

        Assert.Equal("release 2", await again.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_link_to_nothing_is_404()
    {
        File.CreateSymbolicLink(Path.Combine(Root, "dead.txt"), "/nowhere/at/all");

        File.CreateSymbolicLink(Path.Combine(Root, "circle.txt"), Path.Combine(Root, "circle.txt"));

        foreach (string path in new[] { "/dead.txt", "/circle.txt" })
        {
            using HttpResponseMessage answer = await _client.FetchAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }
    }

    [SkippableFact]
    public async Task A_file_the_server_may_not_read_is_403()
    {
        Skip.If(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "Root may read everything.");
        Write("private.txt", "secret");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(Path.Combine(Root, "private.txt"), UnixFileMode.None);

        using HttpResponseMessage answer = await _client.FetchAsync("/private.txt");

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Null(answer.Header("ETag"));
    }

    [Fact]
    public async Task An_unknown_type_is_sent_as_bytes()
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/data.unknowntype");

        Assert.Equal("application/octet-stream", answer.Header("Content-Type"));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    [InlineData("PROPFIND")]
    public async Task Other_methods_are_405_and_told_what_is_allowed(string method)
    {
        using HttpResponseMessage answer = await _client.FetchAsync(new HttpMethod(method), "/page.txt");

        Assert.Equal(HttpStatusCode.MethodNotAllowed, answer.StatusCode);
        Assert.Equal("GET, HEAD", answer.Header("Allow"));
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_file_deleted_while_it_is_sent_arrives_whole(string version)
    {
        (string path, byte[] hash) = WriteLarge("large.bin", 24);
        using HttpClient client = _host.CreateClient(Version.Parse(version));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/large.bin") { Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[64 * 1024];
        sha.AppendData(buffer, 0, await body.ReadAsync(buffer));

        File.Delete(path);
        for (int read; (read = await body.ReadAsync(buffer)) > 0;)
            sha.AppendData(buffer, 0, read);

        Assert.Equal(hash, sha.GetHashAndReset());
        using HttpResponseMessage gone = await client.FetchAsync("/large.bin");
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_file_cut_while_it_is_sent_never_looks_whole(string version)
    {
        (string path, _) = WriteLarge("large.bin", 24);
        using HttpClient client = _host.CreateClient(Version.Parse(version));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/large.bin") { Version = client.DefaultRequestVersion, VersionPolicy = client.DefaultVersionPolicy };
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using Stream body = await answer.Content.ReadAsStreamAsync();
        await body.ReadExactlyAsync(new byte[1024]);

        await using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
            file.SetLength(1024 * 1024);

        await Assert.ThrowsAnyAsync<Exception>(() => body.CopyToAsync(Stream.Null));
    }

    private string Root => Path.Combine(_folder.Path, "www");

    private void Write(string name, string content) => _folder.Write("www/" + name, content);

    private (string Path, byte[] Hash) WriteLarge(string name, int mebibytes)
    {
        string path = Path.Combine(Root, name);
        byte[] content = RandomNumberGenerator.GetBytes(mebibytes * 1024 * 1024);
        File.WriteAllBytes(path, content);
        return (path, SHA256.HashData(content));
    }
}
