using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Threading.Channels;
using Actors443.Configuration;
using Actors443.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;

namespace Actors443.IntegrationTests.Engine;

public sealed class PortableAnyApplicationSpecs() : AnyApplicationSpecs(EngineKind.Portable);

public sealed class EventLoopAnyApplicationSpecs() : AnyApplicationSpecs(EngineKind.EventLoop);

/// <summary>ASP.NET Core's own parts, unchanged, over each engine: SignalR, YARP, server-sent events, long polling, trailers, limits, the connection's features.</summary>
public abstract class AnyApplicationSpecs(EngineKind kind)
{
    public static TheoryData<string, Microsoft.AspNetCore.Http.Connections.HttpTransportType> Transports
    {
        get
        {
            var transports = new TheoryData<string, Microsoft.AspNetCore.Http.Connections.HttpTransportType>();
            foreach (string version in (string[])["1.1", "2.0"])
            {
                transports.Add(version, Microsoft.AspNetCore.Http.Connections.HttpTransportType.WebSockets);
                transports.Add(version, Microsoft.AspNetCore.Http.Connections.HttpTransportType.ServerSentEvents);
                transports.Add(version, Microsoft.AspNetCore.Http.Connections.HttpTransportType.LongPolling);
            }

            return transports;
        }
    }

    public static TheoryData<string> Versions => ["1.1", "2.0"];

    [Theory]
    [MemberData(nameof(Transports))]
    public async Task SignalR_calls_streams_and_broadcasts(string version, Microsoft.AspNetCore.Http.Connections.HttpTransportType transport)
    {
        await using EngineHost host = await EngineHost.StartAsync(kind, map: application => application.MapHub<Hub>("/hub"), services: services => services.AddSignalR());
        await using HubConnection first = Connect(host, version, transport);
        await using HubConnection second = Connect(host, version, transport);
        var heard = Channel.CreateUnbounded<string>();
        second.On<string>("heard", text => heard.Writer.TryWrite(text));
        await first.StartAsync();
        await second.StartAsync();
        string large = new('x', 20_000);

        Assert.Equal(large, await first.InvokeAsync<string>("Echo", large));
        Assert.Equal(Enumerable.Range(0, 100), await first.StreamAsync<int>("Count", 100).ToListAsync());
        await first.InvokeAsync("Broadcast", "to all");

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        Assert.Equal("to all", await heard.Reader.ReadAsync(patience.Token));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Yarp_passes_bodies_both_ways(string version)
    {
        await using Upstream upstream = await Upstream.StartAsync(async context =>
        {
            context.Response.Headers["x-method"] = context.Request.Method;
            await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
        });
        RouteConfig[] routes = [new() { RouteId = "all", ClusterId = "there", Match = new RouteMatch { Path = "/there/{**rest}" } }];
        ClusterConfig[] clusters = [new() { ClusterId = "there", Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = upstream.Address.ToString() } } }];
        await using EngineHost host = await EngineHost.StartAsync(
            kind, map: application => application.MapReverseProxy(), services: services => services.AddReverseProxy().LoadFromMemory(routes, clusters));
        using HttpClient client = host.CreateClient(Version.Parse(version));
        byte[] body = new byte[3_000_000];
        Random.Shared.NextBytes(body);

        using HttpResponseMessage answer = await client.PutAsync("/there/echo", new ByteArrayContent(body));

        Assert.Equal("PUT", Assert.Single(answer.Headers.GetValues("x-method")));
        Assert.Equal(SHA256.HashData(body), SHA256.HashData(await answer.Content.ReadAsByteArrayAsync()));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task An_event_is_there_as_soon_as_it_is_sent(string version)
    {
        var events = Channel.CreateUnbounded<string>();
        await using EngineHost host = await EngineHost.StartAsync(kind, map: application => application.MapGet("/events", (HttpContext context) => SendEventsAsync(context, events.Reader)));
        using HttpClient client = host.CreateClient(Version.Parse(version));
        using HttpResponseMessage answer = await client.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync());

        // The next is sent once the last has come: none waits in a buffer for company.
        for (int number = 0; number < 20; number++)
        {
            events.Writer.TryWrite(number.ToString(CultureInfo.InvariantCulture));
            Assert.Equal($"data: {number}", await lines.ReadLineAsync());
            Assert.Equal("", await lines.ReadLineAsync());
        }

        events.Writer.Complete();
        Assert.Null(await lines.ReadLineAsync());
    }

    [Fact]
    public async Task A_grpc_like_call_has_messages_both_ways_and_trailers()
    {
        await using EngineHost host = await EngineHost.StartAsync(kind, map: application => application.MapPost("/service/method", async (HttpContext context) =>
        {
            context.Response.ContentType = "application/grpc";
            context.Response.DeclareTrailer("grpc-status");
            await context.Response.Body.FlushAsync();
            // An answer to each message, before the next comes.
            byte[] message = new byte[8];
            while (await context.Request.Body.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false) == message.Length)
            {
                await context.Response.Body.WriteAsync(message.Reverse().ToArray());
                await context.Response.Body.FlushAsync();
            }

            context.Response.AppendTrailer("grpc-status", "0");
        }));
        using HttpClient client = host.CreateClient(HttpVersion.Version20);
        var calls = new StepContent();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/service/method") { Content = calls, Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        await using Stream answers = await answer.Content.ReadAsStreamAsync();
        Stream asked = await calls.Opened;

        for (byte number = 0; number < 10; number++)
        {
            await asked.WriteAsync(new byte[] { number, 1, 2, 3, 4, 5, 6, 7 });
            await asked.FlushAsync();
            byte[] reply = new byte[8];
            await answers.ReadExactlyAsync(reply);
            Assert.Equal([7, 6, 5, 4, 3, 2, 1, number], reply);
        }

        calls.End();
        Assert.Equal(0, await answers.ReadAsync(new byte[1]));
        Assert.Equal("0", Assert.Single(answer.TrailingHeaders.GetValues("grpc-status")));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_body_over_the_limit_is_refused(string version)
    {
        await using EngineHost host = await EngineHost.StartAsync(kind, settings => settings with { Https = settings.Https with { Limits = new HttpLimitSettings { RequestBody = 1_000 } } });
        using HttpClient client = host.CreateClient(Version.Parse(version));

        using HttpResponseMessage refused = await client.PostAsync("/digest", new ByteArrayContent(new byte[1_001]));
        using HttpResponseMessage taken = await client.PostAsync("/digest", new ByteArrayContent(new byte[1_000]));

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, HttpStatusCode.OK), (refused.StatusCode, taken.StatusCode));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task An_application_may_lift_the_limit_for_one_request(string version)
    {
        await using EngineHost host = await EngineHost.StartAsync(
            kind,
            settings => settings with { Https = settings.Https with { Limits = new HttpLimitSettings { RequestBody = 1_000 } } },
            application => application.MapPost("/lifted", async (HttpContext context) =>
            {
                context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
                await context.Request.Body.CopyToAsync(Stream.Null);
                return "taken";
            }));
        using HttpClient client = host.CreateClient(Version.Parse(version));

        using HttpResponseMessage answer = await client.PostAsync("/lifted", new ByteArrayContent(new byte[500_000]));

        Assert.Equal("taken", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_header_larger_than_any_buffer_is_read_if_the_limit_allows()
    {
        await using EngineHost host = await EngineHost.StartAsync(
            kind,
            settings => settings with { Https = settings.Https with { Limits = new HttpLimitSettings { RequestHeaders = 1_000_000 } } },
            application => application.MapGet("/long", (HttpContext context) => context.Request.Headers["x-long"].ToString().Length.ToString(CultureInfo.InvariantCulture)));
        await using TlsClient client = await TlsClient.ConnectAsync(host.Port);

        await client.SendAsync($"GET /long HTTP/1.1\r\nHost: localhost\r\nX-Long: {new string('x', 500_000)}\r\n\r\n");

        HttpAnswer answer = await client.ReadAnswerAsync();
        Assert.Equal(200, answer.Status);
    }

    [Fact]
    public async Task An_answer_that_is_not_taken_is_cut_at_the_minimum_rate()
    {
        await using EngineHost host = await EngineHost.StartAsync(
            kind,
            settings => settings with { Https = settings.Https with { Limits = new HttpLimitSettings { MinimumRate = 1_000_000_000, RateGrace = TimeSpan.FromSeconds(2) } } });
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4_096 };
        await socket.ConnectAsync(IPAddress.Loopback, host.Port);
        await using var ssl = new System.Net.Security.SslStream(new NetworkStream(socket, ownsSocket: false), false, static (_, certificate, _, _) => certificate is not null);
        await ssl.AuthenticateAsClientAsync("localhost");

        await ssl.WriteAsync("GET /bytes/100000000 HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());

        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Count == 0, "it is cut", TimeSpan.FromSeconds(20));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_connection_that_ends_tells_its_application(string version)
    {
        var closed = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        await using EngineHost host = await EngineHost.StartAsync(kind, map: application => application.MapGet("/watch", async (HttpContext context) =>
        {
            context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().ConnectionClosed.Register(() => closed.TrySetResult());
            context.RequestAborted.Register(() => aborted.TrySetResult());
            await context.Response.Body.FlushAsync();
            await aborted.Task;
        }));
        using (HttpClient client = host.CreateClient(Version.Parse(version)))
        {
            using HttpResponseMessage answer = await client.GetAsync("/watch", HttpCompletionOption.ResponseHeadersRead);
            Assert.False(closed.Task.IsCompleted || aborted.Task.IsCompleted);
        }

        await Task.WhenAll(closed.Task, aborted.Task).WaitAsync(TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task An_application_may_cut_its_connection()
    {
        await using EngineHost host = await EngineHost.StartAsync(kind, map: application => application.MapGet("/cut", (HttpContext context) =>
        {
            context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
            return "never seen";
        }));
        await using TlsClient client = await TlsClient.ConnectAsync(host.Port);

        await client.SendAsync("GET /cut HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.True(await client.EndsAsync());
    }

    [Fact]
    public async Task An_application_may_ask_http2_to_end_after_what_is_under_way()
    {
        var release = new TaskCompletionSource();
        await using EngineHost host = await EngineHost.StartAsync(kind, map: application => application.MapGet("/waits-then-answers", async (HttpContext context) =>
        {
            context.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>().RequestClose();
            await release.Task;
            return "still answered";
        }));
        using HttpClient client = host.CreateClient(HttpVersion.Version20);
        Task<string> answer = client.GetStringAsync("/waits-then-answers");
        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Any(connection => connection.RequestsInFlight == 1), "it is asked");

        release.SetResult();

        Assert.Equal("still answered", await answer);
        Assert.Equal("Hello", await client.GetStringAsync("/"));
        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Count == 1, "the first connection has ended");
    }

    private static async Task SendEventsAsync(HttpContext context, ChannelReader<string> events)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.Body.FlushAsync();
        await foreach (string text in events.ReadAllAsync(context.RequestAborted))
        {
            await context.Response.WriteAsync($"data: {text}\n\n");
            await context.Response.Body.FlushAsync();
        }
    }

    private static HubConnection Connect(EngineHost host, string version, Microsoft.AspNetCore.Http.Connections.HttpTransportType transport) => new HubConnectionBuilder()
        .WithUrl($"https://localhost:{host.Port}/hub", transport, options =>
        {
            options.HttpMessageHandlerFactory = handler =>
            {
                ((HttpClientHandler)handler).ServerCertificateCustomValidationCallback = static (_, certificate, _, _) => certificate is not null;
                return new VersionHandler(handler, Version.Parse(version));
            };
            options.WebSocketConfiguration = socket =>
            {
                // Over HTTP/2 it goes through the handler above.
                if (version == "1.1")
                    socket.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
                socket.HttpVersion = Version.Parse(version);
                socket.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            };
        })
        .Build();

#pragma warning disable CA1822 // SignalR calls methods of an instance.
    public sealed class Hub : Microsoft.AspNetCore.SignalR.Hub
    {
        public string Echo(string text) => text;

        public async IAsyncEnumerable<int> Count(int to)
        {
            for (int number = 0; number < to; number++)
            {
                await Task.Yield();
                yield return number;
            }
        }

        public Task Broadcast(string text) => Clients.All.SendAsync("heard", text);
    }
#pragma warning restore CA1822

    private sealed class VersionHandler(HttpMessageHandler inner, Version version) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Version = version;
            request.VersionPolicy = HttpVersionPolicy.RequestVersionExact;
            return base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>A body that is written as the test goes on.</summary>
    private sealed class StepContent : HttpContent
    {
        private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<Stream> Opened => _opened.Task;

        public void End() => _ended.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.FlushAsync();
            _opened.SetResult(stream);
            await _ended.Task;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
