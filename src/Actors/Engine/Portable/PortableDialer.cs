using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Actors443.Connections;
using Actors443.Engine.Dialing;
using Actors443.Telemetry;

namespace Actors443.Engine.Portable;

/// <summary>Makes connections by the framework's sockets and SslStream.</summary>
/// <param name="metrics">Null: nobody counts.</param>
/// <param name="clock">Of the connections.</param>
internal sealed class PortableDialer(ConnectionMetrics? metrics, MonotonicClock clock) : IDialer
{
    public async Task<DialedClient> DialAsync(DialRequest request, CancellationToken cancellationToken)
    {
        Socket socket = await request.ConnectAsync(ConnectAsync, cancellationToken);
        var connection = new PortableDialedConnection(socket, request, metrics, clock);
        metrics?.Accepted(request.Name);
        request.Owners?.Accepted(connection);
        try
        {
            await connection.SecureAsync(request.Tls, cancellationToken);
        }
        catch (Exception cause)
        {
            // An OperationCanceledException is the same to whoever waits, and another end of the connection.
            if (cause is OperationCanceledException)
                connection.SetReason(CloseReason.HandshakeTimeout);
            await connection.EndAsync();
            // What its actor has aborted fails with whatever it was at.
            if (cause is AuthenticationException or IOException or InvalidOperationException)
                throw new DialException(connection.Reason, connection.ReasonDetail, connection.PeerAlert, cause);
            throw;
        }

        var dialed = new DialedClient(connection, connection);
        _ = connection.EndAsync(dialed.Released);
        return dialed;
    }

    private static async Task<Socket> ConnectAsync(DialRequest request, CancellationToken cancellationToken)
    {
        var socket = new Socket(request.To.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (request.From is { } from)
                socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(request.To, cancellationToken);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
