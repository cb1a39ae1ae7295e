using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using Actors443.Configuration;
using Actors443.Testing;

namespace Actors443.IntegrationTests.Engine;

public sealed class PortableEngineSpecs() : EngineSpecs(EngineKind.Portable);

public sealed class EventLoopEngineSpecs() : EngineSpecs(EngineKind.EventLoop);

/// <summary>What any engine must get right, under an ASP.NET Core application that knows nothing of it.</summary>
public abstract class EngineSpecs(EngineKind kind) : IAsyncLifetime
{
    // More by hand: ACTORS443_TEST_MEGABYTES=1024.
    private static readonly long LargeBody = 1024 * 1024 * long.Parse(Environment.GetEnvironmentVariable("ACTORS443_TEST_MEGABYTES") ?? "48", CultureInfo.InvariantCulture);

    private EngineHost _host = null!;

    public static TheoryData<string> Versions => ["1.1", "2.0"];

    public async Task InitializeAsync() => _host = await EngineHost.StartAsync(kind);

    public Task DisposeAsync() => _host.EndAsync();

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_large_body_arrives_whole(string version)
    {
        using HttpClient client = _host.CreateClient(Version.Parse(version));
        using var noise = new NoiseStream(LargeBody);
        string expected = Convert.ToHexString(await SHA256.HashDataAsync(noise));

        using HttpResponseMessage answer = await client.PostAsync("/digest", new StreamContent(new NoiseStream(LargeBody), 100_000));

        Assert.Equal((HttpStatusCode.OK, expected), (answer.StatusCode, await answer.Content.ReadAsStringAsync()));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_large_answer_arrives_whole(string version)
    {
        using HttpClient client = _host.CreateClient(Version.Parse(version));
        using var noise = new NoiseStream(LargeBody);
        string expected = Convert.ToHexString(await SHA256.HashDataAsync(noise));

        await using Stream answer = await client.GetStreamAsync($"/bytes/{LargeBody}");

        Assert.Equal(expected, Convert.ToHexString(await SHA256.HashDataAsync(answer)));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Bytes_go_both_ways_at_once(string version)
    {
        using HttpClient client = _host.CreateClient(Version.Parse(version));
        // HttpClient reads no answer before its request is sent: all must fit into the windows of HTTP/2.
        byte[] body = new byte[100_000];
        Random.Shared.NextBytes(body);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            using HttpResponseMessage answer = await client.PostAsync("/echo", new ByteArrayContent(body));
            Assert.Equal(body, await answer.Content.ReadAsByteArrayAsync());
        }));
    }

    [Fact]
    public async Task A_client_that_sends_byte_by_byte_is_served()
    {
        await using TlsClient client = await TlsClient.ConnectAsync(_host.Port, wrap: stream => new TrickleStream(stream));

        await client.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");

        Assert.Equal(200, (await client.ReadAnswerAsync()).Status);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Records_may_be_cut_anywhere(int seed)
    {
        await using TlsClient client = await TlsClient.ConnectAsync(_host.Port, wrap: stream => new SplittingStream(stream, new Random(seed)));
        byte[] body = new byte[400_000];
        new Random(seed).NextBytes(body);

        await client.SendAsync($"POST /digest HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body.Length}\r\n\r\n");
        await client.Stream.WriteAsync(body);

        string answer = await ReadUntilAsync(client, Convert.ToHexString(SHA256.HashData(body)));
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_record_may_be_cut_at_its_edges_and_anywhere_between()
    {
        const int Record = 16 * 1024;
        int[] cuts = [.. Enumerable.Range(1, 7), 1_000, 4_096, 8_191, 12_345, .. Enumerable.Range(Record - 2, 24)];
        CuttingStream? wire = null;
        await using TlsClient client = await TlsClient.ConnectAsync(_host.Port, protocols: SslProtocols.Tls13, wrap: stream => wire = new CuttingStream(stream));
        byte[] body = new byte[Record * cuts.Length];
        Random.Shared.NextBytes(body);
        await client.SendAsync($"POST /digest HTTP/1.1\r\nHost: localhost\r\nContent-Length: {body.Length}\r\n\r\n");

        for (int record = 0; record < cuts.Length; record++)
        {
            long before = await BytesReadAsync();
            // The second piece is sent once the server has taken the first.
            wire!.CutNext(cuts[record], first => Eventually.HoldsAsync(async () => await BytesReadAsync() >= before + first, $"the server has read {first} bytes"));
            await client.Stream.WriteAsync(body.AsMemory(record * Record, Record));
            await Eventually.HoldsAsync(async () => await BytesReadAsync() >= before + Record, "the server has read the record");
        }

        await ReadUntilAsync(client, Convert.ToHexString(SHA256.HashData(body)));
    }

    [Fact]
    public async Task Trailers_go_both_ways()
    {
        using HttpClient client = _host.CreateClient(HttpVersion.Version20);
        using HttpResponseMessage got = await client.GetAsync("/trailers");
        await using TlsClient raw = await TlsClient.ConnectAsync(_host.Port);

        await raw.SendAsync("POST /trailers HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: x-after\r\n\r\n4\r\nbody\r\n0\r\nx-after: said last\r\n\r\n");

        Assert.Equal("said last", Assert.Single(got.TrailingHeaders.GetValues("x-after")));
        await ReadUntilAsync(raw, "said last");
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task An_answer_may_be_written_on_any_thread(string version)
    {
        using HttpClient client = _host.CreateClient(Version.Parse(version));

        string[] answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => client.GetStringAsync("/elsewhere")));

        Assert.All(answers, answer => Assert.Equal("0,1,2,3,4,5,6,7,8,9,", answer));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task An_application_sees_what_it_sees_with_any_server(string version)
    {
        using HttpClient client = _host.CreateClient(Version.Parse(version));

        Assert.Equal("https Tls13 True localhost 127.0.0.1 True False True", await client.GetStringAsync("/features"));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_websocket_echoes(string version)
    {
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = Version.Parse(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var handler = new SocketsHttpHandler { SslOptions = new() { RemoteCertificateValidationCallback = static (_, certificate, _, _) => certificate is not null } };
        using var invoker = new HttpMessageInvoker(handler);
        await socket.ConnectAsync(new Uri($"wss://localhost:{_host.Port}/socket"), invoker, CancellationToken.None);
        byte[] message = new byte[50_000];
        byte[] received = new byte[message.Length];
        for (int round = 0; round < 20; round++)
        {
            Random.Shared.NextBytes(message);
            await socket.SendAsync(message, WebSocketMessageType.Binary, true, CancellationToken.None);
            int count = 0;
            while (count < received.Length)
                count += (await socket.ReceiveAsync(received.AsMemory(count), CancellationToken.None)).Count;
            Assert.Equal(message, received);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    [Fact]
    public async Task An_application_may_ask_for_the_end_of_a_connection()
    {
        await using TlsClient client = await TlsClient.ConnectAsync(_host.Port);

        HttpAnswer answer = await client.GetAsync("/last");

        Assert.Equal("close", answer.Headers["Connection"]);
        Assert.True(await client.EndsAsync());
    }

    [Fact]
    public async Task A_client_that_has_said_goodbye_still_gets_its_answer()
    {
        await using TlsClient client = await TlsClient.ConnectAsync(_host.Port);
        await client.SendAsync("POST /digest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");

        await client.Stream.ShutdownAsync();

        Assert.Equal(200, (await client.ReadAnswerAsync()).Status);
        Assert.True(await client.EndsAsync());
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task A_request_is_aborted_when_its_client_goes(string version)
    {
        using (HttpClient client = _host.CreateClient(Version.Parse(version)))
        {
            using HttpResponseMessage answer = await client.GetAsync("/waits", HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(0, _host.Aborted);
        }

        await Eventually.HoldsAsync(() => _host.Aborted == 1, "the request is aborted");
    }

    [Fact]
    public async Task Thousands_of_resets_at_every_state_leave_nothing_behind()
    {
        byte[] hello = new RawClientHello().ToRecord();
        await Parallel.ForAsync(0, 2_000, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (number, cancellationToken) =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, _host.Port, cancellationToken);
            switch (number % 5)
            {
                case 0:
                    break;
                case 1:
                    await socket.SendAsync(hello.AsMemory(0, number % hello.Length), cancellationToken);
                    break;
                case 2:
                    await socket.SendAsync(hello, cancellationToken);
                    break;
                case 3:
                    await socket.SendAsync(hello, cancellationToken);
                    await socket.ReceiveAsync(new byte[100], cancellationToken);
                    break;
                default:
                    await using (var ssl = new System.Net.Security.SslStream(new NetworkStream(socket, ownsSocket: false), true, static (_, certificate, _, _) => certificate is not null))
                    {
                        await ssl.AuthenticateAsClientAsync("localhost", null, SslProtocols.None, false);
                        if (number % 2 == 0)
                            await ssl.WriteAsync("GET /bytes/10000000 HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), cancellationToken);
                        socket.LingerState = new LingerOption(true, 0);
                        socket.Close();
                    }

                    return;
            }

            socket.LingerState = new LingerOption(true, 0);
        });

        await Eventually.HoldsAsync(async () => (await _host.ConnectionsAsync()).Count == 0 && _host.Environment.Gate.Connections == 0, "all are gone");
        using HttpClient client = _host.CreateClient(HttpVersion.Version11);
        Assert.Equal("Hello", await client.GetStringAsync("/"));
    }

    [Fact]
    public async Task A_server_ends_in_time_with_connections_open()
    {
        await using EngineHost host = await EngineHost.StartAsync(kind, settings => settings with { Drain = settings.Drain with { Deadline = TimeSpan.FromSeconds(1) } });
        using HttpClient client = host.CreateClient(HttpVersion.Version11);
        Task<HttpResponseMessage> waiting = client.GetAsync("/waits");
        await using TlsClient idle = await TlsClient.ConnectAsync(host.Port);
        await Eventually.HoldsAsync(async () => (await host.ConnectionsAsync()).Any(connection => connection.RequestsInFlight == 1), "a request is in flight");
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));

        await host.StopAsync(patience.Token);

        Assert.True(await idle.EndsAsync());
        await Assert.ThrowsAnyAsync<HttpRequestException>(async () => await (await waiting).Content.ReadAsStringAsync());
    }

    private async Task<long> BytesReadAsync() => Assert.Single(await _host.ConnectionsAsync()).BytesRead;

    private static async Task<string> ReadUntilAsync(TlsClient client, string end)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var text = new StringBuilder();
        byte[] buffer = new byte[4096];
        while (!text.ToString().Contains(end, StringComparison.Ordinal))
        {
            int count = await client.Stream.ReadAsync(buffer, patience.Token);
            Assert.NotEqual(0, count);
            text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }

        return text.ToString();
    }
}
