using System.Diagnostics;
using System.Runtime.InteropServices;
using Actors443.Bench.Attacks;
using Actors443.Bench.Servers;
using Actors443.Bench.Soak;

namespace Actors443.Bench.Faults;

/// <summary>Something that a server needs runs out, breaks or vanishes.</summary>
internal abstract partial class Fault
{
    /// <summary>As it is asked for on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Why it cannot be run here; null: it can.</summary>
    public virtual string? Missing => null;

    /// <summary>Lets it happen, and looks.</summary>
    /// <param name="site">The server's files; goes after.</param>
    /// <param name="engine">Of the server.</param>
    public abstract Task<FaultResult> RunAsync(BenchSite site, string engine);

    protected static string NeedsRoot => Environment.IsPrivilegedProcess ? "" : "it needs root";

    /// <summary>Waits until something holds; false: it does not in time.</summary>
    protected static async Task<bool> HoldsAsync(Func<Task<bool>> condition, TimeSpan within)
    {
        long start = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(start) > within)
                return false;
            await Task.Delay(50);
        }

        return true;
    }

    /// <summary>A good client for a while; answers what went wrong for it, and the slowest request.</summary>
    protected static async Task<(IReadOnlyList<string> Failures, int Served, double Slowest)> ServeAsync(WatchedServer server, TimeSpan time, bool makesConnections = true, Func<Task>? meanwhile = null)
    {
        using var client = new GoodClient(server.Port, BenchSite.Hello, makesConnections);
        await Task.WhenAll(Task.Delay(time), meanwhile?.Invoke() ?? Task.CompletedTask);
        double[] times = client.Since(0);
        return (client.Failures, times.Length, times.Length == 0 ? 0 : times[^1]);
    }

    /// <summary>The code of a request's answer; 0: none came.</summary>
    protected static async Task<int> StatusAsync(int port, string path = "/hello", string host = "localhost")
    {
        try
        {
            return RawHttp.StatusOf(await RawHttp.SendAsync(port, $"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        }
        catch (Exception cause) when (cause is IOException or System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException or OperationCanceledException)
        {
            return 0;
        }
    }

    protected static void Signal(int process, int signal)
    {
        if (kill(process, signal) != 0)
            throw new InvalidOperationException($"kill: error {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int process, int signal);
}

/// <summary>What came of a fault.</summary>
/// <param name="What">In a sentence, with numbers.</param>
/// <param name="Broken">What should not have happened.</param>
internal sealed record FaultResult(string What, IReadOnlyList<string> Broken);
