using System.Net;
using System.Text;

namespace Actors443.Dns.Local;

/// <summary>Under which name an address is asked about (RFC 1035 3.5, RFC 3596 2.5).</summary>
internal static class ReverseName
{
    public static string Of(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        if (bytes.Length == 4)
            return $"{bytes[3]}.{bytes[2]}.{bytes[1]}.{bytes[0]}.in-addr.arpa";
        var name = new StringBuilder(72);
        for (int i = bytes.Length - 1; i >= 0; i--)
            name.Append(Digit(bytes[i] & 15)).Append('.').Append(Digit(bytes[i] >> 4)).Append('.');
        return name.Append("ip6.arpa").ToString();
    }

    private static char Digit(int value) => "0123456789abcdef"[value];
}
