using System.Diagnostics;
using System.Globalization;
using System.Net.Security;

namespace Actors443.Bench;

/// <summary>Many connections that do nothing, at plain Kestrel and at Actors443; then a drain that must end all of the latter in order.</summary>
internal static class IdleConnections
{
    private const int Port = 18443;
    private const int Warm = 500;

    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    public static async Task<int> RunAsync(int count)
    {
        string state = Directory.CreateTempSubdirectory("actors443-bench-").FullName;
        try
        {
            using (ServerUnderTest stock = await ServerUnderTest.StartComparedAsync("stock"))
                await EndAsync(await HoldAsync("stock", stock, count));

            using ServerUnderTest server = await ServerUnderTest.StartProductAsync(Port, state, "--set", "deadlines.idle=10m");
            SslStream[] streams = await HoldAsync("actors443", server, count);
            Task<int[]> ends = Task.WhenAll(streams.Select(ReadToEndAsync));
            long start = Stopwatch.GetTimestamp();
            int exit = await server.TerminateAsync(TimeSpan.FromSeconds(60));
            int inOrder = (await ends).Sum();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"drained in {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s: {inOrder} of {count} ended with close_notify, exit code {exit}"));
            return inOrder == count && exit == 0 ? 0 : 1;
        }
        finally
        {
            Directory.Delete(state, recursive: true);
        }
    }

    private static async Task<SslStream[]> HoldAsync(string name, ServerUnderTest server, int count)
    {
        await TlsClient.HandshakesAsync(server.Port, Warm, 8, resume: false);
        long before = server.Memory;
        TimeSpan cpuBefore = server.Cpu;
        long start = Stopwatch.GetTimestamp();
        var streams = new SslStream[count];
        SslClientAuthenticationOptions options = TlsClient.Options(resume: false);
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, stop) => streams[i] = await TlsClient.ConnectAsync(server.Port, options, stop));
        TimeSpan opening = Stopwatch.GetElapsedTime(start);
        long held = server.Memory - before;
        double cpuEach = (server.Cpu - cpuBefore).TotalMicroseconds / count;
        // The compiler and the collector are still busy with what has just happened.
        await Task.Delay(Quiet);
        TimeSpan cpuIdle = server.Cpu;
        await Task.Delay(Quiet);
        double idle = (server.Cpu - cpuIdle) / Quiet;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name,-10} {count} connections open after {opening.TotalSeconds:0.0} s: {cpuEach:0} us of CPU and {held / 1024.0 / count:0.0} KiB of memory each ({server.Memory >> 20} MiB in all); idle, {idle:0.0 %} of a core"));
        return streams;
    }

    private static async Task EndAsync(SslStream[] streams)
    {
        foreach (SslStream stream in streams)
            await stream.DisposeAsync();
    }

    private static async Task<int> ReadToEndAsync(SslStream stream)
    {
        try
        {
            // Zero is a close_notify; a connection cut without one is an exception.
            return await stream.ReadAsync(new byte[1]) == 0 ? 1 : 0;
        }
        catch (IOException)
        {
            return 0;
        }
        finally
        {
            await stream.DisposeAsync();
        }
    }
}
