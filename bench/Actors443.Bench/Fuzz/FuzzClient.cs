using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Server.Load.Clients;
using Actors443.Testing.Fuzz;

namespace Actors443.Bench.Fuzz;

/// <summary>One thread of malice: connection after connection, each with a conversation that is wrong somewhere.</summary>
internal sealed class FuzzClient : IDisposable
{
    private const int OptionBindAddressNoPort = 24;
    private const int InputsKept = 50;

    /// <summary>What the server does not answer in so many milliseconds is no answer: it waits for more, and the next connection is worth more than patience.</summary>
    private const int QuickPatience = 5;

    /// <summary>For a server that checks its memory at each step.</summary>
    private const int LongPatience = 400;

    private readonly int _port;
    private readonly int _patience;
    private readonly int _number;
    private readonly IReadOnlyList<ClientTlsContext> _contexts;
    private readonly IReadOnlyList<byte[]> _hellos;
    private readonly Random _random;
    private readonly Mutator _mutator;
    private readonly nint[] _sessions;
    private readonly byte[] _buffer = new byte[32 * 1024];
    private Socket _socket = null!;

    /// <param name="port">Of 127.0.0.1.</param>
    /// <param name="number">With <paramref name="seed"/>: what it does.</param>
    /// <param name="seed">Of the run.</param>
    /// <param name="contexts">Ways to speak TLS; the last offers HTTP/2.</param>
    /// <param name="hellos">Real ClientHellos.</param>
    /// <param name="slow">The server takes its time.</param>
    public FuzzClient(int port, int number, int seed, IReadOnlyList<ClientTlsContext> contexts, IReadOnlyList<byte[]> hellos, bool slow)
    {
        _patience = slow ? LongPatience : QuickPatience;
        _port = port;
        _number = number;
        _contexts = contexts;
        _hellos = hellos;
        _random = new Random(seed * 1_000 + number);
        _mutator = new Mutator(_random);
        _sessions = new nint[contexts.Count];
    }

    public long Hellos { get; private set; }

    public long Handshakes { get; private set; }

    public long Records { get; private set; }

    public long Http { get; private set; }

    /// <summary>Sessions that came to be, so that something was tried inside them.</summary>
    public long Opened { get; private set; }

    /// <summary>What was sent last, oldest first: to find out what ended a server.</summary>
    public ConcurrentQueue<string> Recent { get; } = new();

    public void RunUntil(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using Socket socket = Connect();
                _socket = socket;
                Converse();
                Leave();
            }
            catch (SocketException)
            {
                // The server has had enough: it may.
            }
        }
    }

    public void Dispose()
    {
        foreach (nint session in _sessions.Where(session => session != 0))
            OpenSsl.SSL_SESSION_free(session);
    }

    private void Converse()
    {
        switch (_random.Next(8))
        {
            case 0:
                byte[] noise = new byte[_random.Next(1, 3_000)];
                _random.NextBytes(noise);
                if (_random.Next(2) == 0)
                    noise[0] = (byte)_random.Next(20, 25);
                Hellos++;
                Send(noise);
                Receive();
                break;
            case 1 or 2 or 3:
                Hellos++;
                Send(_mutator.Change(Any(_hellos), Any(_hellos)));
                if (Receive() > 0 && _random.Next(2) == 0)
                {
                    // After a HelloRetryRequest this is what comes; after anything else it is a surprise.
                    Send(_random.Next(2) == 0 ? Any(_hellos) : _mutator.Change(Any(_hellos), Any(_hellos)));
                    Receive();
                }

                break;
            case 4:
                Handshakes++;
                ShakeHands(changes: true);
                break;
            case 5:
                TalkInRecords();
                break;
            default:
                TalkHttp();
                break;
        }
    }

    /// <summary>A handshake, each flight of ours as it should be or, once, changed.</summary>
    private TlsTalker? ShakeHands(bool changes, int? context = null)
    {
        int chosen = context ?? _random.Next(_contexts.Count);
        var talker = new TlsTalker(_contexts[chosen], _random.Next(2) == 0 ? _sessions[chosen] : 0);
        int changed = changes ? _random.Next(1, 3) : -1;
        for (int flight = 0; flight < 4 && !talker.IsBroken; flight++)
        {
            talker.Handshake();
            byte[] said = talker.TakeSaid();
            if (said.Length > 0)
                Send(flight == changed ? _mutator.Change(said, Any(_hellos)) : said);
            if (talker.IsOpen)
                break;
            int count = Receive();
            if (count == 0)
                break;
            talker.Hear(_buffer.AsSpan(0, count));
        }

        if (changes || !talker.IsOpen)
        {
            Receive();
            talker.Dispose();
            return null;
        }

        Opened++;
        return talker;
    }

    /// <summary>A good handshake, then records that are not.</summary>
    private void TalkInRecords()
    {
        Records++;
        using TlsTalker? talker = ShakeHands(changes: false);
        if (talker is null)
            return;
        for (int round = _random.Next(1, 6); round > 0; round--)
        {
            switch (_random.Next(5))
            {
                case 0:
                    talker.ChangeKeys();
                    Send(talker.TakeSaid());
                    break;
                case 1:
                    talker.Say(Any(HttpSeeds.Http1));
                    Send(talker.TakeSaid());
                    break;
                case 2:
                    talker.Say(Any(HttpSeeds.Http1));
                    Send(_mutator.Change(talker.TakeSaid(), Any(_hellos)));
                    break;
                case 3:
                    Send(RandomRecord());
                    break;
                default:
                    talker.CloseNotify();
                    Send(talker.TakeSaid());
                    break;
            }

            Receive();
        }
    }

    /// <summary>Whatever HTTP may be mistaken for, in good records.</summary>
    private void TalkHttp()
    {
        Http++;
        bool http2 = _random.Next(2) == 0;
        using TlsTalker? talker = ShakeHands(changes: false, http2 ? _contexts.Count - 1 : _random.Next(_contexts.Count - 1));
        if (talker is null)
            return;
        IReadOnlyList<byte[]> seeds = http2 ? HttpSeeds.Http2 : HttpSeeds.Http1;
        for (int round = _random.Next(1, 4); round > 0; round--)
        {
            byte[] text = http2 && _random.Next(3) == 0 ? HttpSeeds.RandomFrames(_random) : _mutator.Change(Any(seeds), Any(seeds));
            foreach (ReadOnlyMemory<byte> piece in _mutator.Cut(text))
                talker.Say(piece.Span);
            Send(talker.TakeSaid());
            int count = Receive();
            if (count == 0)
                break;
            talker.Hear(_buffer.AsSpan(0, count));
            _ = talker.Listen();
        }

        int chosen = http2 ? _contexts.Count - 1 : 0;
        if (_sessions[chosen] != 0)
            OpenSsl.SSL_SESSION_free(_sessions[chosen]);
        _sessions[chosen] = talker.TakeSession();
    }

    private byte[] RandomRecord()
    {
        byte[] content = new byte[_random.Next(8) == 0 ? _random.Next(18_000) : _random.Next(60)];
        _random.NextBytes(content);
        return [(byte)_random.Next(19, 26), 3, (byte)_random.Next(0, 5), (byte)(content.Length >> 8), (byte)content.Length, .. content];
    }

    private Socket Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = _random.Next(200) == 0 ? LongPatience : _patience, SendTimeout = 3_000 };
        socket.SetRawSocketOption(0, OptionBindAddressNoPort, BitConverter.GetBytes(1));
        socket.Bind(new IPEndPoint(new IPAddress([127, 0, 2, (byte)(1 + _number)]), 0));
        socket.Connect(IPAddress.Loopback, _port);
        return socket;
    }

    private void Leave()
    {
        if (_random.Next(2) == 0)
            _socket.LingerState = new LingerOption(true, 0);
        else
            _socket.Shutdown(SocketShutdown.Send);
    }

    private void Send(byte[] bytes)
    {
        Recent.Enqueue(Convert.ToHexString(bytes));
        while (Recent.Count > InputsKept)
            Recent.TryDequeue(out _);
        foreach (ReadOnlyMemory<byte> piece in _mutator.Cut(bytes))
            _socket.Send(piece.Span);
    }

    /// <summary>What there is; 0: nothing in time, or the end.</summary>
    private int Receive()
    {
        try
        {
            return _socket.Receive(_buffer);
        }
        catch (SocketException cause) when (cause.SocketErrorCode is SocketError.WouldBlock or SocketError.TimedOut)
        {
            return 0;
        }
    }

    private byte[] Any(IReadOnlyList<byte[]> list) => list[_random.Next(list.Count)];
}
