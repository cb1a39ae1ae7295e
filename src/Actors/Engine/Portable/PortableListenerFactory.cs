using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Actors443.Engine.Portable;

/// <summary>Hands Kestrel the sockets that are bound already, and takes back the moment when it stops accepting.</summary>
internal sealed class PortableListenerFactory(IReadOnlyList<PortableListener> bound) : IConnectionListenerFactory
{
    // Several may listen on one address, and Kestrel asks as often.
    private readonly List<PortableListener> _left = [.. bound];

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        PortableListener listener = _left.Find(left => left.EndPoint.Equals(endpoint)) ?? throw new InvalidOperationException($"Kestrel asked for {endpoint}, which was not bound for it.");
        _left.Remove(listener);
        return ValueTask.FromResult<IConnectionListener>(listener);
    }
}
