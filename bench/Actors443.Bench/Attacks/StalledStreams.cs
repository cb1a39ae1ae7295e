using System.Globalization;
using Actors443.Testing.Http2;

namespace Actors443.Bench.Attacks;

/// <summary>Very many answers that are asked for and not taken: windows of nothing, on 40 connections with 100 streams each, of a file of a mebibyte.</summary>
internal sealed class StalledStreams : Attack
{
    private const int Connections = 40;
    private const int Streams = 100;
    private const ushort InitialWindow = 4;

    public override string Name => "stalled-streams";

    public override TimeSpan Duration => TimeSpan.FromSeconds(15);

    public override AttackBounds Bounds => new(P99: 250, MemoryMiB: 128, CutBy: ["slow_reader"]);

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        byte[] request = FrameClient.Request(path: "/files/1m.bin");
        var clients = new List<FrameClient>();
        try
        {
            for (int number = 0; number < Connections; number++)
            {
                FrameClient client = await FrameClient.ConnectAsync(scene.Port, scene.NextAddress(), (InitialWindow, 0));
                clients.Add(client);
                for (int stream = 0; stream < Streams; stream++)
                    client.Add(FrameClient.Headers, FrameClient.EndHeaders | FrameClient.EndStream, 2 * stream + 1, request);
                await client.SendAsync(stop);
            }

            await Task.WhenAny(Task.WhenAll(clients.Select(client => client.Ended)), Task.Delay(Timeout.Infinite, stop));
            int ended = clients.Count(client => client.Ended.IsCompleted);
            return AttackResult.Of(
                string.Create(CultureInfo.InvariantCulture, $"{Connections * Streams:N0} streams on {Connections} connections, {ended} ended by the server"),
                ended < Connections ? [$"{Connections - ended} connections were left open"] : []);
        }
        finally
        {
            foreach (FrameClient client in clients)
                await client.DisposeAsync();
        }
    }
}
