using System.Net;
using Actors443.Engine;

namespace Actors443.ProxyProtocol;

/// <summary>From whom connections begin with a PROXY header. Immutable.</summary>
internal sealed class TrustedProxies(IReadOnlyList<IPNetwork> networks)
{
    /// <summary>Null: there are none, and nothing is to be asked.</summary>
    public static TrustedProxies? Of(IReadOnlyList<IPNetwork> networks) => networks.Count == 0 ? null : new TrustedProxies(networks);

    public bool Contains(IPAddress address) => PlainAddress.IsIn(networks, address);
}
