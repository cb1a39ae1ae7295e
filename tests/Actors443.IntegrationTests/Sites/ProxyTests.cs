using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Actors443.Server.Sites;
using Actors443.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Actors443.IntegrationTests.Sites;

public sealed class ProxyTests
{
    private static readonly string[] Seen = ["Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "Forwarded", "X-Real-IP"];

    [Theory]
    [InlineData("1.1", HttpProtocols.Http1)]
    [InlineData("1.1", HttpProtocols.Http2)]
    [InlineData("2.0", HttpProtocols.Http1)]
    [InlineData("2.0", HttpProtocols.Http2)]
    public async Task A_request_is_sent_on_and_the_upstream_told_who_asked(string version, HttpProtocols protocols)
    {
        await using Upstream upstream = await Upstream.StartAsync(EchoHeadersAsync, protocols);
        await using SitesHost host = await SitesHost.StartAsync(Route(upstream, protocols));
        using HttpClient client = host.CreateClient(Version.Parse(version));

        string[] seen = (await client.GetStringAsync("/")).Split('\n');

        Assert.Equal($"localhost:{host.Port}", seen[0]);
        Assert.Equal("127.0.0.1", seen[1]);
        Assert.Equal("https", seen[2]);
        Assert.Equal($"localhost:{host.Port}", seen[3]);
        Assert.Equal(protocols == HttpProtocols.Http2 ? "HTTP/2" : "HTTP/1.1", seen[^1]);
    }

    [Fact]
    public async Task What_a_client_says_about_itself_is_not_believed()
    {
        await using Upstream upstream = await Upstream.StartAsync(EchoHeadersAsync);
        await using SitesHost host = await SitesHost.StartAsync(Route(upstream));
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage answer = await client.FetchAsync(
            "/", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: http", "X-Forwarded-Host: evil.com", "X-Forwarded-Port: 1", "Forwarded: for=203.0.113.9", "X-Real-IP: 203.0.113.9");

        string[] seen = (await answer.Content.ReadAsStringAsync()).Split('\n');

        Assert.Equal(["127.0.0.1", "https", $"localhost:{host.Port}", "", "", ""], seen[1..7]);
    }

    [Fact]
    public async Task The_upstreams_own_host_is_sent_if_the_clients_is_not_to_be_preserved()
    {
        await using Upstream upstream = await Upstream.StartAsync(EchoHeadersAsync);
        await using SitesHost host = await SitesHost.StartAsync(Route(upstream) with { PreserveHost = false });
        using HttpClient client = host.CreateClient();

        string[] seen = (await client.GetStringAsync("/")).Split('\n');

        Assert.Equal(upstream.Address.Authority, seen[0]);
        Assert.Equal($"localhost:{host.Port}", seen[3]);
    }

    [Theory]
    [InlineData("/api/*", true, "/api/x/y?q=1", "/x/y?q=1")]
    [InlineData("/api/*", true, "/api", "/")]
    [InlineData("/api/*", true, "/api/", "/")]
    [InlineData("/api/*", false, "/api/x/y?q=1", "/api/x/y?q=1")]
    [InlineData("/a%20b/*", true, "/a%20b/c", "/c")]
    [InlineData("/*", true, "/x", "/x")]
    [InlineData("/*", false, "/a%20b%2Fc%3Fd%25e?q=%20%26&r", "/a%20b%2Fc%3Fd%25e?q=%20%26&r")]
    [InlineData("/*", false, "/a%252Fb", "/a%252Fb")]
    [InlineData("/*", false, "/%C3%BC", "/%C3%BC")]
    [InlineData("/*", false, "/a/../b", "/b")]
    [InlineData("/api/*", true, "/api/a%2Fb%252Fc", "/a%2Fb%252Fc")]
    [InlineData("/api/*", true, "/api//x/", "//x/")]
    [InlineData("/api/*", true, "/api?q=%2F", "/?q=%2F")]
    [InlineData("/api/*", true, "/%61pi/b", "/b")]
    [InlineData("/a/b/*", true, "/a/b/c/d", "/c/d")]
    [InlineData("/api/*", true, "/x/%2e%2E/api/%2e/b", "/b")]
    [InlineData("/*", false, "/.well-known/a..b/...", "/.well-known/a..b/...")]
    public async Task Paths_arrive_as_they_were_sent(string path, bool strip, string sent, string received)
    {
        await using Upstream upstream = await Upstream.StartAsync(context => context.Response.WriteAsync(context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget));
        await using SitesHost host = await SitesHost.StartAsync(Route(upstream) with { Path = path, StripPrefix = strip });
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage answer = await client.FetchAsync(sent);

        Assert.Equal(received, await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("1.1", HttpProtocols.Http1)]
    [InlineData("2.0", HttpProtocols.Http2)]
    public async Task Large_bodies_pass_both_ways_unchanged(string version, HttpProtocols protocols)
    {
        await using Upstream upstream = await Upstream.StartAsync(
            async context =>
            {
                // Not an echo on the fly: an HTTP/1.1 client reads nothing before it has sent all.
                using var all = new MemoryStream();
                await context.Request.Body.CopyToAsync(all);
                await context.Response.BodyWriter.WriteAsync(all.ToArray());
            },
            protocols);
        await using SitesHost host = await SitesHost.StartAsync(Route(upstream, protocols));
        using HttpClient client = host.CreateClient(Version.Parse(version));
        byte[] body = RandomNumberGenerator.GetBytes(20 * 1024 * 1024);

        using HttpResponseMessage answer = await client.PostAsync("/", new ByteArrayContent(body));

        Assert.Equal(SHA256.HashData(body), SHA256.HashData(await answer.Content.ReadAsByteArrayAsync()));
    }

    [Fact]
    public async Task Trailers_come_through_as_gRPC_needs_them()
    {
        await using Upstream upstream = await Upstream.StartAsync(
            async context =>
            {
                context.Response.DeclareTrailer("grpc-status");
                await context.Response.WriteAsync("body");
                context.Response.AppendTrailer("grpc-status", "7");
            },
            HttpProtocols.Http2);
        await using SitesHost host = await SitesHost.StartAsync(Route(upstream, HttpProtocols.Http2));
        using HttpClient client = host.CreateClient(HttpVersion.Version20);
        using HttpResponseMessage answer = await client.FetchAsync("/", "TE: trailers");

        Assert.Equal("body", await answer.Content.ReadAsStringAsync());
        Assert.Equal("7", answer.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_web_socket_passes_over_http1_and_http2(string version)
    {
        await using Upstream upstream = await Upstream.StartAsync(EchoSocketAsync);
        await using SitesHost host = await SitesHost.StartAsync(Route(upstream));
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var invoker = new HttpMessageInvoker(host.CreateHandler());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await socket.ConnectAsync(new Uri($"wss://localhost:{host.Port}/chat"), invoker, limit.Token);
        byte[] message = RandomNumberGenerator.GetBytes(100_000);

        await socket.SendAsync(message, WebSocketMessageType.Binary, true, limit.Token);
        byte[] echo = new byte[message.Length];
        for (int read = 0; read < echo.Length;)
            read += (await socket.ReceiveAsync(echo.AsMemory(read), limit.Token)).Count;
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", limit.Token);

        Assert.Equal(message, echo);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_web_socket_where_none_is_offered_is_refused(string version)
    {
        await using SitesHost host = await SitesHost.StartAsync(new RespondRoute("/*", 200, "text/plain", "no socket"));
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var invoker = new HttpMessageInvoker(host.CreateHandler());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        socket.Options.CollectHttpResponseDetails = true;

        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"wss://localhost:{host.Port}/"), invoker, limit.Token));

        Assert.Equal(version == "2.0" ? HttpStatusCode.MethodNotAllowed : HttpStatusCode.OK, socket.HttpStatusCode);
    }

    [Fact]
    public async Task An_upstream_that_has_hsts_of_its_own_does_not_double_ours()
    {
        await using Upstream upstream = await Upstream.StartAsync(context =>
        {
            context.Response.Headers.StrictTransportSecurity = "max-age=1";
            return context.Response.WriteAsync("x");
        });
        await using SitesHost host = await SitesHost.StartAsync(Route(upstream));
        using HttpClient named = host.CreateClient(host: "example.com");
        using HttpResponseMessage answer = await named.FetchAsync("/");

        Assert.Equal("max-age=300", answer.Header("Strict-Transport-Security"));
    }

    internal static ProxyRoute Route(Upstream upstream, HttpProtocols protocols = HttpProtocols.Http1) =>
        new("/*", [upstream.Address]) { HttpVersion = protocols == HttpProtocols.Http2 ? "2" : null };

    private static Task EchoHeadersAsync(HttpContext context)
    {
        var text = new StringBuilder();
        foreach (string name in Seen)
            text.Append(context.Request.Headers[name].ToString()).Append('\n');
        return context.Response.WriteAsync(text.Append(context.Request.Protocol).ToString());
    }

    private static async Task EchoSocketAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[16 * 1024];
        while (true)
        {
            WebSocketReceiveResult received = await socket.ReceiveAsync(buffer, context.RequestAborted);
            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(received.CloseStatus!.Value, received.CloseStatusDescription, context.RequestAborted);
                return;
            }

            await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, context.RequestAborted);
        }
    }
}
