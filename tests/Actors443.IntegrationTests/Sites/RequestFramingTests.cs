using Actors443.IntegrationTests.Tunnels;
using Actors443.Testing;
using Microsoft.AspNetCore.Http;

namespace Actors443.IntegrationTests.Sites;

/// <summary>Requests whose end two servers could see in two places (RFC 9112 6.3): the way to smuggle a second request to an upstream.</summary>
public sealed class RequestFramingTests
{
    [Theory]
    [InlineData("Content-Length: 5\nContent-Length: 6\n\nhello")]
    [InlineData("Content-Length: 5\nContent-Length: 5\n\nhello")]
    [InlineData("Content-Length: 5, 5\n\nhello")]
    [InlineData("Content-Length: -5\n\nhello")]
    [InlineData("Content-Length: 0x5\n\nhello")]
    [InlineData("Content-Length: 5 5\n\nhello")]
    [InlineData("Content-Length: 5.0\n\nhello")]
    [InlineData("Content-Length: \n\nhello")]
    [InlineData("Content-Length: 99999999999999999999\n\nhello")]
    [InlineData("Content-Length : 5\n\nhello")]
    [InlineData("Content-Length: 5\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\nContent-Length: 5\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked, chunked\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\nTransfer-Encoding: identity\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: gzip, chunked\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: identity\n\nhello")]
    [InlineData("Transfer-Encoding: xchunked\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding : chunked\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: \"chunked\"\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked;a=b\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: \u000bchunked\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding\u0000: chunked\n\n5\nhello\n0\n\n")]
    [InlineData("X: a\n Transfer-Encoding: chunked\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\n\n+5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\n\n0x5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\n\n5\nhelloX\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\n\n-1\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: chunked\n\nfffffffffffffffff\nhello\n0\n\n")]
    public async Task An_ambiguous_end_is_400_and_the_end_of_the_connection(string rest)
    {
        int complete = 0;
        await using Upstream upstream = await Upstream.StartAsync(async context =>
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
            Interlocked.Increment(ref complete);
        });
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream));

        string answer = await host.SendRawAsync(
            "POST / HTTP/1.1\r\nHost: localhost\r\n" + rest.Replace("\n", "\r\n", StringComparison.Ordinal) + "GET /second HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
        Assert.Equal(answer.IndexOf("HTTP/1.1 ", StringComparison.Ordinal), answer.LastIndexOf("HTTP/1.1 ", StringComparison.Ordinal));
        Assert.Equal(0, complete);
    }

    [Theory]
    [InlineData("/ HTTP/1.1\tx")]
    [InlineData("/a b")]
    [InlineData("/?a b")]
    public async Task A_target_of_HTTP2_that_would_end_a_request_line_is_400(string target)
    {
        int seen = 0;
        await using Upstream upstream = await Upstream.StartAsync(_ =>
        {
            Interlocked.Increment(ref seen);
            return Task.CompletedTask;
        });
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream));

        await using RawHttp2 answer = await RawHttp2.SendAsync(host.Port, (":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", target));

        Assert.True(answer.Status == 400 || answer.ResetCode is not null, $"{answer.Status}");
        Assert.Equal(0, seen);
    }

    [Theory]
    [InlineData("Content-Length: 5\n\nhello")]
    [InlineData("Content-Length: 05\n\nhello")]
    [InlineData("Content-Length: +5\n\nhello")]
    [InlineData("Transfer-Encoding: chunked\n\n5\nhello\n0\n\n")]
    [InlineData("Transfer-Encoding: Chunked\n\n5;extension=1\nhello\n0\nTrailer: x\n\n")]
    public async Task A_clear_end_reaches_the_upstream_in_one_form_and_the_next_request_follows(string rest)
    {
        await using Upstream upstream = await Upstream.StartAsync(async context =>
        {
            using var body = new StreamReader(context.Request.Body);
            await context.Response.WriteAsync($"[{context.Request.Path}:{await body.ReadToEndAsync()}:{context.Request.Headers.ContentLength}{context.Request.Headers.TransferEncoding}]");
        });
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream));

        string answer = await host.SendRawAsync(
            "POST / HTTP/1.1\r\nHost: localhost\r\n" + rest.Replace("\n", "\r\n", StringComparison.Ordinal) + "GET /second HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        Assert.Matches(@"\[/:hello:(5|chunked)\]", answer);
        Assert.Contains("[/second::]", answer, StringComparison.Ordinal);
    }
}
