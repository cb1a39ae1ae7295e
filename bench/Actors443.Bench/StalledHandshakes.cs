using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Actors443.Bench;

/// <summary>A third of the stalled connections say nothing, a third send half a ClientHello, a third leave the server's first flight unread.</summary>
internal static class StalledHandshakes
{
    private const int Port = 18444;
    private const int GoodRequests = 300;

    public static async Task<int> RunAsync(int count)
    {
        string state = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        var stalled = new List<Socket>(count);
        try
        {
            using ServerUnderTest server = await ServerUnderTest.StartProductAsync(Port, state);
            await TlsClient.HandshakesAsync(server.Port, 500, 8, resume: false);
            Report("before", await TimeGoodClientAsync(server.Port));
            long before = server.Memory;
            byte[] hello = await TlsClient.CaptureHelloAsync();
            for (int i = 0; i < count; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, server.Port);
                if (i % 3 == 1)
                    await socket.SendAsync(hello.AsMemory(0, hello.Length / 2));
                else if (i % 3 == 2)
                    await socket.SendAsync(hello);
                stalled.Add(socket);
                // Old ones are cut by the deadline while new ones come: their number must not shrink unnoticed.
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} stalled, {(server.Memory - before) / 1024.0 / count:0.0} KiB each"));
            double[] during = await TimeGoodClientAsync(server.Port);
            Report("beside them", during);
            return during.Length == GoodRequests ? 0 : 1;
        }
        finally
        {
            stalled.ForEach(socket => socket.Dispose());
            Directory.Delete(state, recursive: true);
        }
    }

    private static async Task<double[]> TimeGoodClientAsync(int port)
    {
        var times = new List<double>();
        for (int i = 0; i < GoodRequests; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await TlsClient.HandshakesAsync(port, 1, 1, resume: false);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return [.. times.Order()];
    }

    private static void Report(string when, double[] times) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a client with full handshake and request, {when}: {times.Length} served, p50 {times[times.Length / 2]:0.0} ms, p99 {times[times.Length * 99 / 100]:0.0} ms, worst {times[^1]:0.0} ms"));
}
