using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using Actors443.Admission;
using Actors443.Configuration;
using Actors443.Connections;
using Actors443.Engine.Http2;
using Actors443.Testing;
using Actors443.Testing.Http2;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Actors443.IntegrationTests.Engine;

/// <summary>Floods of HTTP/2 frames that Kestrel has no bound for: each is cut, its client is told why, and who does what clients do is not.</summary>
public sealed class FrameFloodTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    public static TheoryData<EngineKind, string> Floods
    {
        get
        {
            var all = new TheoryData<EngineKind, string>();
            foreach (EngineKind engine in (EngineKind[])[EngineKind.EventLoop, EngineKind.Portable])
            {
                foreach (string what in (string[])["resets", "pings", "settings", "windows", "priorities", "empty data", "padded data", "unknown frames", "empty continuations", "small continuations", "bodies beyond their length", "windows that overflow"])
                    all.Add(engine, what);
            }

            return all;
        }
    }

    [Fact]
    public void This_runtime_can_tell_clients_to_calm_down() => Assert.True(CalmDown.IsTold);

    [Theory]
    [MemberData(nameof(Floods))]
    public async Task A_flood_is_cut_and_its_client_told(EngineKind engine, string what)
    {
        await using EngineHost host = await EngineHost.StartAsync(engine);
        await using FrameClient client = await FrameClient.ConnectAsync(host.Port);
        byte[] request = FrameClient.Request();
        byte[] post = FrameClient.Request("POST", "/digest", more: ("content-length", "10"));
        if (what == "empty data" || what == "padded data")
            client.Add(FrameClient.Headers, FrameClient.EndHeaders, 1, FrameClient.Request("POST", "/digest"));
        else if (what.EndsWith("continuations", StringComparison.Ordinal))
            client.Add(FrameClient.Headers, 0, 1, request);
        int stream = 1;
        int sent = 0;
        do
        {
            for (int round = 0; round < 100; round++, sent++, stream += 2)
            {
                _ = what switch
                {
                    "resets" => client.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, stream, request).Add(FrameClient.Reset, 0, stream, 8),
                    "pings" => client.Add(FrameClient.Ping, 0, 0, new byte[8]),
                    "settings" => client.Add(FrameClient.Settings, 0, 0, []),
                    "windows" => client.Add(FrameClient.WindowUpdate, 0, 0, 1),
                    "priorities" => client.Add(FrameClient.Priority, 0, stream, [0, 0, 0, 0, 16]),
                    "empty data" => client.Add(FrameClient.Data, 0, 1, []),
                    "padded data" => client.Add(FrameClient.Data, FrameClient.Padded, 1, [3, 0, 0, 0]),
                    "unknown frames" => client.Add(0xEE, 0, 0, [1]),
                    "bodies beyond their length" => client.Add(FrameClient.Headers, FrameClient.EndHeaders, stream, post).Add(FrameClient.Data, 0, stream, new byte[20]),
                    "windows that overflow" => client.Add(FrameClient.Headers, FrameClient.EndHeaders, stream, post).Add(FrameClient.WindowUpdate, 0, stream, int.MaxValue),
                    "empty continuations" => client.Add(FrameClient.Continuation, 0, 1, []),
                    _ => client.Add(FrameClient.Continuation, 0, 1, [0, 1, (byte)'a', 1, (byte)'b']),
                };
            }
        }
        while (sent < 20_000 && await client.SendAsync());

        await client.Ended.WaitAsync(Soon);
        // Of many streams that it has to reset at once Kestrel may have had enough before, or what it says last be lost among them.
        if (what is not ("bodies beyond their length" or "windows that overflow"))
            Assert.Equal(FrameClient.EnhanceYourCalm, client.GoneAway);
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.FrameFlood && obituary.Detail is { Length: > 0 } && obituary.Remote.Equals(client.Local));
    }

    [Theory]
    [InlineData(EngineKind.EventLoop)]
    [InlineData(EngineKind.Portable)]
    public async Task Who_listens_only_when_all_is_said_is_told_as_well(EngineKind engine)
    {
        await using EngineHost host = await EngineHost.StartAsync(engine);
        await using TlsClient client = await TlsClient.ConnectAsync(host.Port, configure: static options => options.ApplicationProtocols = [SslApplicationProtocol.Http2], receiveBuffer: 4_096);
        using var flood = new MemoryStream();
        flood.Write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8);
        FrameClient.WriteFrame(flood, FrameClient.Settings, 0, 0, []);
        // More than anybody on the way takes before it is looked at.
        for (int ping = 0; ping < 200_000; ping++)
            FrameClient.WriteFrame(flood, FrameClient.Ping, 0, 0, new byte[8]);
        await client.Stream.WriteAsync(flood.GetBuffer().AsMemory(0, (int)flood.Length));

        byte[] head = new byte[9];
        byte[] payload = new byte[1_024];
        do
        {
            await client.Stream.ReadExactlyAsync(head);
            await client.Stream.ReadExactlyAsync(payload.AsMemory(0, head[2] + (head[1] << 8)));
        }
        while (head[3] != FrameClient.GoAway);
        Assert.Equal(FrameClient.EnhanceYourCalm, BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(4)));
        Assert.Equal(0, await client.Stream.ReadAsync(payload));
    }

    [Fact]
    public async Task Of_a_record_full_of_bodies_beyond_their_length_few_requests_are_begun()
    {
        await using EngineHost host = await EngineHost.StartAsync(EngineKind.EventLoop, settings => settings with { EventLoop = new EventLoopSettings { Applications = ApplicationThreads.Loop } });
        await using FrameClient client = await FrameClient.ConnectAsync(host.Port);
        byte[] post = FrameClient.Request("POST", "/digest", more: ("content-length", "10"));
        for (int stream = 1; stream < 400; stream += 2)
            client.Add(FrameClient.Headers, FrameClient.EndHeaders, stream, post).Add(FrameClient.Data, 0, stream, new byte[20]);
        await client.SendAsync();

        await client.Ended.WaitAsync(Soon);
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.FrameFlood && obituary.Remote.Equals(client.Local) && obituary.Last.Requests is > 0 and < 40);
    }

    [Theory]
    [InlineData(EngineKind.EventLoop)]
    [InlineData(EngineKind.Portable)]
    public async Task Who_reads_much_may_say_much(EngineKind engine)
    {
        await using EngineHost host = await EngineHost.StartAsync(engine, map: application => application.MapGet("/much", async (HttpContext context) =>
        {
            for (int part = 0; part < 2_000; part++)
            {
                await context.Response.Body.WriteAsync(new byte[200]);
                await context.Response.Body.FlushAsync();
            }
        }));
        await using FrameClient client = await FrameClient.ConnectAsync(host.Port);
        client.Add(FrameClient.WindowUpdate, 0, 0, 10_000_000).Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, 1, FrameClient.Request(path: "/much"));
        await client.SendAsync();
        // A window of the stream, one of the connection and a PING for each frame that comes, as simple clients do.
        int answered = 0;
        while (client.Bytes < 400_000)
        {
            Assert.False(client.Ended.IsCompleted, $"cut after {client.Bytes} bytes and {answered} frames by {client.GoneAway}");
            for (; answered < client.Received(FrameClient.Data); answered++)
                client.Add(FrameClient.WindowUpdate, 0, 0, 200).Add(FrameClient.WindowUpdate, 0, 1, 200).Add(FrameClient.Ping, 0, 0, new byte[8]);
            await client.SendAsync();
        }

        Assert.Null(client.GoneAway);
    }

    [Theory]
    [InlineData(EngineKind.EventLoop)]
    [InlineData(EngineKind.Portable)]
    public async Task Who_leaves_answers_waiting_is_cut_and_who_waits_for_answers_is_not(EngineKind engine)
    {
        var never = new TaskCompletionSource();
        await using EngineHost host = await EngineHost.StartAsync(
            engine,
            settings => settings with { Https = settings.Https with { Limits = settings.Https.Limits with { RateGrace = TimeSpan.FromMilliseconds(1_100) } } },
            map: application =>
            {
                application.MapGet("/much", (HttpContext context) => context.Response.Body.WriteAsync(new byte[100_000]).AsTask());
                application.MapGet("/later", async (HttpContext context) =>
                {
                    await context.Response.StartAsync();
                    await never.Task;
                });
            });
        await using FrameClient waiting = await FrameClient.ConnectAsync(host.Port);
        await using FrameClient stalling = await FrameClient.ConnectAsync(host.Port, null, (4, 100));
        for (int number = 0; number < 20; number++)
        {
            waiting.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, 2 * number + 1, FrameClient.Request(path: "/later"));
            stalling.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, 2 * number + 1, FrameClient.Request(path: "/much"));
        }

        await waiting.SendAsync();
        await stalling.SendAsync();
        await host.AwaitObituaryAsync(obituary => obituary.Reason == CloseReason.SlowReader && obituary.Remote.Equals(stalling.Local));
        await stalling.Ended.WaitAsync(Soon);
        Assert.False(waiting.Ended.IsCompleted);
        never.SetResult();
    }

    [Theory]
    [InlineData(EngineKind.EventLoop)]
    [InlineData(EngineKind.Portable)]
    public async Task The_third_flood_of_a_client_is_a_ban(EngineKind engine)
    {
        await using EngineHost host = await EngineHost.StartAsync(engine, settings => settings with { Admission = new AdmissionSettings { PerClient = new ClientLimitSettings { Exempt = [] } } });
        AdmissionGate gate = host.Services.GetRequiredService<AdmissionGate>();
        for (int flood = 1; flood <= 3; flood++)
        {
            Assert.Null(gate.BannedFor(IPAddress.Loopback));
            await using FrameClient client = await FrameClient.ConnectAsync(host.Port);
            client.Add(FrameClient.Headers, 0, 1, FrameClient.Request()).Add(FrameClient.Continuation, 0, 1, []);
            await client.SendAsync();
            await client.Ended.WaitAsync(Soon);
        }

        await Eventually.HoldsAsync(() => gate.BannedFor(IPAddress.Loopback) is not null, "a ban");
    }
}
