using System.Net;
using Actors443.Tunnels.Egress;

namespace Actors443.Engine.EventLoop;

/// <summary>Connects to targets by sockets of one loop.</summary>
internal sealed class LoopEgressConnector(EventLoop loop) : IEgressConnector
{
    public async Task<EgressSocket> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken) => await ConnectAsync(endPoint, null, cancellationToken);

    /// <inheritdoc cref="ConnectAsync(IPEndPoint, CancellationToken)"/>
    /// <param name="endPoint">The address.</param>
    /// <param name="from">An address of this machine; null: the system chooses.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<LoopEgress> ConnectAsync(IPEndPoint endPoint, IPAddress? from, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var egress = new LoopEgress(loop, endPoint, from);
        try
        {
            await using (cancellationToken.UnsafeRegister(static egress => ((LoopEgress)egress!).Close(reset: true), egress))
                await egress.ConnectAsync();
            // It may have been cancelled, and so closed, in the moment it was connected.
            cancellationToken.ThrowIfCancellationRequested();
            return egress;
        }
        catch
        {
            egress.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }
}
