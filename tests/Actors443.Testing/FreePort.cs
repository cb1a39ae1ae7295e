using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Actors443.Testing;

/// <summary>Ports for programs that cannot be told to take any. Thread-safe.</summary>
public static class FreePort
{
    // Below those that the kernel gives to whoever asks for any: a client or server of another test never gets one that is free between its two lives.
    private const int First = 10_000;
    private const int OfEachProcess = 500;

    // Null: all ranges are somebody's, and any free port has to do.
    private static readonly (int Start, FileStream Lock)? Own = TakeRange();
    private static int _next = -1;

    /// <summary>A port of 127.0.0.1 that is free for TCP and UDP, and that nobody else who asks here is given.</summary>
    public static int Next()
    {
        for (int attempt = 0; attempt < OfEachProcess; attempt++)
        {
            int port = Own is { } own ? own.Start + (int)((uint)Interlocked.Increment(ref _next) % OfEachProcess) : 0;
            if (TryBind(ref port))
                return port;
        }

        throw new InvalidOperationException($"None of {OfEachProcess} ports of 127.0.0.1 from {Own?.Start} is free");
    }

    private static bool TryBind(ref int port)
    {
        using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            tcp.Bind(new IPEndPoint(IPAddress.Loopback, port));
            port = ((IPEndPoint)tcp.LocalEndPoint!).Port;
            udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // A file that is locked says which range is this process's, until it ends.
    private static (int, FileStream)? TakeRange()
    {
        string folder = Path.Combine(Path.GetTempPath(), "actors443-test-ports");
        Directory.CreateDirectory(folder);
        int end = FirstOfTheKernel();
        for (int start = First; start + OfEachProcess <= end; start += OfEachProcess)
        {
            try
            {
                return (start, new FileStream(Path.Combine(folder, start.ToString(CultureInfo.InvariantCulture)), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (Exception taken) when (taken is IOException or UnauthorizedAccessException)
            {
                // Another process's.
            }
        }

        return null;
    }

    private static int FirstOfTheKernel() =>
        File.Exists("/proc/sys/net/ipv4/ip_local_port_range") ? int.Parse(File.ReadAllText("/proc/sys/net/ipv4/ip_local_port_range").Split('\t', ' ')[0], CultureInfo.InvariantCulture) : 32_768;
}
