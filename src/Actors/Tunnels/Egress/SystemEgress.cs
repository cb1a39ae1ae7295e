using System.Net;
using System.Net.Sockets;

namespace Actors443.Tunnels.Egress;

/// <summary>An <see cref="EgressSocket"/> by the framework's sockets: every platform.</summary>
internal sealed class SystemEgress : EgressSocket
{
    private readonly Socket _socket;

    public SystemEgress(Socket socket, IPEndPoint remote)
    {
        _socket = socket;
        Remote = remote;
        socket.Blocking = false;
    }

    public override IPEndPoint Remote { get; }

    public override async ValueTask WaitAsync() => await _socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None);

    public override int Receive(Span<byte> bytes)
    {
        int count = _socket.Receive(bytes, SocketFlags.None, out SocketError error);
        return error switch
        {
            SocketError.Success => count,
            SocketError.WouldBlock => -1,
            _ => throw new SocketException((int)error),
        };
    }

    public override async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await _socket.SendAsync(bytes, SocketFlags.None)..];
    }

    public override void EndSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception cause) when (cause is SocketException or ObjectDisposedException)
        {
            // It is over both ways already, which whoever receives is told.
        }
    }

    public override void Close(bool reset)
    {
        if (reset)
            _socket.Close(0);
        else
            _socket.Dispose();
    }
}

/// <summary>Connects to targets by the framework's sockets.</summary>
internal sealed class SystemEgressConnector : IEgressConnector
{
    public static SystemEgressConnector Instance { get; } = new();

    public async Task<EgressSocket> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken);
            return new SystemEgress(socket, endPoint);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
