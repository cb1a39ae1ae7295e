using System.Globalization;
using Actors443.Testing.Http2;

namespace Actors443.Bench.Attacks;

/// <summary>Slowloris over HTTP/2, which slowhttptest does not speak: a header block that never ends, or a body that comes byte by byte, on very many connections.</summary>
internal sealed class SlowHttp2 : Attack
{
    private const int Connections = 400;
    private const int PerAddress = 10;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly Action<FrameClient> _first;
    private readonly Action<FrameClient> _again;

    private SlowHttp2(string name, string cutBy, Action<FrameClient> first, Action<FrameClient> again)
    {
        Name = name;
        Bounds = new AttackBounds(P99: 250, CutBy: [cutBy]);
        (_first, _again) = (first, again);
    }

    public override string Name { get; }

    public override TimeSpan Duration => TimeSpan.FromSeconds(30);

    public override AttackBounds Bounds { get; }

    public static IEnumerable<Attack> All =>
    [
        // An indexed name and value (RFC 7541 6.2.2) in each piece.
        new SlowHttp2("slow-headers-h2", "headers_timeout", static client => client.Add(FrameClient.Headers, 0, 1, FrameClient.Request(path: "/hello")), static client => client.Add(FrameClient.Continuation, 0, 1, [0, 1, (byte)'x', 1, (byte)'y'])),
        new SlowHttp2(
            "slow-body-h2",
            "slow_sender",
            static client => client.Add(FrameClient.Headers, FrameClient.EndHeaders, 1, FrameClient.Request("POST", "/proxy", more: ("content-length", "100000"))),
            static client => client.Add(FrameClient.Data, 0, 1, "x"u8)),
    ];

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        scene.Site.StartUpstream();
        var clients = new List<FrameClient>();
        try
        {
            System.Net.IPAddress from = scene.NextAddress();
            for (int number = 0; number < Connections && !stop.IsCancellationRequested; number++)
            {
                if (number % PerAddress == 0)
                    from = scene.NextAddress();
                FrameClient client = await FrameClient.ConnectAsync(scene.Port, from);
                clients.Add(client);
                await client.SendAsync(stop);
            }

            // Nothing may come between the pieces of a header block: what is owed to the server first is said before.
            foreach (FrameClient client in clients)
            {
                while (client.Received(FrameClient.Settings) == 0 && !client.Ended.IsCompleted && !stop.IsCancellationRequested)
                    await Task.Delay(10, CancellationToken.None);
                await client.SendAsync(CancellationToken.None);
                _first(client);
                await client.SendAsync(CancellationToken.None);
            }

            while (!stop.IsCancellationRequested && clients.Exists(client => !client.Ended.IsCompleted))
            {
                foreach (FrameClient client in clients.Where(client => !client.Ended.IsCompleted))
                {
                    _again(client);
                    await client.SendAsync(CancellationToken.None);
                }

                await Task.WhenAny(Task.WhenAll(clients.Select(client => client.Ended)), Task.Delay(Pause, CancellationToken.None));
            }

            int ended = clients.Count(client => client.Ended.IsCompleted);
            return AttackResult.Of(
                string.Create(CultureInfo.InvariantCulture, $"{clients.Count} connections, {ended} ended by the server"),
                ended < clients.Count ? [$"{clients.Count - ended} connections were left open"] : []);
        }
        finally
        {
            foreach (FrameClient client in clients)
                await client.DisposeAsync();
        }
    }
}
