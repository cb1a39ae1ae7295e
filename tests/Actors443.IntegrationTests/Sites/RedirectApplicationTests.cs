using System.Net;
using System.Net.Sockets;
using System.Text;
using Actors443.Acme.Challenges;
using Actors443.Acme.Protocol;
using Actors443.Listening;
using Actors443.Telemetry;
using Actors443.Testing;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Actors443.IntegrationTests.Sites;

public sealed class RedirectApplicationTests : IAsyncLifetime, IDisposable
{
    private readonly KestrelServer _server = Server();
    private readonly HttpChallengeTable _challenges = new(new AcmeMetrics(TestMeters.Factory));
    private int _httpsPort = 443;

    public Task InitializeAsync() => _server.StartAsync(new RedirectApplication(() => _httpsPort, _challenges), CancellationToken.None);

    public Task DisposeAsync() => _server.StopAsync(CancellationToken.None);

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData("/", "example.com", "https://example.com/")]
    [InlineData("/a%20b/%2F%2e%2e/c?d=%26&e=/f?g#", "example.com", null)]
    [InlineData("/a%20b/%2F%2e%2e/c?d=%26&e=/f?g", "example.com", "https://example.com/a%20b/%2F%2e%2e/c?d=%26&e=/f?g")]
    [InlineData("//evil.com/", "example.com", "https://example.com//evil.com/")]
    [InlineData("/../x/./y", "example.com", "https://example.com/../x/./y")]
    [InlineData("/", "Example.COM:80", "https://example.com/")]
    [InlineData("/", "example.com:8080", "https://example.com/")]
    [InlineData("/", "xn--mnchen-3ya.de", "https://xn--mnchen-3ya.de/")]
    [InlineData("/", "127.0.0.1:80", "https://127.0.0.1/")]
    [InlineData("/x", "[::1]:80", "https://[::1]/x")]
    [InlineData("http://example.com/a?b", "example.com", "https://example.com/a?b")]
    [InlineData("http://example.com?b", "example.com", "https://example.com/?b")]
    [InlineData("http://example.com", "example.com", "https://example.com/")]
    public async Task The_client_is_sent_to_the_same_place_over_https(string target, string host, string? location)
    {
        Answer answer = await AskAsync("GET", target, host);

        Assert.Equal(location is null ? 400 : 308, answer.Status);
        Assert.Equal(location, answer.Header("Location"));
        Assert.Null(answer.Header("Strict-Transport-Security"));
    }

    [Fact]
    public async Task Another_port_than_443_is_named()
    {
        _httpsPort = 8443;

        Assert.Equal("https://example.com:8443/a", (await AskAsync("GET", "/a", "example.com:8080")).Header("Location"));
        Assert.Equal("https://[::1]:8443/a", (await AskAsync("GET", "/a", "[::1]:8080")).Header("Location"));
    }

    [Theory]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("OPTIONS")]
    public async Task Every_method_keeps_being_that_method(string method) => Assert.Equal(308, (await AskAsync(method, "/form", "example.com")).Status);

    [Fact]
    public async Task HEAD_gets_the_headers_alone()
    {
        Answer get = await AskAsync("GET", "/a", "example.com");
        Answer head = await AskAsync("HEAD", "/a", "example.com");

        Assert.NotEqual("", get.Body);
        Assert.Equal("", head.Body);
        Assert.Equal(get.Header("Location"), head.Header("Location"));
        Assert.Equal(get.Header("Content-Length"), head.Header("Content-Length"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("example com")]
    [InlineData("user@example.com")]
    [InlineData("example.com/path")]
    [InlineData("example.com\\evil.com")]
    [InlineData("example.com,evil.com")]
    [InlineData("under_score.com")]
    [InlineData("example..com")]
    [InlineData("-example.com")]
    [InlineData("example.com:0")]
    [InlineData("example.com:65536")]
    [InlineData("example.com:80:80")]
    [InlineData("example.com:+80")]
    [InlineData("::1")]
    [InlineData("[::1")]
    [InlineData("[fe80::1%25eth0]")]
    [InlineData("[::1]evil.com")]
    [InlineData("xn--")]
    [InlineData("ex\rample.com")]
    [InlineData("m\u00fcnchen.de")]
    [InlineData("example.com\r\nHost: evil.com")]
    public async Task Who_names_no_host_is_sent_nowhere(string host)
    {
        Answer answer = await AskAsync("GET", "/", host);

        Assert.Equal(400, answer.Status);
        Assert.Null(answer.Header("Location"));
    }

    [Fact]
    public async Task A_name_longer_than_the_dns_has_them_is_refused() => Assert.Equal(400, (await AskAsync("GET", "/", new string('a', 300) + ".com")).Status);

    [Theory]
    [InlineData("OPTIONS", "*")]
    [InlineData("CONNECT", "example.com:443")]
    [InlineData("GET", "http://evil.com/")]
    [InlineData("GET", "ftp://example.com/")]
    [InlineData("GET", "a/b")]
    [InlineData("GET", "/a b")]
    [InlineData("GET", "/\u00fc")]
    public async Task Targets_that_are_no_path_are_refused(string method, string target)
    {
        Answer answer = await AskAsync(method, target, "example.com");

        Assert.Equal(400, answer.Status);
        Assert.Null(answer.Header("Location"));
    }

    [Fact]
    public async Task HTTP_1_0_without_a_host_is_refused()
    {
        Assert.Equal(400, (await SendAsync("GET / HTTP/1.0\r\n\r\n")).Status);
        Assert.Equal(400, (await SendAsync("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).Status);
    }

    [Fact]
    public async Task Before_ACME_is_in_use_the_well_known_folder_is_redirected_like_all_else()
    {
        Assert.Equal(308, (await AskAsync("GET", "/.well-known/acme-challenge/token", "example.com")).Status);
        _challenges.Claim();
        Assert.Equal(404, (await AskAsync("GET", "/.well-known/acme-challenge/token", "example.com")).Status);
    }

    [Theory]
    [InlineData("GET", "token", "example.com", 200)]
    [InlineData("GET", "token", "EXAMPLE.com:80", 200)]
    [InlineData("HEAD", "token", "example.com", 200)]
    [InlineData("GET", "token", "other.com", 404)]
    [InlineData("GET", "token", "www.example.com", 404)]
    [InlineData("GET", "TOKEN", "example.com", 404)]
    [InlineData("GET", "token/", "example.com", 404)]
    [InlineData("GET", "token?x=1", "example.com", 404)]
    [InlineData("GET", "", "example.com", 404)]
    [InlineData("GET", "../../token", "example.com", 404)]
    [InlineData("POST", "token", "example.com", 405)]
    [InlineData("GET", "v4", "192.0.2.1", 200)]
    [InlineData("GET", "v4", "example.com", 404)]
    [InlineData("GET", "v6", "[2001:db8:0::1]", 200)]
    public async Task A_challenge_is_answered_for_its_token_and_host_alone(string method, string token, string host, int status)
    {
        _challenges.Publish(AcmeIdentifier.Parse("example.com"), "token", "token.thumbprint");
        _challenges.Publish(AcmeIdentifier.Parse("192.0.2.1"), "v4", "token.thumbprint");
        _challenges.Publish(AcmeIdentifier.Parse("2001:db8::1"), "v6", "token.thumbprint");

        Answer answer = await AskAsync(method, "/.well-known/acme-challenge/" + token, host);

        Assert.Equal(status, answer.Status);
        Assert.Null(answer.Header("Location"));
        Assert.Equal(status == 200 && method == "GET", answer.Body == "token.thumbprint");
        Assert.Equal(status == 200 ? 1 : 0, _challenges.TimesGiven("token") + _challenges.TimesGiven("v4") + _challenges.TimesGiven("v6"));
    }

    [Fact]
    public async Task A_challenge_withdrawn_is_no_longer_answered()
    {
        _challenges.Publish(AcmeIdentifier.Parse("example.com"), "token", "token.thumbprint");
        _challenges.Withdraw("token");

        Assert.Equal(404, (await AskAsync("GET", "/.well-known/acme-challenge/token", "example.com")).Status);
        Assert.Equal(308, (await AskAsync("GET", "/.well-known/other", "example.com")).Status);
    }

    private Task<Answer> AskAsync(string method, string target, string host) => SendAsync($"{method} {target} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

    private async Task<Answer> SendAsync(string request)
    {
        int port = new Uri(_server.Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port);
        await client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(request));
        using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
        return new Answer(await reader.ReadToEndAsync());
    }

    private static KestrelServer Server()
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        var transport = new SocketTransportFactory(Options.Create(new SocketTransportOptions()), NullLoggerFactory.Instance);
        return new KestrelServer(Options.Create(options), transport, NullLoggerFactory.Instance);
    }

    private sealed class Answer
    {
        private readonly string[] _head;

        public Answer(string text)
        {
            int end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            Assert.True(end > 0, $"No answer but '{text}'");
            _head = text[..end].Split("\r\n");
            Body = text[(end + 4)..];
        }

        public string Body { get; }

        public int Status => int.Parse(_head[0].Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);

        public string? Header(string name) => _head.FirstOrDefault(line => line.StartsWith(name + ": ", StringComparison.OrdinalIgnoreCase))?[(name.Length + 2)..];
    }
}
