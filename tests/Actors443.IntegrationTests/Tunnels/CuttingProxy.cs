using System.Net;
using System.Net.Sockets;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>Passes connections on to a port of 127.0.0.1, and cuts them when it is told to or after so many bytes.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _port;
    private readonly Task _accepting;
    private readonly List<Socket> _open = [];
    private readonly List<Task> _pumps = [];
    private long _passed;
    private long _cutAfter = long.MaxValue;
    private long _every;

    private CuttingProxy(int port)
    {
        _port = port;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Cuts made.</summary>
    public int Cuts { get; private set; }

    /// <summary>Connections accepted.</summary>
    public int Accepted { get; private set; }

    public static CuttingProxy To(int port) => new(port);

    /// <summary>Cuts again and again, each time so many bytes have passed either way.</summary>
    public void CutEvery(long bytes)
    {
        _every = bytes;
        Interlocked.Exchange(ref _cutAfter, Interlocked.Read(ref _passed) + bytes);
    }

    /// <summary>Cuts all connections by a reset, now.</summary>
    public void Cut()
    {
        lock (_open)
        {
            Cuts++;
            foreach (Socket socket in _open)
            {
                socket.LingerState = new LingerOption(true, 0);
                socket.Dispose();
            }

            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        Cut();
        await Task.WhenAll(_pumps).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket near;
            try
            {
                near = await _listener.AcceptSocketAsync();
            }
            catch (Exception cause) when (cause is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await far.ConnectAsync(IPAddress.Loopback, _port);
            lock (_open)
            {
                Accepted++;
                _open.Add(near);
                _open.Add(far);
            }

            _pumps.Add(PumpAsync(near, far));
            _pumps.Add(PumpAsync(far, near));
        }
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        byte[] buffer = new byte[32 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer)) > 0)
            {
                // Part of what came is passed on: cuts fall anywhere.
                long passed = Interlocked.Add(ref _passed, count);
                long limit = Interlocked.Read(ref _cutAfter);
                if (passed >= limit && Interlocked.CompareExchange(ref _cutAfter, passed + _every, limit) == limit)
                {
                    await to.SendAsync(buffer.AsMemory(0, count / 2));
                    Cut();
                    return;
                }

                for (int sent = 0; sent < count;)
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
        {
            // Cut.
        }
    }
}
