using System.IO.Compression;
using System.Net;
using System.Text;
using Actors443.Server.Sites;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Sites;

public sealed class PrecompressedFilesTests : IAsyncLifetime, IDisposable
{
    private readonly TemporaryFolder _www = new();
    private SitesHost _host = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _www.Write("app.js", "the plain file");
        _www.Write("app.js.br", "as brotli");
        _www.Write("app.js.zst", "as zstandard");
        _www.Write("app.js.gz", "as gzip!");
        _www.Write("only.css.gz", "nothing to compress");
        _www.Write("index.html", "<p>plain</p>");
        _www.Write("index.html.gz", "index as gzip");
        _host = await SitesHost.StartAsync(new FilesRoute("/*", _www.Path));
        _client = _host.CreateClient();
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _host.DisposeAsync();
    }

    public void Dispose() => _www.Dispose();

    [Theory]
    [InlineData("gzip, deflate, br, zstd", "br")]
    [InlineData("gzip, zstd", "zstd")]
    [InlineData("gzip", "gzip")]
    [InlineData("GZIP", "gzip")]
    [InlineData("br;q=0.5, gzip;q=0.8", "gzip")]
    [InlineData("br;q=0, gzip", "gzip")]
    [InlineData("*", "br")]
    [InlineData("*;q=0.5, br;q=0", "zstd")]
    [InlineData("identity, br", "br")]
    [InlineData("identity;q=1, br;q=0.5", null)]
    [InlineData("br;q=0, zstd;q=0, gzip;q=0", null)]
    [InlineData("deflate", null)]
    [InlineData("", null)]
    [InlineData("br;q=nonsense;;,,", null)]
    public async Task The_client_gets_what_it_weighs_highest(string accepted, string? coding)
    {
        string[] headers = accepted.Length == 0 ? [] : [$"Accept-Encoding: {accepted}"];

        using HttpResponseMessage answer = await _client.FetchAsync("/app.js", headers);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(coding, answer.Header("Content-Encoding"));
        Assert.Equal(coding switch { "br" => "as brotli", "zstd" => "as zstandard", "gzip" => "as gzip!", _ => "the plain file" }, await answer.Content.ReadAsStringAsync());
        Assert.Equal("text/javascript", answer.Header("Content-Type"));
        Assert.Contains("Accept-Encoding", answer.Header("Vary"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Each_variant_has_a_tag_of_its_own_and_is_known_by_it()
    {
        var tags = new HashSet<string>();
        foreach (string coding in new[] { "br", "zstd", "gzip", "identity" })
        {
            using HttpResponseMessage answer = await _client.FetchAsync("/app.js", $"Accept-Encoding: {coding}");
            string tag = answer.Header("ETag")!;
            Assert.True(tags.Add(tag), $"{coding} has the tag of another");
            using HttpResponseMessage again = await _client.FetchAsync("/app.js", $"Accept-Encoding: {coding}", $"If-None-Match: {tag}");
            Assert.Equal(HttpStatusCode.NotModified, again.StatusCode);
            Assert.Contains("Accept-Encoding", again.Header("Vary"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_range_is_of_the_variant()
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/app.js", "Accept-Encoding: br", "Range: bytes=3-5");

        Assert.Equal(HttpStatusCode.PartialContent, answer.StatusCode);
        Assert.Equal("br", answer.Header("Content-Encoding"));
        Assert.Equal("bro", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_compressed_file_alone_is_no_file()
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/only.css", "Accept-Encoding: gzip");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    [Fact]
    public async Task An_index_has_its_variants_too()
    {
        using HttpResponseMessage answer = await _client.FetchAsync("/", "Accept-Encoding: gzip");

        Assert.Equal("index as gzip", await answer.Content.ReadAsStringAsync());
        Assert.Equal("text/html; charset=utf-8", answer.Header("Content-Type"));
    }

    [Fact]
    public async Task A_file_without_variants_does_not_vary_unless_it_is_compressed()
    {
        _www.Write("picture.png", new string('x', 10_000));

        using HttpResponseMessage answer = await _client.FetchAsync("/picture.png", "Accept-Encoding: br, gzip");

        Assert.Null(answer.Header("Content-Encoding"));
        Assert.Null(answer.Header("Vary"));
    }

    [Fact]
    public async Task What_a_real_compressor_wrote_unpacks_to_the_file()
    {
        string text = string.Concat(Enumerable.Repeat("some text that repeats. ", 500));
        _www.Write("real.txt", text);
        using (var packed = new MemoryStream())
        {
            await using (var brotli = new BrotliStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
                await brotli.WriteAsync(Encoding.UTF8.GetBytes(text));
            await File.WriteAllBytesAsync(Path.Combine(_www.Path, "real.txt.br"), packed.ToArray());
        }

        using HttpResponseMessage answer = await _client.FetchAsync("/real.txt", "Accept-Encoding: br");
        await using var unpacked = new BrotliStream(await answer.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var reader = new StreamReader(unpacked);

        Assert.Equal(text, await reader.ReadToEndAsync());
    }
}
