using System.Net.Sockets;

namespace Actors443.Engine.Dialing;

/// <summary>Makes connections to other servers, on which it is the client of TLS. Thread-safe.</summary>
internal interface IDialer
{
    /// <summary>Connects to one address, and completes when TLS is agreed upon.</summary>
    /// <exception cref="SocketException">There is no connection to be had.</exception>
    /// <exception cref="DialException">There is one, and TLS came to nothing: why. It is over by then.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing is left open.</exception>
    Task<DialedClient> DialAsync(DialRequest request, CancellationToken cancellationToken);
}
