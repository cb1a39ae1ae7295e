using System.Net;
using System.Net.Sockets;

namespace Actors443.IntegrationTests.Tunnels;

/// <summary>Where tunnels of the tests lead: a TCP server on 127.0.0.1 that does one thing with each connection.</summary>
internal sealed class TargetServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Func<NetworkStream, Task> _serve;
    private readonly Task _accepting;
    private readonly List<Task> _serving = [];
    private readonly List<Socket> _sockets = [];

    private TargetServer(Func<NetworkStream, Task> serve)
    {
        _serve = serve;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public string Authority => $"127.0.0.1:{Port}";

    /// <summary>Connections that came.</summary>
    public int Accepted { get; private set; }

    /// <summary>Sends back what it gets, and ends when the other side does.</summary>
    public static TargetServer Echo() => new(async stream => await stream.CopyToAsync(stream));

    /// <summary>Does as told; then the connection is closed.</summary>
    public static TargetServer Start(Func<NetworkStream, Task> serve) => new(serve);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
        lock (_sockets)
            _sockets.ForEach(socket => socket.Dispose());
        await Task.WhenAll(_serving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync();
            }
            catch (Exception cause) when (cause is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }

            Accepted++;
            lock (_sockets)
                _sockets.Add(socket);
            _serving.Add(ServeAsync(socket));
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            await _serve(stream);
        }
        catch (Exception cause) when (cause is IOException or ObjectDisposedException)
        {
            // The other side, or the test, is gone.
        }
    }
}
