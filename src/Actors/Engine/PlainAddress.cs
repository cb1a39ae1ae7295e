using System.Net;

namespace Actors443.Engine;

/// <summary>Addresses as people write them: IPv4 that came by an IPv6 socket (RFC 4291 2.5.5.2) is IPv4. Pure.</summary>
internal static class PlainAddress
{
    public static IPAddress Of(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>As a transport tells it; one that is no IP end point is nowhere.</summary>
    public static IPEndPoint Of(EndPoint? endPoint) => endPoint switch
    {
        IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped => new IPEndPoint(Of(mapped.Address), mapped.Port),
        IPEndPoint ip => ip,
        _ => new IPEndPoint(IPAddress.None, 0),
    };

    /// <summary>Whether it stands for all addresses of the machine, and so names none.</summary>
    public static bool IsEvery(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>The network that has this address alone.</summary>
    public static IPNetwork NetworkOf(IPAddress address) => new(address, address.GetAddressBytes().Length * 8);

    /// <summary>Whether one of the networks has the address.</summary>
    public static bool IsIn(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        IPAddress plain = Of(address);
        for (int index = 0; index < networks.Count; index++)
        {
            if (networks[index].Contains(plain))
                return true;
        }

        return false;
    }
}
