using System.Net;
using System.Net.Sockets;
using Actors443.Listening.Handover;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Actors443.Server.Admin;

/// <summary>The admin server's listening socket, which a process that replaces this one is given like the others.</summary>
internal sealed class AdminSockets(ListeningSockets sockets)
{
    private const string Listener = "admin";

    private Socket? _listening;

    /// <summary>Bound or inherited; Unix sockets, which have a name of their own in each process until they are published, are bound.</summary>
    /// <exception cref="SocketException">The address cannot be bound.</exception>
    public Socket Open(EndPoint wanted)
    {
        if (wanted is not IPEndPoint endPoint)
            return SocketTransportOptions.CreateDefaultBoundListenSocket(wanted);
        IReadOnlyList<int> inherited = sockets.Take(Listener, endPoint);
        _listening = inherited.Count > 0 ? new Socket(new SafeSocketHandle(inherited[0], ownsHandle: true)) : SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint);
        sockets.Add(Listener, endPoint, (int)_listening.Handle);
        return _listening;
    }

    /// <summary>Kestrel takes that for the end of its listener.</summary>
    public void Close()
    {
        if (_listening is not { } socket)
            return;
        sockets.Forget((int)socket.Handle);
        socket.Dispose();
    }
}
