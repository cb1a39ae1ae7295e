using System.Net;
using System.Net.Sockets;

namespace Actors443.Tunnels.Egress;

/// <summary>Connects to targets: the framework's sockets for all, or those of the event loop that the client's connection lives on. Thread-safe.</summary>
internal interface IEgressConnector
{
    /// <summary>A connection to this address and no other.</summary>
    /// <exception cref="SocketException">There is none to be had.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left open.</exception>
    Task<EgressSocket> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken);
}
