using System.Net;
using System.Net.Sockets;

namespace Actors443.Testing;

/// <summary>A port of 127.0.0.1 whose connections lead to whatever port it is told at the moment, as a load balancer's do. Stops at dispose.</summary>
internal sealed class TcpRelay : IAsyncDisposable
{
    private readonly TcpListener _listener;
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<Socket> _open;
    private readonly Func<int> _target;
    private readonly Task _accepting;

    /// <param name="target">The port for the next connection; asked on any thread.</param>
    public TcpRelay(Func<int> target)
        : this(0, () => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), target)
    {
    }

    /// <param name="port">Its own; 0: any.</param>
    /// <param name="open">Makes the sockets that are connected to the target.</param>
    /// <param name="target">The port for the next connection; asked on any thread.</param>
    public TcpRelay(int port, Func<Socket> open, Func<int> target)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _open = open;
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
                open.Add(RelayAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        catch (Exception cause) when (cause is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task RelayAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                using var upstream = new TcpClient { Client = _open() };
                await upstream.ConnectAsync(IPAddress.Loopback, _target(), _stop.Token);
                await Task.WhenAny(
                    client.GetStream().CopyToAsync(upstream.GetStream(), _stop.Token),
                    upstream.GetStream().CopyToAsync(client.GetStream(), _stop.Token));
            }
            catch (Exception cause) when (cause is IOException or SocketException or OperationCanceledException)
            {
                // Nobody listens there, or either side is gone: the client sees a connection that ends.
            }
        }
    }
}
