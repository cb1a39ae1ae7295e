using System.Net;
using Actors443.Tunnels.Egress;

namespace Actors443.Engine.EventLoop;

/// <summary>Connects to targets by sockets of one loop.</summary>
internal sealed class LoopEgressConnector(EventLoop loop) : IEgressConnector
{
    public async Task<EgressSocket> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var egress = new LoopEgress(loop, endPoint);
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
