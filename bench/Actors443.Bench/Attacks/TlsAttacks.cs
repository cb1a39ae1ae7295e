using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Actors443.Bench.Fuzz;
using Actors443.Server.Load.Clients;
using Actors443.Server.Load.Settings;

namespace Actors443.Bench.Attacks;

/// <summary>A client of TLS whose every byte is in the attack's hand.</summary>
internal sealed class TlsAttacker : IDisposable
{
    private const int Patience = 4_000;

    private readonly Socket _socket;
    private readonly byte[] _buffer = new byte[32 * 1024];

    public TlsAttacker(ClientTlsContext context, int port, IPAddress from)
    {
        Talker = new TlsTalker(context, 0);
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = Patience, SendTimeout = Patience };
        _socket.Bind(new IPEndPoint(from, 0));
        _socket.Connect(IPAddress.Loopback, port);
    }

    public TlsTalker Talker { get; }

    public void Send(ReadOnlySpan<byte> bytes) => _socket.Send(bytes);

    /// <summary>Handshakes to the end.</summary>
    /// <param name="first">Sends the ClientHello; null: as it is.</param>
    /// <returns>False: the server has ended it.</returns>
    public bool Handshake(Action<byte[]>? first = null)
    {
        while (true)
        {
            Talker.Handshake();
            byte[] said = Talker.TakeSaid();
            if (said.Length > 0 && first is not null)
                first(said);
            else if (said.Length > 0)
                _socket.Send(said);
            first = null;
            if (Talker.IsOpen)
                return true;
            if (Talker.IsBroken || !Hear())
                return false;
        }
    }

    /// <summary>One request; true: it was answered.</summary>
    public bool Ask()
    {
        Talker.Say("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"u8);
        _socket.Send(Talker.TakeSaid());
        while (Hear())
        {
            if (Talker.Listen() > 100)
                return true;
        }

        return false;
    }

    /// <summary>Reads until the server ends the connection; false: it does not within four seconds.</summary>
    public bool Ends()
    {
        try
        {
            while (_socket.Receive(_buffer) > 0)
            {
                // What was still to come.
            }

            return true;
        }
        catch (SocketException cause)
        {
            return cause.SocketErrorCode is not (SocketError.WouldBlock or SocketError.TimedOut);
        }
    }

    public void Dispose()
    {
        Talker.Dispose();
        _socket.Close(0);
    }

    private bool Hear()
    {
        int count = _socket.Receive(_buffer);
        Talker.Hear(_buffer.AsSpan(0, count));
        return count > 0;
    }
}

/// <summary>New keys of TLS 1.3 (RFC 8446 4.6.3) without end, each of which asks for an answer.</summary>
internal sealed class KeyUpdates : Attack
{
    private const int Workers = 8;
    private long _updates;
    private long _ended;
    private long _connections;

    public override string Name => "key-update-flood";

    public override AttackBounds Bounds => new(CutBy: ["protocol_error", "client_closed"]);

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        using var context = new ClientTlsContext(new ClientTlsSettings { MinimumVersion = SslProtocols.Tls13 }, "localhost", LoadProtocol.Http1);
        await RepeatAsync(Workers, 5, async _ => await Task.Run(() => Flood(context, scene), CancellationToken.None), stop);
        return AttackResult.Of(string.Create(CultureInfo.InvariantCulture, $"{_connections:N0} connections, {_updates:N0} updates, {_ended:N0} ended by the server"), _updates == 0 ? ["nothing was sent"] : []);
    }

    private void Flood(ClientTlsContext context, AttackScene scene)
    {
        using var client = new TlsAttacker(context, scene.Port, scene.NextAddress());
        Interlocked.Increment(ref _connections);
        if (!client.Handshake())
            return;
        try
        {
            for (int count = 0; count < 5_000; count += 50)
            {
                for (int round = 0; round < 50; round++)
                    client.Talker.ChangeKeys();
                client.Send(client.Talker.TakeSaid());
                Interlocked.Add(ref _updates, 50);
            }
        }
        catch (SocketException)
        {
            Interlocked.Increment(ref _ended);
            return;
        }

        if (client.Ends())
            Interlocked.Increment(ref _ended);
    }
}

/// <summary>Renegotiation of TLS 1.2, which a client could have a server repeat for ever (CVE-2011-1473).</summary>
internal sealed class Renegotiation : Attack
{
    private const int Workers = 8;
    private long _asked;
    private long _ended;

    public override string Name => "renegotiation-flood";

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        using var context = new ClientTlsContext(new ClientTlsSettings { MaximumVersion = SslProtocols.Tls12 }, "localhost", LoadProtocol.Http1);
        await RepeatAsync(Workers, 5, async _ => await Task.Run(() =>
        {
            using var client = new TlsAttacker(context, scene.Port, scene.NextAddress());
            if (!client.Handshake())
                return;
            client.Talker.ChangeKeys();
            client.Send(client.Talker.TakeSaid());
            Interlocked.Increment(ref _asked);
            if (client.Ends())
                Interlocked.Increment(ref _ended);
        }, CancellationToken.None), stop);
        return AttackResult.Of(
            string.Create(CultureInfo.InvariantCulture, $"{_asked:N0} times, {_ended:N0} ended by the server"),
            _asked == 0 ? ["nothing was asked"] : _ended < _asked ? [$"{_asked - _ended} connections were left open"] : []);
    }
}

/// <summary>ClientHellos in pieces: a byte a packet, a byte a record, and a byte now and then, until the deadline.</summary>
internal sealed class CutHellos : Attack
{
    private const int Each = 20;

    public override string Name => "cut-hellos";

    public override TimeSpan Duration => TimeSpan.FromSeconds(30);

    public override AttackBounds Bounds => new(CutBy: ["handshake_timeout"]);

    public override string SettingsFor(AttackScene scene) => "deadlines.handshake = 2s";

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        using var context = new ClientTlsContext(new ClientTlsSettings(), "localhost", LoadProtocol.Http1);
        int packets = await ServedAsync(scene, context, static (client, hello) =>
        {
            foreach (byte one in hello)
                client.Send([one]);
        });
        // A handshake message may be cut at any byte (RFC 8446 5.1).
        int records = await ServedAsync(scene, context, static (client, hello) =>
        {
            using var cut = new MemoryStream();
            foreach (byte one in hello[5..])
                cut.Write([22, 3, 1, 0, 1, one]);
            client.Send(cut.ToArray());
        });
        int dripped = await ServedAsync(scene, context, static (client, hello) =>
        {
            foreach (byte one in hello)
            {
                client.Send([one]);
                Thread.Sleep(50);
            }
        });
        var faults = new List<string>();
        if (packets < Each)
            faults.Add($"{Each - packets} hellos in packets of a byte were not served");
        if (dripped > 0)
            faults.Add($"{dripped} dripped hellos outlived the deadline");
        return new AttackResult($"a byte a packet: {packets} of {Each} served; a byte a record: {records} of {Each}; dripped for 15 s: {dripped} of {Each}", faults, []);
    }

    private static async Task<int> ServedAsync(AttackScene scene, ClientTlsContext context, Action<TlsAttacker, byte[]> send)
    {
        bool[] served = await Task.WhenAll(Enumerable.Range(0, Each).Select(_ => Task.Factory.StartNew(() =>
        {
            try
            {
                using var client = new TlsAttacker(context, scene.Port, scene.NextAddress());
                return client.Handshake(hello => send(client, hello)) && client.Ask();
            }
            catch (SocketException)
            {
                return false;
            }
        }, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        return served.Count(one => one);
    }
}

/// <summary>Handshakes that are begun and never ended: nothing, half a ClientHello, or a whole one whose answer is not read; from 150 addresses.</summary>
internal sealed class HalfOpen : Attack
{
    private const int Count = 1_500;
    private const int PerAddress = 10;

    public override string Name => "half-open";

    public override TimeSpan Duration => TimeSpan.FromSeconds(30);

    public override AttackBounds Bounds => new(MemoryMiB: 64, CutBy: ["handshake_timeout"]);

    public override async Task<AttackResult> RunAsync(AttackScene scene, CancellationToken stop)
    {
        byte[] hello = await TlsClient.CaptureHelloAsync();
        var sockets = new List<Socket>();
        try
        {
            IPAddress from = scene.NextAddress();
            for (int number = 0; number < Count; number++)
            {
                if (number % PerAddress == 0)
                    from = scene.NextAddress();
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                sockets.Add(socket);
                socket.Bind(new IPEndPoint(from, 0));
                await socket.ConnectAsync(IPAddress.Loopback, scene.Port, stop);
                await socket.SendAsync(hello.AsMemory(0, number % 3 * hello.Length / 2), stop);
            }

            // The deadline is ten seconds.
            int ended = 0;
            byte[] buffer = new byte[16 * 1024];
            foreach (Socket socket in sockets)
            {
                try
                {
                    while (await socket.ReceiveAsync(buffer, stop) > 0)
                    {
                        // The server's flight.
                    }

                    ended++;
                }
                catch (SocketException)
                {
                    ended++;
                }
            }

            return AttackResult.Of(string.Create(CultureInfo.InvariantCulture, $"{Count:N0} begun, {ended:N0} ended by the server"));
        }
        catch (OperationCanceledException)
        {
            return AttackResult.Of($"{Count} begun", "some were left open for 30 s");
        }
        finally
        {
            sockets.ForEach(socket => socket.Close(0));
        }
    }
}
