using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Actors443.Testing;
using Actors443.Testing.Http2;
using Microsoft.AspNetCore.Http;

namespace Actors443.IntegrationTests.Draining;

/// <summary>How the server stops, told by the program itself as a process and signals as an operator sends them.</summary>
public sealed class DrainTests : IAsyncLifetime
{
    private const byte GoAway = 7;

    private readonly TaskCompletionSource _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Upstream _upstream = null!;

    public async Task InitializeAsync() => _upstream = await Upstream.StartAsync(async context =>
    {
        if (context.Request.Path == "/slow")
        {
            _arrived.TrySetResult();
            await _goOn.Task.WaitAsync(context.RequestAborted);
        }

        context.Response.ContentLength = 10;
        await context.Response.WriteAsync("Here it is");
    });

    public async Task DisposeAsync()
    {
        _goOn.TrySetResult();
        await _upstream.DisposeAsync();
    }

    [SkippableTheory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task A_request_in_flight_is_answered_and_then_the_server_ends_with_0(string version)
    {
        await using ServerProcess server = await StartAsync();
        using HttpClient client = AnyCertificate.Client(Version.Parse(version));
        Task<HttpResponseMessage> request = client.GetAsync($"https://localhost:{server.HttpsPort}/slow");
        await _arrived.Task;

        server.Signal(ServerProcess.Terminate);
        await Eventually.HoldsAsync(async () => await server.ReadinessAsync() == 503, "the server says that it is not ready");
        await Eventually.HoldsAsync(async () => !await AcceptsAsync(server.HttpsPort), "the server no longer accepts");
        await Eventually.HoldsAsync(async () => (await server.ConnectionStatesAsync()).All(state => state == "draining"), "every connection was told");
        Assert.False(server.HasExited);
        _goOn.SetResult();

        using HttpResponseMessage answer = await request;
        Assert.Equal("Here it is", await answer.Content.ReadAsStringAsync());
        if (version == "1.1")
            Assert.True(answer.Headers.ConnectionClose);
        Assert.Equal(0, await server.ExitAsync());
    }

    [SkippableFact]
    public async Task A_request_on_its_way_when_the_drain_begins_is_answered_and_told_to_close()
    {
        await using ServerProcess server = await StartAsync();
        await using TlsClient idle = await TlsClient.ConnectAsync(server.HttpsPort);
        Assert.False((await idle.GetAsync()).Headers.ContainsKey("Connection"));
        await using TlsClient busy = await TlsClient.ConnectAsync(server.HttpsPort);
        await busy.SendAsync("GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await _arrived.Task;

        server.Signal(ServerProcess.Terminate);
        await Eventually.HoldsAsync(async () => !await AcceptsAsync(server.HttpsPort), "the server no longer accepts");
        await Eventually.HoldsAsync(async () => (await server.ConnectionStatesAsync()).All(state => state == "draining"), "every connection was told");

        HttpAnswer last = await idle.GetAsync();
        Assert.Equal((200, "close"), (last.Status, last.Headers["Connection"]));
        Assert.Equal(0, await idle.Stream.ReadAsync(new byte[1]));
        _goOn.SetResult();
        Assert.Equal(200, (await busy.ReadAnswerAsync()).Status);
        Assert.Equal(0, await server.ExitAsync());
    }

    [SkippableFact]
    public async Task An_idle_http2_connection_gets_a_goaway()
    {
        await using ServerProcess server = await StartAsync();
        await using TlsClient client = await TlsClient.ConnectAsync(server.HttpsPort, configure: options => options.ApplicationProtocols = [SslApplicationProtocol.Http2]);
        // RFC 9113 3.4: the preface, then SETTINGS.
        await client.Stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0"u8.ToArray());

        server.Signal(ServerProcess.Terminate);

        while (await ReadFrameTypeAsync(client.Stream) is var type && type != GoAway)
            Assert.NotNull(type);
        Assert.Equal(0, await server.ExitAsync());
    }

    [SkippableFact]
    public async Task Clients_of_http2_have_time_to_hear_of_the_goaway_and_to_close()
    {
        await using ServerProcess server = await StartAsync();
        FrameClient[] leaving = await AskAsync(server.HttpsPort, 5);
        FrameClient[] staying = await AskAsync(server.HttpsPort, 5);
        try
        {
            server.Signal(ServerProcess.Terminate);

            foreach (FrameClient client in leaving)
            {
                await Eventually.HoldsAsync(() => client.GoneAway is not null, "the server says GOAWAY");
                await client.EndAsync();
            }

            await Task.WhenAll(leaving.Concat(staying).Select(client => client.Ended)).WaitAsync(TimeSpan.FromSeconds(30));
            Assert.All(leaving.Concat(staying), client => Assert.Equal((0u, 1), (client.GoneAway, client.LastStream)));
            // On a busy machine some hear of both at once.
            TimeSpan? longest = staying.Max(client => client.Notice);
            Assert.True(longest > TimeSpan.FromMilliseconds(500), $"{longest}");
            Assert.True(leaving.Min(client => client.Notice) < longest, "who closes is let go at once");
            Assert.Equal(0, await server.ExitAsync());
        }
        finally
        {
            foreach (FrameClient client in leaving.Concat(staying))
                await client.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task Http2_connections_that_are_opened_all_through_a_drain_hear_settings_first_and_no_request_is_lost()
    {
        await using ServerProcess server = await StartAsync("drain.readiness-delay=500ms");
        int port = server.HttpsPort;
        List<FrameClient> silent = [];
        List<FrameClient> asking = [];
        try
        {
            // Kestrel has not read their preface when it is asked to stop.
            for (int number = 0; number < 5; number++)
                silent.Add(await FrameClient.ConnectAsync(port));
            int opened = 0;
            Task opening = OpenUntilRefusedAsync();
            await Eventually.HoldsAsync(() => Volatile.Read(ref opened) > 5, "connections are being opened");

            server.Signal(ServerProcess.Terminate);
            await opening;
            await Task.WhenAll(silent.Concat(asking).Select(client => client.Ended)).WaitAsync(TimeSpan.FromSeconds(30));

            Assert.Equal(0, await server.ExitAsync());
            Assert.All(silent, client => Assert.Equal((FrameClient.Settings, 0), (client.First, client.LastStream)));
            Assert.All(asking, client => Assert.Equal(FrameClient.Settings, client.First));
            // Answered, or told that nobody has seen it.
            Assert.All(asking, client => Assert.True(client.Received(FrameClient.Headers) == 1 || client.LastStream == 0, $"GOAWAY after stream {client.LastStream}"));

            async Task OpenUntilRefusedAsync()
            {
                while (await TryOpenAsync(port) is { } client)
                {
                    asking.Add(client);
                    await client.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, 1, FrameClient.Request()).SendAsync();
                    Interlocked.Increment(ref opened);
                }
            }
        }
        finally
        {
            foreach (FrameClient client in silent.Concat(asking))
                await client.DisposeAsync();
        }
    }

    [SkippableFact]
    public async Task What_does_not_end_by_the_deadline_is_aborted()
    {
        await using ServerProcess server = await StartAsync("drain.deadline=2s");
        using HttpClient client = AnyCertificate.Client(HttpVersion.Version11);
        Task<HttpResponseMessage> request = client.GetAsync($"https://localhost:{server.HttpsPort}/slow");
        await _arrived.Task;
        long start = Stopwatch.GetTimestamp();

        server.Signal(ServerProcess.Terminate);

        await Assert.ThrowsAsync<HttpRequestException>(() => request);
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalSeconds, 1.5, 15);
        Assert.Equal(0, await server.ExitAsync());
    }

    [SkippableFact]
    public async Task A_second_signal_does_not_wait()
    {
        await using ServerProcess server = await StartAsync("drain.deadline=10m");
        using HttpClient client = AnyCertificate.Client(HttpVersion.Version11);
        Task<HttpResponseMessage> request = client.GetAsync($"https://localhost:{server.HttpsPort}/slow");
        await _arrived.Task;
        server.Signal(ServerProcess.Terminate);
        await Eventually.HoldsAsync(async () => await server.ReadinessAsync() == 503, "the server says that it is not ready");

        server.Signal(ServerProcess.Terminate);

        Assert.NotEqual(0, await server.ExitAsync(TimeSpan.FromSeconds(15)));
        await Assert.ThrowsAsync<HttpRequestException>(() => request);
    }

    [SkippableFact]
    public async Task Not_ready_is_shown_before_accepting_ends()
    {
        await using ServerProcess server = await StartAsync("drain.readiness-delay=3s");

        server.Signal(ServerProcess.Terminate);
        await Eventually.HoldsAsync(async () => await server.ReadinessAsync() == 503, "the server says that it is not ready");

        await using (TlsClient newcomer = await TlsClient.ConnectAsync(server.HttpsPort))
            Assert.Equal(200, (await newcomer.GetAsync()).Status);
        Assert.Equal(0, await server.ExitAsync());
    }

    private Task<ServerProcess> StartAsync(params string[] overrides)
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no signals");
        return ServerProcess.StartAsync($"actors443.sites.\"*\" = \"{_upstream.Address.GetLeftPart(UriPartial.Authority)}\"", overrides);
    }

    private static async Task<bool> AcceptsAsync(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<FrameClient[]> AskAsync(int port, int count)
    {
        var clients = new FrameClient[count];
        for (int number = 0; number < count; number++)
            clients[number] = await FrameClient.ConnectAnsweredAsync(port);
        return clients;
    }

    private static async Task<FrameClient?> TryOpenAsync(int port)
    {
        try
        {
            return await FrameClient.ConnectAsync(port);
        }
        catch (Exception cause) when (cause is SocketException or IOException or AuthenticationException)
        {
            return null;
        }
    }

    private static async Task<byte?> ReadFrameTypeAsync(SslStream stream)
    {
        byte[] head = new byte[9];
        if (await stream.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false) < head.Length)
            return null;
        await stream.ReadExactlyAsync(new byte[(head[0] << 16) | (head[1] << 8) | head[2]]);
        return head[3];
    }
}
