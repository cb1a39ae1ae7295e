using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Actors443.Engine.Portable;

/// <summary>Hands Kestrel the sockets that are bound already, and takes back the moment when it stops accepting.</summary>
internal sealed class PortableListenerFactory(IReadOnlyList<PortableListener> bound) : IConnectionListenerFactory
{
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        foreach (PortableListener listener in bound)
        {
            if (listener.EndPoint.Equals(endpoint))
                return ValueTask.FromResult<IConnectionListener>(listener);
        }

        throw new InvalidOperationException($"Kestrel asked for {endpoint}, which was not bound for it.");
    }
}
