using System.Net;

namespace Actors443.Tunnels.Egress;

/// <summary>Finds the addresses of names that tunnels lead to.</summary>
internal interface ITargetResolver
{
    /// <exception cref="System.Net.Sockets.SocketException">There are none, or nobody could say.</exception>
    Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken);
}

/// <summary>By the system: hosts file, DNS.</summary>
internal sealed class SystemResolver : ITargetResolver
{
    public Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellationToken) => System.Net.Dns.GetHostAddressesAsync(name, cancellationToken);
}
