using System.Net;
using System.Net.Sockets;
using Actors443.Server.Sites;
using Actors443.Testing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Actors443.IntegrationTests.Sites;

public sealed class ProxyFailureTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task An_upstream_that_refuses_is_502_in_words(string version)
    {
        await using SitesHost host = await SitesHost.StartAsync(new ProxyRoute("/*", [Nowhere()]));
        using HttpClient client = host.CreateClient(Version.Parse(version));
        using HttpResponseMessage answer = await client.FetchAsync("/", "Accept: text/html");

        Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode);
        Assert.Equal("text/html; charset=utf-8", answer.Header("Content-Type"));
        Assert.Contains("Bad gateway", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_upstream_that_is_down_does_not_flood_the_log()
    {
        const int requests = 200;
        using var log = new WarningCount();
        await using SitesHost host = await SitesHost.StartAsync([new SiteSettings("*", [new ProxyRoute("/*", [Nowhere()])])], configure: services => services.AddSingleton<ILoggerProvider>(log));
        using HttpClient client = host.CreateClient(HttpVersion.Version20);

        HttpResponseMessage[] answers = await Task.WhenAll(Enumerable.Range(0, requests).Select(_ => client.FetchAsync("/")));

        Assert.All(answers, answer => Assert.Equal(HttpStatusCode.BadGateway, answer.StatusCode));
        Assert.InRange(log.Count, 1, requests / 10);
    }

    [Fact]
    public async Task An_upstream_that_does_not_answer_is_504()
    {
        await using Upstream upstream = await Upstream.StartAsync(context => Until(context.RequestAborted));
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream) with { Timeout = TimeSpan.FromMilliseconds(300) });
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage answer = await client.FetchAsync("/");

        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
        Assert.StartsWith("504 Gateway timeout\n", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("1.1", HttpProtocols.Http1, true)]
    [InlineData("2.0", HttpProtocols.Http1, true)]
    [InlineData("1.1", HttpProtocols.Http2, true)]
    [InlineData("2.0", HttpProtocols.Http2, true)]
    [InlineData("1.1", HttpProtocols.Http1, false)]
    [InlineData("2.0", HttpProtocols.Http1, false)]
    [InlineData("2.0", HttpProtocols.Http2, false)]
    public async Task An_answer_that_breaks_off_never_looks_whole(string version, HttpProtocols protocols, bool hasLength)
    {
        await using Upstream upstream = await Upstream.StartAsync(
            async context =>
            {
                if (hasLength)
                    context.Response.ContentLength = 1_000_000;
                await context.Response.WriteAsync(new string('x', 10_000));
                await context.Response.Body.FlushAsync();
                context.Abort();
            },
            protocols);
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream, protocols));
        using HttpClient client = host.CreateClient(Version.Parse(version));

        await Assert.ThrowsAnyAsync<HttpRequestException>(() => client.GetByteArrayAsync("/"));
    }

    [Fact]
    public async Task A_503_of_the_upstream_is_passed_on_as_it_is()
    {
        await using Upstream upstream = await Upstream.StartAsync(context =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = "77";
            return Task.CompletedTask;
        });
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream));
        using HttpClient client = host.CreateClient();
        using HttpResponseMessage answer = await client.FetchAsync("/");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Equal("77", answer.Header("Retry-After"));
        Assert.Equal("", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_request_that_ends_too_early_is_the_clients_fault()
    {
        await using Upstream upstream = await Upstream.StartAsync(context => context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted));
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream));

        string answer = await host.SendRawAsync("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\nnonsense\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_larger_than_allowed_is_413()
    {
        await using Upstream upstream = await Upstream.StartAsync(context => context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted));
        await using SitesHost host = await SitesHost.StartAsync(ProxyTests.Route(upstream));

        string answer = await host.SendRawAsync("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000000000\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 413 ", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("POST")]
    public async Task While_one_of_two_destinations_refuses_no_client_notices(string method)
    {
        await using Upstream good = await Upstream.StartAsync(context => context.Request.Body.CopyToAsync(context.Response.Body));
        await using SitesHost host = await SitesHost.StartAsync(new ProxyRoute("/*", [Nowhere(), good.Address]) { Balance = "round-robin" });
        using HttpClient client = host.CreateClient();

        for (int i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), "/") { Content = method == "POST" ? new StringContent("body") : null };
            using HttpResponseMessage answer = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal(method == "POST" ? "body" : "", await answer.Content.ReadAsStringAsync());
        }

        Assert.Equal(20, good.Requests);
    }

    [Fact]
    public async Task A_destination_that_says_it_is_ill_is_left_until_it_is_well()
    {
        bool ill = true;
        await using Upstream first = await Upstream.StartAsync(context => HealthOrNameAsync(context, "first", () => Volatile.Read(ref ill)));
        await using Upstream second = await Upstream.StartAsync(context => HealthOrNameAsync(context, "second", () => false));
        await using SitesHost host = await SitesHost.StartAsync(Checked(first, second));
        using HttpClient client = host.CreateClient();

        await Eventually.HoldsAsync(async () => !(await AskAsync(client, 10)).Contains("first"), "the ill one is left");
        Volatile.Write(ref ill, false);
        await Eventually.HoldsAsync(async () => (await AskAsync(client, 10)).IsSupersetOf(["first", "second"]), "both are asked again");
    }

    [Fact]
    public async Task When_no_destination_is_well_the_client_is_told_when_to_come_again()
    {
        bool ill = true;
        await using Upstream only = await Upstream.StartAsync(context => HealthOrNameAsync(context, "only", () => Volatile.Read(ref ill)));
        await using SitesHost host = await SitesHost.StartAsync(Checked(only));
        using HttpClient client = host.CreateClient();

        HttpResponseMessage answer = null!;
        await Eventually.HoldsAsync(async () => (answer = await client.FetchAsync("/")).StatusCode == HttpStatusCode.ServiceUnavailable, "nothing is left to ask");
        Assert.Equal("5", answer.Header("Retry-After"));
        Assert.StartsWith("503 Service unavailable\n", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        Volatile.Write(ref ill, false);
        await Eventually.HoldsAsync(async () => (await client.FetchAsync("/")).StatusCode == HttpStatusCode.OK, "it is asked again");
    }

    [Fact]
    public async Task A_destination_that_fails_is_left_and_tried_again_later()
    {
        bool broken = true;
        await using Upstream first = await Upstream.StartAsync(context =>
        {
            if (Volatile.Read(ref broken))
                context.Abort();
            return context.Response.WriteAsync("first");
        });
        await using Upstream second = await Upstream.StartAsync(context => context.Response.WriteAsync("second"));
        await using SitesHost host = await SitesHost.StartAsync(new ProxyRoute("/*", [first.Address, second.Address]) { Balance = "round-robin", HealthInterval = TimeSpan.FromMilliseconds(500) });
        using HttpClient client = host.CreateClient();

        await Eventually.HoldsAsync(async () => (await AskAsync(client, 10)).SetEquals(["second"]), "the broken one is left");
        Volatile.Write(ref broken, false);
        await Eventually.HoldsAsync(async () => (await AskAsync(client, 10)).SetEquals(["first", "second"]), "both are asked again");
    }

    private static ProxyRoute Checked(params Upstream[] upstreams) => new("/*", [.. upstreams.Select(upstream => upstream.Address)])
    {
        Balance = "round-robin",
        HealthPath = "/healthz",
        HealthInterval = TimeSpan.FromMilliseconds(100),
        HealthTimeout = TimeSpan.FromSeconds(2),
    };

    private static Task HealthOrNameAsync(HttpContext context, string name, Func<bool> isIll)
    {
        if (context.Request.Path == "/healthz")
            context.Response.StatusCode = isIll() ? 500 : 200;
        return context.Response.WriteAsync(name);
    }

    private static async Task<HashSet<string>> AskAsync(HttpClient client, int times)
    {
        var answers = new HashSet<string>();
        for (int i = 0; i < times; i++)
        {
            using HttpResponseMessage answer = await client.FetchAsync("/");
            answers.Add(answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync() : answer.StatusCode.ToString());
        }

        return answers;
    }

    private static async Task Until(CancellationToken cancelled)
    {
        var end = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = cancelled.Register(() => end.TrySetResult());
        await end.Task;
    }

    // A port on which nobody listens: it was free a moment ago.
    private static Uri Nowhere()
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return new Uri($"http://127.0.0.1:{((IPEndPoint)socket.LocalEndPoint!).Port}/");
    }

    private sealed class WarningCount : ILoggerProvider, ILogger
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                Interlocked.Increment(ref _count);
        }

        public void Dispose()
        {
        }
    }
}
