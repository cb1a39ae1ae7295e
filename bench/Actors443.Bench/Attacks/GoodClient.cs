using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Actors443.Bench.Attacks;

/// <summary>
/// What an honest client sees: on a thread of its own, some hundred requests a second at most on one connection, and with every fifth a new connection with a full handshake.
/// Blocking, so that the attackers' thread pool is not in its way.
/// </summary>
internal sealed class GoodClient : IDisposable
{
    private const int Timeout = 10_000;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly byte[] Request = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray();

    private readonly int _port;
    private readonly string _answer;
    private readonly bool _makesConnections;
    private readonly Thread _thread;
    private readonly Lock _lock = new();
    private readonly List<(long At, double Ms)> _times = [];
    private readonly List<string> _failures = [];
    private SslStream? _kept;
    private volatile bool _stopped;

    /// <param name="port">Of 127.0.0.1.</param>
    /// <param name="answer">What <c>/hello</c> says.</param>
    /// <param name="makesConnections">False: only the one.</param>
    public GoodClient(int port, string answer, bool makesConnections = true)
    {
        _makesConnections = makesConnections;
        _port = port;
        _answer = answer;
        _thread = new Thread(Run) { IsBackground = true, Name = "good client" };
        _thread.Start();
    }

    /// <summary>Requests that failed.</summary>
    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_lock)
                return [.. _failures];
        }
    }

    /// <summary>Milliseconds of each request that began at or after <paramref name="since"/>, sorted.</summary>
    public double[] Since(long since)
    {
        lock (_lock)
            return [.. _times.Where(time => time.At >= since).Select(time => time.Ms).Order()];
    }

    /// <summary>Milliseconds of the last requests, sorted.</summary>
    public double[] Last(int count)
    {
        lock (_lock)
            return [.. _times.TakeLast(count).Select(time => time.Ms).Order()];
    }

    public void Dispose()
    {
        _stopped = true;
        _thread.Join();
        _kept?.Dispose();
    }

    public static double P99(double[] sorted) => sorted.Length == 0 ? double.PositiveInfinity : sorted[Math.Min(sorted.Length - 1, sorted.Length * 99 / 100)];

    private void Run()
    {
        for (int number = 0; !_stopped; number++)
        {
            long start = Stopwatch.GetTimestamp();
            try
            {
                if (_makesConnections && number % 5 == 0)
                {
                    using SslStream stream = Connect();
                    Ask(stream);
                }
                else
                {
                    _kept ??= Connect();
                    Ask(_kept);
                }

                lock (_lock)
                    _times.Add((start, Stopwatch.GetElapsedTime(start).TotalMilliseconds));
            }
            catch (Exception cause) when (cause is IOException or SocketException or System.Security.Authentication.AuthenticationException)
            {
                lock (_lock)
                    _failures.Add($"{cause.GetType().Name}: {cause.Message}");
                _kept?.Dispose();
                _kept = null;
            }

            Thread.Sleep(Pause);
        }
    }

    private SslStream Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = Timeout, SendTimeout = Timeout };
        socket.Connect(IPAddress.Loopback, _port);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        stream.AuthenticateAsClient(TlsClient.Options(resume: false));
        return stream;
    }

    private void Ask(SslStream stream)
    {
        stream.Write(Request);
        byte[] buffer = new byte[4096];
        var text = new StringBuilder();
        while (!text.ToString().EndsWith(_answer, StringComparison.Ordinal))
        {
            int count = stream.Read(buffer);
            if (count == 0)
                throw new IOException($"The connection ended with '{text}'.");
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        if (!text.ToString().StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal))
            throw new IOException($"The answer was '{text}'.");
    }
}
