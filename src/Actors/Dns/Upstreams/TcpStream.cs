using System.Net;
using System.Net.Sockets;

namespace Actors443.Dns.Upstreams;

/// <summary>A TCP connection to an upstream.</summary>
internal static class TcpStream
{
    /// <exception cref="SocketException">It cannot be reached.</exception>
    public static async Task<NetworkStream> ConnectAsync(EndPoint server, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
