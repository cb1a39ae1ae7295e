using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Actors443.Tunnels.Targets;

/// <summary>
/// Addresses that are not public hosts (the special-purpose registries of IANA, RFC 6890, and the metadata services of clouds), and the IPv4 addresses that
/// IPv6 addresses carry inside.
/// </summary>
internal static class SpecialAddresses
{
    // Smaller networks within larger ones are named by themselves: whoever opens link-local addresses does not mean the keys of the cloud account.
    private static readonly IPNetwork[] Special =
    [
        .. new[]
        {
            "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "100.100.100.200/32", "127.0.0.0/8", "169.254.0.0/16", "169.254.169.254/32", "169.254.170.2/32", "172.16.0.0/12", "192.0.0.0/24",
            "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
            "224.0.0.0/4", "240.0.0.0/4",
            "::/128", "::1/128", "::/96", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7",
            "fd00:ec2::254/128", "fe80::/10", "fec0::/10", "ff00::/8",
        }.Select(IPNetwork.Parse),
    ];

    /// <summary>The special networks that an address is in; none: it is public.</summary>
    public static IEnumerable<IPNetwork> Of(IPAddress address) => Special.Where(network => network.Contains(address));

    /// <summary>The IPv4 addresses to which what is sent to an IPv6 address may go in the end.</summary>
    public static IEnumerable<IPAddress> Within(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return [];
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return Within(bytes);
    }

    private static List<IPAddress> Within(ReadOnlySpan<byte> bytes)
    {
        var found = new List<IPAddress>();
        // IPv4-compatible, mapped and translated (RFC 4291 2.5.5, RFC 2765).
        if (!bytes[..8].ContainsAnyExcept((byte)0))
            found.Add(new IPAddress(bytes[12..]));
        // NAT64 (RFC 6052 2.1): the well-known prefix has the address at its end, and a prefix of the network's own may have it there as well (RFC 8215).
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0, 0x64, 0xff, 0x9b]))
            found.Add(new IPAddress(bytes[12..]));
        // 6to4 (RFC 3056 2).
        if (bytes[0] == 0x20 && bytes[1] == 0x02)
            found.Add(new IPAddress(bytes.Slice(2, 4)));
        // Teredo (RFC 4380 4): the server, and the client with all bits turned.
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes) == 0x2001_0000)
        {
            found.Add(new IPAddress(bytes.Slice(4, 4)));
            found.Add(new IPAddress((ReadOnlySpan<byte>)[(byte)~bytes[12], (byte)~bytes[13], (byte)~bytes[14], (byte)~bytes[15]]));
        }

        // ISATAP (RFC 5214 6.1).
        if ((BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]) & 0xfdff_ffff) == 0x0000_5efe)
            found.Add(new IPAddress(bytes[12..]));
        return found;
    }
}
