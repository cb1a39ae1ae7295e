using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;

namespace Actors443.IntegrationTests.Embedding;

/// <summary>What people build on ASP.NET Core runs on actor-owned connections as it is.</summary>
public sealed class FrameworkTests
{
    [Theory]
    [InlineData("auto", HttpTransportType.WebSockets)]
    [InlineData("auto", HttpTransportType.ServerSentEvents)]
    [InlineData("auto", HttpTransportType.LongPolling)]
    [InlineData("portable", HttpTransportType.WebSockets)]
    [InlineData("portable", HttpTransportType.ServerSentEvents)]
    [InlineData("portable", HttpTransportType.LongPolling)]
    public async Task SignalR(string engine, HttpTransportType transport)
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application => application.MapHub<EchoHub>("/hub"), services => services.AddSignalR());
        await using HubConnection connection = new HubConnectionBuilder()
            .WithUrl(new Uri(host.Https, "/hub"), options =>
            {
                options.Transports = transport;
                options.HttpMessageHandlerFactory = _ => EmbeddedHost.CreateTrustingHandler();
                options.WebSocketConfiguration = socket => socket.RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null;
            })
            .Build();
        var heard = new TaskCompletionSource<string>();
        connection.On<string>("heard", text => heard.TrySetResult(text));
        await connection.StartAsync();
        Assert.Equal("echo: hello", await connection.InvokeAsync<string>("Echo", "hello"));
        Assert.Equal("hello", await heard.Task.WaitAsync(TimeSpan.FromSeconds(30)));
        var counted = new List<int>();
        await foreach (int number in connection.StreamAsync<int>("Count", 5))
            counted.Add(number);
        Assert.Equal([0, 1, 2, 3, 4], counted);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task Grpc(string engine)
    {
        await using EmbeddedHost host = await EmbeddedHost.StartAsync(engine, application => application.MapGrpcService<EchoService>(), services => services.AddGrpc());
        using GrpcChannel channel = GrpcChannel.ForAddress(host.Https, new GrpcChannelOptions { HttpHandler = EmbeddedHost.CreateTrustingHandler(), DisposeHttpClient = true });
        CallInvoker invoker = channel.CreateCallInvoker();
        using (AsyncUnaryCall<string> call = invoker.AsyncUnaryCall(EchoService.EchoMethod, null, new CallOptions(deadline: DateTime.UtcNow.AddSeconds(60)), "hello"))
            Assert.Equal("echo: hello", await call.ResponseAsync);
        using AsyncDuplexStreamingCall<string, string> chat = invoker.AsyncDuplexStreamingCall(EchoService.ChatMethod, null, new CallOptions(deadline: DateTime.UtcNow.AddSeconds(60)));
        for (int i = 0; i < 3; i++)
        {
            await chat.RequestStream.WriteAsync($"{i}");
            Assert.True(await chat.ResponseStream.MoveNext(CancellationToken.None));
            Assert.Equal($"echo: {i}", chat.ResponseStream.Current);
        }

        await chat.RequestStream.CompleteAsync();
        Assert.False(await chat.ResponseStream.MoveNext(CancellationToken.None));
        using AsyncUnaryCall<string> refused = invoker.AsyncUnaryCall(EchoService.EchoMethod, null, new CallOptions(deadline: DateTime.UtcNow.AddSeconds(60)), "");
        RpcException failure = await Assert.ThrowsAsync<RpcException>(() => refused.ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, failure.StatusCode);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("portable")]
    public async Task Yarp(string engine)
    {
        await using EmbeddedHost upstream = await EmbeddedHost.StartAsync(engine, application =>
        {
            application.MapGet("/hello", () => "from upstream");
            application.MapPost("/length", async (Stream body) =>
            {
                long length = 0;
                byte[] buffer = new byte[64 * 1024];
                for (int read; (read = await body.ReadAsync(buffer)) > 0;)
                    length += read;
                return length;
            });
        });
        await using EmbeddedHost proxy = await EmbeddedHost.StartAsync(engine, application => application.MapReverseProxy(), services => services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "upstream", Match = new RouteMatch { Path = "/{**rest}" } }],
            [
                new ClusterConfig
                {
                    ClusterId = "upstream",
                    HttpClient = new HttpClientConfig { DangerousAcceptAnyServerCertificate = true },
                    Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = upstream.Https.ToString() } },
                },
            ]));
        foreach (Version version in new[] { HttpVersion.Version11, HttpVersion.Version20 })
        {
            using HttpClient client = proxy.CreateClient(version);
            Assert.Equal("from upstream", await client.GetStringAsync("/hello"));
            using HttpResponseMessage posted = await client.PostAsync("/length", new ByteArrayContent(new byte[3_000_000]));
            Assert.Equal("3000000", await posted.Content.ReadAsStringAsync());
            using HttpResponseMessage missing = await client.GetAsync("/missing");
            Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
        }
    }

    private sealed class EchoHub : Hub
    {
        public async Task<string> Echo(string text)
        {
            await Clients.Caller.SendAsync("heard", text);
            return $"echo: {text}";
        }

        public async IAsyncEnumerable<int> Count(int to)
        {
            for (int i = 0; i < to; i++)
            {
                Context.ConnectionAborted.ThrowIfCancellationRequested();
                await Task.Yield();
                yield return i;
            }
        }
    }

    /// <summary>What protoc would make, by hand: text as UTF-8 where there would be messages.</summary>
    [BindServiceMethod(typeof(EchoServiceBase), nameof(Bind))]
    private abstract class EchoServiceBase
    {
        private static readonly Marshaller<string> Text = Marshallers.StringMarshaller;

        public static Method<string, string> EchoMethod { get; } = new(MethodType.Unary, "test.Echo", "Echo", Text, Text);

        public static Method<string, string> ChatMethod { get; } = new(MethodType.DuplexStreaming, "test.Echo", "Chat", Text, Text);

        public static void Bind(ServiceBinderBase binder, EchoServiceBase? service)
        {
            binder.AddMethod(EchoMethod, service is null ? null : new UnaryServerMethod<string, string>(service.Echo));
            binder.AddMethod(ChatMethod, service is null ? null : new DuplexStreamingServerMethod<string, string>(service.Chat));
        }

        public abstract Task<string> Echo(string request, ServerCallContext context);

        public abstract Task Chat(IAsyncStreamReader<string> requests, IServerStreamWriter<string> responses, ServerCallContext context);
    }

    private sealed class EchoService : EchoServiceBase
    {
        public override Task<string> Echo(string request, ServerCallContext context) =>
            request.Length > 0 ? Task.FromResult($"echo: {request}") : throw new RpcException(new Status(StatusCode.InvalidArgument, "nothing said"));

        public override async Task Chat(IAsyncStreamReader<string> requests, IServerStreamWriter<string> responses, ServerCallContext context)
        {
            await foreach (string request in requests.ReadAllAsync())
                await responses.WriteAsync($"echo: {request}");
        }
    }
}
