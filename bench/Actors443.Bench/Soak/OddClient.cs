using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Settings;

namespace Actors443.Bench.Soak;

/// <summary>
/// One thread that connects, goes as far as an <see cref="OddEnd"/> says, and leaves; again and again. Blocking sockets under OpenSSL: cheap, and every byte
/// in its hand.
/// </summary>
internal sealed unsafe partial class OddClient : IDisposable
{
    private const int OptionBindAddressNoPort = 24;
    private const int ReceiveTimeoutMs = 15_000;
    private const int SourceAddresses = 16;

    /// <summary>Share of the handshakes that offer the session of the last.</summary>
    private const double Resumed = 0.6;

    private static readonly byte[] Request = "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray();
    private static readonly byte[] LargeRequest = "GET /files/1m.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray();
    private static readonly byte[] Upload = "POST /proxy HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n"u8.ToArray();
    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"u8.ToArray();

    // :method GET, :scheme https, :path /hello, :authority localhost (RFC 7541 6.1, 6.2.2).
    private static readonly byte[] HelloHeaders = [0x82, 0x87, 0x04, 0x06, .. "/hello"u8, 0x01, 0x09, .. "localhost"u8];
    private static readonly byte[] FileHeaders = [0x82, 0x87, 0x04, 0x0D, .. "/files/1m.bin"u8, 0x01, 0x09, .. "localhost"u8];

    private static readonly OddEnd[] Ends = Enum.GetValues<OddEnd>();

    private readonly int _port;
    private readonly byte[] _hello;
    private readonly Random _random;
    private readonly ClientTlsContext[] _contexts;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(16 * 1024, pinned: true);
    private readonly long[] _counts = new long[Ends.Length];
    private readonly nint[] _sessions;
    private readonly int _number;
    private Socket _socket = null!;
    private nint _ssl;

    /// <param name="port">Of 127.0.0.1.</param>
    /// <param name="hello">A real ClientHello.</param>
    /// <param name="number">Chooses where it connects from, and with <paramref name="seed"/> what it does.</param>
    /// <param name="seed">Same seed, same order of ends.</param>
    public OddClient(int port, byte[] hello, int number, int seed)
    {
        _port = port;
        _hello = hello;
        _number = number;
        _random = new Random(seed * 1_000 + number);
        var tls12 = new ClientTlsSettings { MaximumVersion = System.Security.Authentication.SslProtocols.Tls12 };
        _contexts =
        [
            new ClientTlsContext(new ClientTlsSettings(), "localhost", LoadProtocol.Http1), new ClientTlsContext(tls12, "localhost", LoadProtocol.Http1),
            new ClientTlsContext(new ClientTlsSettings(), "localhost", LoadProtocol.Http2),
        ];
        _sessions = new nint[_contexts.Length];
    }

    /// <summary>Connections so far.</summary>
    public long Count => _counts.Sum();

    /// <summary>How often each end, in the order of the enumeration.</summary>
    public IReadOnlyList<long> Counts => _counts;

    /// <summary>Conversations that should have gone well and did not, with what happened.</summary>
    public List<string> Failures { get; } = [];

    public void RunUntil(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            OddEnd end = Ends[_random.Next(Ends.Length)];
            try
            {
                Play(end);
            }
            catch (Exception cause) when (cause is SocketException or IOException)
            {
                Failures.Add($"{end}: {cause.Message}");
            }

            _counts[(int)end]++;
        }
    }

    /// <summary>One connection.</summary>
    /// <exception cref="IOException">The server did not do its part.</exception>
    public void Play(OddEnd end)
    {
        using Socket socket = Connect();
        _socket = socket;
        try
        {
            Converse(end);
        }
        finally
        {
            if (_ssl != 0)
            {
                // Its session can be resumed, however it ended.
                OpenSsl.SSL_set_shutdown(_ssl, OpenSsl.ShutdownBothWays);
                OpenSsl.SSL_free(_ssl);
            }

            _ssl = 0;
            OpenSsl.ClearErrors();
        }
    }

    public void Dispose()
    {
        foreach (ClientTlsContext context in _contexts)
            context.Dispose();
        foreach (nint session in _sessions.Where(session => session != 0))
            OpenSsl.SSL_SESSION_free(session);
    }

    private void Converse(OddEnd end)
    {
        switch (end)
        {
            case OddEnd.SilentReset:
                Reset();
                break;
            case OddEnd.SilentFin:
                Fin();
                break;
            case OddEnd.HalfHelloReset:
                _socket.Send(_hello.AsSpan(0, _random.Next(1, _hello.Length)));
                Reset();
                break;
            case OddEnd.HalfHelloFin:
                _socket.Send(_hello.AsSpan(0, _random.Next(1, _hello.Length)));
                Fin();
                break;
            case OddEnd.HelloReset:
                _socket.Send(_hello);
                Reset();
                break;
            case OddEnd.ServerFlightReset:
                _socket.Send(_hello);
                _socket.Receive(_buffer.AsSpan(0, _random.Next(1, 200)));
                Reset();
                break;
            case OddEnd.ServerFlightFin:
                _socket.Send(_hello);
                _socket.Receive(_buffer);
                Fin();
                break;
            case OddEnd.BrokenHandshake:
                _socket.Send(_hello);
                _socket.Receive(_buffer);
                _socket.Send([23, 3, 3, 0, 40, .. new byte[40]]);
                ReadToEnd();
                break;
            case OddEnd.NotTls:
                _socket.Send("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"u8);
                ReadToEnd();
                break;
            case OddEnd.PlainHttp:
                _socket.Send(Request);
                ReadToEnd();
                break;
            case OddEnd.Http2 or OddEnd.Http2Reset:
                Handshake(2);
                Http2(end);
                break;
            default:
                Handshake(_random.Next(2));
                Http1(end);
                break;
        }
    }

    private void Http1(OddEnd end)
    {
        switch (end)
        {
            case OddEnd.OpenReset:
                Reset();
                break;
            case OddEnd.AnsweredReset:
                Write(Request);
                ReadAnswer();
                Reset();
                break;
            case OddEnd.RequestBodyReset:
                SendPartOfBody();
                Reset();
                break;
            case OddEnd.RequestBodyFin:
                SendPartOfBody();
                Fin();
                break;
            case OddEnd.ResponseReset:
                Write(LargeRequest);
                Read();
                Reset();
                break;
            case OddEnd.ResponseFin:
                Write(LargeRequest);
                Read();
                Fin();
                break;
            case OddEnd.CloseNotifyReset:
                Write(Request);
                _ = OpenSsl.SSL_shutdown(_ssl);
                Reset();
                break;
            case OddEnd.HalfClose:
                Write(Request);
                _ = OpenSsl.SSL_shutdown(_ssl);
                ReadAnswer();
                break;
            case OddEnd.BrokenRecord:
                Write(Request);
                ReadAnswer();
                _socket.Send([23, 3, 3, 0, 40, .. new byte[40]]);
                ReadToEnd();
                break;
        }
    }

    private void Http2(OddEnd end)
    {
        Write(Preface);
        int streams = end == OddEnd.Http2 ? 3 : 20;
        byte[] headers = end == OddEnd.Http2 ? HelloHeaders : FileHeaders;
        for (int stream = 0; stream < streams; stream++)
            Write([0, 0, (byte)headers.Length, 1, 5, 0, 0, 0, (byte)(stream * 2 + 1), .. headers]);
        if (end == OddEnd.Http2Reset)
        {
            Read();
            Reset();
            return;
        }

        int ended = 0;
        var frames = new List<byte>();
        while (ended < streams)
        {
            frames.AddRange(_buffer.AsSpan(0, Read()));
            while (frames.Count >= 9 && frames.Count >= 9 + (frames[0] << 16 | frames[1] << 8 | frames[2]))
            {
                int length = frames[0] << 16 | frames[1] << 8 | frames[2];
                if (frames[3] == 7)
                    throw new IOException("GOAWAY");
                ended += frames[3] <= 1 && (frames[4] & 1) == 1 ? 1 : 0;
                frames.RemoveRange(0, 9 + length);
            }
        }

        KeepSession();
        _ = OpenSsl.SSL_shutdown(_ssl);
    }

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = ReceiveTimeoutMs, SendTimeout = ReceiveTimeoutMs };
        // Each source address has ports of its own, and those that ended a while ago count for a minute.
        socket.SetRawSocketOption(0, OptionBindAddressNoPort, BitConverter.GetBytes(1));
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 1, (byte)(1 + _number % SourceAddresses)]), 0));
        socket.Connect(IPAddress.Loopback, _port);
        return socket;
    }

    private void Handshake(int context)
    {
        _context = context;
        nint session = _random.NextDouble() < Resumed ? _sessions[context] : 0;
        _ssl = _contexts[context].Open((int)_socket.Handle, session);
        int result = OpenSsl.SSL_do_handshake(_ssl);
        if (result != 1)
            throw new IOException($"handshake: error {OpenSsl.SSL_get_error(_ssl, result)}, {OpenSsl.ReasonText(OpenSsl.TakeReason())}");
    }

    private int _context;

    private void Write(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* start = bytes)
        {
            for (int sent = 0; sent < bytes.Length;)
            {
                int count = OpenSsl.SSL_write(_ssl, start + sent, bytes.Length - sent);
                if (count <= 0)
                    throw new IOException($"write: error {OpenSsl.SSL_get_error(_ssl, count)}");
                sent += count;
            }
        }
    }

    private int Read()
    {
        fixed (byte* start = _buffer)
        {
            int count = OpenSsl.SSL_read(_ssl, start, _buffer.Length);
            return count > 0 ? count : throw new IOException($"read: error {OpenSsl.SSL_get_error(_ssl, count)}");
        }
    }

    private void ReadAnswer()
    {
        int total = 0;
        var answer = new byte[1024];
        while (answer.AsSpan(0, total).IndexOf("Hello, World!"u8) < 0)
        {
            int count = Read();
            _buffer.AsSpan(0, count).CopyTo(answer.AsSpan(total));
            total += count;
        }

        KeepSession();
    }

    private void KeepSession()
    {
        if (_sessions[_context] != 0)
            OpenSsl.SSL_SESSION_free(_sessions[_context]);
        _sessions[_context] = SSL_get1_session(_ssl);
    }

    private void SendPartOfBody()
    {
        Write(Upload);
        Write(_buffer.AsSpan(0, _random.Next(1, _buffer.Length)));
    }

    /// <summary>The server is to end the connection, whatever it says before.</summary>
    private void ReadToEnd()
    {
        try
        {
            while (_socket.Receive(_buffer) > 0)
            {
                // An alert, or an answer for people.
            }
        }
        catch (SocketException cause) when (cause.SocketErrorCode == SocketError.ConnectionReset)
        {
            // That is an end, too.
        }
    }

    private void Reset() => _socket.LingerState = new LingerOption(true, 0);

    private void Fin() => _socket.Shutdown(SocketShutdown.Send);

    [LibraryImport("libssl.so.3")]
    private static partial nint SSL_get1_session(nint ssl);
}
