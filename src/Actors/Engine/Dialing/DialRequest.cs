using System.Net;
using System.Net.Sockets;

namespace Actors443.Engine.Dialing;

/// <summary>Where to connect, and how.</summary>
/// <param name="Name">In the place of a listener's name.</param>
/// <param name="To">The address.</param>
/// <param name="From">An address of this machine; null: the system chooses.</param>
/// <param name="Tls">What is shown, and wanted.</param>
/// <param name="ConnectWithin">For TCP alone; then it counts as one that does not answer (<see cref="SocketError.TimedOut"/>).</param>
/// <param name="Patience">For the handshake, however little time clients have for theirs; whoever dials cancels.</param>
/// <param name="Owners">Gives the connection its actor once there is one; null: none owns it.</param>
internal sealed record DialRequest(string Name, IPEndPoint To, IPAddress? From, ClientTls Tls, TimeSpan ConnectWithin, TimeSpan Patience, IConnectionOwners? Owners)
{
    /// <summary>Connects by TCP in the time that there is for it.</summary>
    /// <exception cref="SocketException">There is no connection to be had.</exception>
    public async Task<T> ConnectAsync<T>(Func<DialRequest, CancellationToken, Task<T>> connect, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        enough.CancelAfter(ConnectWithin);
        try
        {
            return await connect(this, enough.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SocketException((int)SocketError.TimedOut);
        }
    }
}
