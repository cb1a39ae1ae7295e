using System.Net;

namespace Actors443.ProxyProtocol;

/// <summary>From whom connections begin with a PROXY header. Immutable.</summary>
internal sealed class TrustedProxies(IReadOnlyList<IPNetwork> networks)
{
    private readonly IPNetwork[] _networks = [.. networks];

    /// <summary>Null: there are none, and nothing is to be asked.</summary>
    public static TrustedProxies? Of(IReadOnlyList<IPNetwork> networks) => networks.Count == 0 ? null : new TrustedProxies(networks);

    public bool Contains(IPAddress address)
    {
        IPAddress plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        foreach (IPNetwork network in _networks)
        {
            if (network.Contains(plain))
                return true;
        }

        return false;
    }
}
