using System.IO.Compression;
using System.Net;
using Actors443.Server.Sites;
using Actors443.Testing;
using Microsoft.AspNetCore.Http;

namespace Actors443.IntegrationTests.Sites;

public sealed class CompressionTests : IAsyncLifetime, IDisposable
{
    private static readonly string Text = string.Concat(Enumerable.Range(0, 500).Select(i => $"line {i}\n"));

    private readonly TemporaryFolder _www = new();
    private Upstream _upstream = null!;
    private SitesHost _host = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _www.Write("page.html", Text);
        _www.Write("drawing.svg", Text);
        _www.Write("photo.jpg", Text);
        _www.Write("data.bin", Text);
        _www.Write("short.txt", "short");
        _upstream = await Upstream.StartAsync(AnswerAsync);
        _host = await SitesHost.StartAsync(
        [
            new SiteSettings("*", [new ProxyRoute("/up/*", [_upstream.Address]), new FilesRoute("/*", _www.Path)]),
            new SiteSettings("plain.example.com", [new FilesRoute("/*", _www.Path)]) { Compression = false },
        ]);
        _client = _host.CreateClient();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    public void Dispose() => _www.Dispose();

    [Theory]
    [InlineData("/page.html", "br")]
    [InlineData("/page.html", "gzip")]
    [InlineData("/drawing.svg", "gzip")]
    [InlineData("/up/text", "br")]
    [InlineData("/up/json", "gzip")]
    public async Task Text_is_compressed_and_unpacks_to_what_it_was(string path, string coding)
    {
        using HttpResponseMessage answer = await _client.FetchAsync(path, $"Accept-Encoding: {coding}");
        byte[] packed = await answer.Content.ReadAsByteArrayAsync();

        Assert.Equal(coding, answer.Header("Content-Encoding"));
        Assert.Contains("Accept-Encoding", answer.Header("Vary"), StringComparison.Ordinal);
        Assert.True(packed.Length < Text.Length / 2);
        await using Stream unpacked = coding == "br" ? new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress) : new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
        Assert.Equal(Text, await new StreamReader(unpacked).ReadToEndAsync());
    }

    [Theory]
    [InlineData("/photo.jpg", "Accept: */*")]
    [InlineData("/data.bin", "Accept: */*")]
    [InlineData("/short.txt", "Accept: */*")]
    [InlineData("/page.html", "Cookie: session=secret")]
    [InlineData("/page.html", "Authorization: Basic c2VjcmV0")]
    [InlineData("/page.html", "Range: bytes=0-999")]
    [InlineData("/up/cookie", "Accept: */*")]
    [InlineData("/up/no-transform", "Accept: */*")]
    [InlineData("/up/events", "Accept: */*")]
    public async Task What_gains_nothing_or_may_hold_a_secret_is_left_as_it_is(string path, string header)
    {
        using HttpResponseMessage answer = await _client.FetchAsync(path, "Accept-Encoding: br, gzip", header);

        Assert.True(answer.IsSuccessStatusCode);
        Assert.Null(answer.Header("Content-Encoding"));
    }

    [Fact]
    public async Task What_the_upstream_has_compressed_is_passed_on()
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/up/packed", "Accept-Encoding: br, gzip");

        Assert.Equal("gzip", answer.Header("Content-Encoding"));
        await using var unpacked = new GZipStream(await answer.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        Assert.Equal(Text, await new StreamReader(unpacked).ReadToEndAsync());
    }

    [Fact]
    public async Task A_client_that_asks_for_none_gets_none()
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/page.html");

        Assert.Null(answer.Header("Content-Encoding"));
        Assert.Equal(Text, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_site_can_do_without()
    {
        using HttpClient client = _host.CreateClient(host: "plain.example.com");
        using HttpResponseMessage answer = await client.FetchAsync("/page.html", "Accept-Encoding: br, gzip");

        Assert.Null(answer.Header("Content-Encoding"));
    }

    [Fact]
    public async Task A_compressed_answer_has_a_weak_tag_by_which_it_is_known_again()
    {
        using HttpResponseMessage plain = await _client.FetchAsync("/page.html");
        using HttpResponseMessage packed = await _client.FetchAsync("/page.html", "Accept-Encoding: br");
        Assert.Equal("W/" + plain.Header("ETag"), packed.Header("ETag"));

        using HttpResponseMessage again = await _client.FetchAsync("/page.html", "Accept-Encoding: br", $"If-None-Match: {packed.Header("ETag")}");

        Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
        Assert.Equal(packed.Header("ETag"), again.Header("ETag"));
    }

    [Theory]
    [InlineData("/page.html", "br")]
    [InlineData("/photo.jpg", "br")]
    [InlineData("/short.txt", "br")]
    [InlineData("/page.html", "identity")]
    public async Task HEAD_says_what_GET_would(string path, string coding)
    {
        using HttpResponseMessage get = await _client.FetchAsync(path, $"Accept-Encoding: {coding}");
        using HttpResponseMessage head = await _client.FetchAsync(HttpMethod.Head, path, $"Accept-Encoding: {coding}");

        foreach (string name in new[] { "Content-Encoding", "Content-Length", "ETag", "Vary", "Content-Type" })
            Assert.Equal(get.Header(name), head.Header(name));
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        HttpResponse response = context.Response;
        response.ContentType = "text/plain";
        switch (context.Request.Path.Value)
        {
            case "/up/json":
                response.ContentType = "application/json; charset=utf-8";
                break;
            case "/up/cookie":
                response.Headers.SetCookie = "session=secret";
                break;
            case "/up/no-transform":
                response.Headers.CacheControl = "public, no-transform";
                break;
            case "/up/events":
                response.ContentType = "text/event-stream";
                break;
            case "/up/packed":
                response.Headers.ContentEncoding = "gzip";
                await using (var packed = new GZipStream(response.Body, CompressionLevel.Fastest))
                    await packed.WriteAsync(System.Text.Encoding.ASCII.GetBytes(Text));
                return;
        }

        await response.WriteAsync(Text);
    }
}
