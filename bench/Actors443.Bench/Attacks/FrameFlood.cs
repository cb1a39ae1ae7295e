using System.Globalization;
using Actors443.Testing.Http2;

namespace Actors443.Bench.Attacks;

/// <summary>One kind of HTTP/2 frame, or of request, again and again on each connection, from ever new addresses (or from one: the ban).</summary>
internal sealed class FrameFlood : Attack
{
    private const int Workers = 8;
    private const double ConnectionsPerSecond = 5;
    private const int Batch = 200;
    private const int BatchesAtMost = 50;

    private static readonly byte[] Request = FrameClient.Request(path: "/hello");
    private static readonly byte[] Post = FrameClient.Request("POST", "/proxy", more: ("content-length", "10"));

    private readonly Action<FrameClient>? _first;
    private readonly Action<FrameClient, int> _again;
    private readonly bool _oneAddress;
    private readonly bool _readsBody;
    private long _frames;
    private long _connections;
    private long _told;

    private FrameFlood(string name, Action<FrameClient, int> again, Action<FrameClient>? first = null, bool oneAddress = false, bool readsBody = false, double p99 = 100, params string[] cutBy)
    {
        Name = name;
        _again = again;
        _first = first;
        _oneAddress = oneAddress;
        _readsBody = readsBody;
        Bounds = new AttackBounds(p99, CutBy: cutBy.Length > 0 ? cutBy : ["frame_flood"]);
    }

    public override string Name { get; }

    public override AttackBounds Bounds { get; }

    public static IEnumerable<Attack> All =>
    [
        new FrameFlood("rapid-reset", static (client, stream) => client.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, stream, Request).Add(FrameClient.Reset, 0, stream, 8)),
        new FrameFlood(
            "rapid-reset-one-address",
            static (client, stream) => client.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, stream, Request).Add(FrameClient.Reset, 0, stream, 8),
            oneAddress: true,
            cutBy: "client_banned"),
        // CVE-2025-8671, by each of what makes a server reset a stream itself.
        new FrameFlood("made-you-reset-window-zero", static (client, stream) => Open(client, stream).Add(FrameClient.WindowUpdate, 0, stream, 0), cutBy: ["protocol_error", "frame_flood"]),
        new FrameFlood("made-you-reset-window-overflow", static (client, stream) => Open(client, stream).Add(FrameClient.WindowUpdate, 0, stream, int.MaxValue), p99: 250, cutBy: ["protocol_error", "frame_flood"]),
        new FrameFlood("made-you-reset-data-after-end", static (client, stream) => Open(client, stream).Add(FrameClient.Data, 0, stream, "late"u8), cutBy: ["protocol_error", "frame_flood"]),
        new FrameFlood("made-you-reset-priority-length", static (client, stream) => Open(client, stream).Add(FrameClient.Priority, 0, stream, [0, 0, 0]), cutBy: ["protocol_error", "frame_flood"]),
        new FrameFlood("made-you-reset-priority-self", static (client, stream) => Open(client, stream).Add(FrameClient.Priority, 0, stream, [(byte)(stream >> 24), (byte)(stream >> 16), (byte)(stream >> 8), (byte)stream, 16]), cutBy: ["protocol_error", "frame_flood"]),
        new FrameFlood("made-you-reset-content-length", static (client, stream) => client.Add(FrameClient.Headers, FrameClient.EndHeaders, stream, Post).Add(FrameClient.Data, 0, stream, new byte[20]), readsBody: true, cutBy: ["protocol_error", "frame_flood"]),
        new FrameFlood("continuation-empty", static (client, _) => client.Add(FrameClient.Continuation, 0, 1, []), static client => client.Add(FrameClient.Headers, 0, 1, Request)),
        new FrameFlood("continuation-flood", static (client, _) => client.Add(FrameClient.Continuation, 0, 1, [0, 1, (byte)'x', 1, (byte)'y']), static client => client.Add(FrameClient.Headers, 0, 1, Request)),
        new FrameFlood("ping-flood", static (client, _) => client.Add(FrameClient.Ping, 0, 0, new byte[8])),
        new FrameFlood("settings-flood", static (client, _) => client.Add(FrameClient.Settings, 0, 0, [0, 3, 0, 0, 0, 100])),
        new FrameFlood("window-update-flood", static (client, _) => client.Add(FrameClient.WindowUpdate, 0, 0, 1)),
        new FrameFlood("priority-flood", static (client, stream) => client.Add(FrameClient.Priority, 0, stream, [0, 0, 0, 0, 16])),
        new FrameFlood("empty-data-flood", static (client, _) => client.Add(FrameClient.Data, 0, 1, []), static client => client.Add(FrameClient.Headers, FrameClient.EndHeaders, 1, FrameClient.Request("POST", "/proxy"))),
        new FrameFlood("unknown-frame-flood", static (client, _) => client.Add(0xEE, 0, 0, new byte[100])),
    ];

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        // What is refused at once is answered before its body breaks a rule.
        if (_readsBody)
            scene.Site.StartUpstream();
        System.Net.IPAddress one = scene.NextAddress();
        await RepeatAsync(Workers, ConnectionsPerSecond, _ => FloodAsync(scene.Port, _oneAddress ? one : scene.NextAddress(), stop), stop);
        return AttackResult.Of(string.Create(CultureInfo.InvariantCulture, $"{_connections:N0} connections, {_frames:N0} times, {_told:N0} told by GOAWAY"), _frames == 0 ? ["nothing was sent"] : []);
    }

    private static FrameClient Open(FrameClient client, int stream) => client.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, stream, Request);

    private async Task FloodAsync(int port, System.Net.IPAddress from, CancellationToken stop)
    {
        await using FrameClient client = await FrameClient.ConnectAsync(port, from);
        Interlocked.Increment(ref _connections);
        _first?.Invoke(client);
        int stream = 1;
        for (int batches = 0; batches < BatchesAtMost && !stop.IsCancellationRequested; batches++)
        {
            for (int count = 0; count < Batch; count++, stream += 2)
                _again(client, stream);
            Interlocked.Add(ref _frames, Batch);
            if (!await client.SendAsync(stop))
                break;
            // The attacker's own work is not to be what the good client waits for.
            if (batches > 10)
                await Task.Delay(5, CancellationToken.None);
        }

        // What it says last is told when it comes, and it comes at once or never.
        await Task.WhenAny(client.Ended, Task.Delay(500, CancellationToken.None));
        if (client.GoneAway is > 0)
            Interlocked.Increment(ref _told);
    }
}
