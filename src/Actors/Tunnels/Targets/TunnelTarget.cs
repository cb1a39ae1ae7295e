using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Actors443.Listening;

namespace Actors443.Tunnels.Targets;

/// <summary>Where a tunnel is to lead, as the client wrote it: a name or an address, and a port.</summary>
/// <param name="Host">A DNS name in lower case without its final dot, or an address as it is usually written, IPv6 without brackets.</param>
/// <param name="Address">Null: <paramref name="Host"/> is a name.</param>
/// <param name="Port">1 to 65535.</param>
internal sealed record TunnelTarget(string Host, IPAddress? Address, int Port)
{
    /// <summary>As in a request: <c>host:port</c>.</summary>
    public override string ToString() => Address?.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    /// <summary>The authority-form of CONNECT (RFC 9112 3.2.3). Null: it is none.</summary>
    public static TunnelTarget? Parse(string authority)
    {
        int end = authority.StartsWith('[') ? authority.IndexOf(']', StringComparison.Ordinal) + 1 : authority.IndexOf(':', StringComparison.Ordinal);
        if (end <= 0 || end >= authority.Length || authority[end] != ':')
            return null;
        string host = authority[..end];
        if (host.StartsWith('['))
            host = host[1..^1].Contains(':', StringComparison.Ordinal) ? host[1..^1] : "";
        return Of(host, authority[(end + 1)..]);
    }

    /// <summary>Host and port by themselves, IPv6 without brackets (RFC 9298 2). Null: they are none.</summary>
    public static TunnelTarget? Of(string host, string portText)
    {
        if (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out int port) || port is 0 or > IPEndPoint.MaxPort)
            return null;
        if (host.Contains(':', StringComparison.Ordinal))
        {
            return !host.Contains('%', StringComparison.Ordinal) && IPAddress.TryParse(host, out IPAddress? six) && six.AddressFamily == AddressFamily.InterNetworkV6
                ? new TunnelTarget(six.ToString(), six, port)
                : null;
        }

        if (IPAddress.TryParse(host, out IPAddress? four))
            return four.ToString() == host ? new TunnelTarget(host, four, port) : null;
        return IsName(host) ? new TunnelTarget(host.TrimEnd('.').ToLowerInvariant(), null, port) : null;
    }

    // A last label that begins with a digit is an address in some form for some resolvers (127.1, 0x7f000001): which one must not depend on who reads it.
    private static bool IsName(ReadOnlySpan<char> name)
    {
        ReadOnlySpan<char> full = name.EndsWith(".") ? name[..^1] : name;
        ReadOnlySpan<char> last = full[(full.LastIndexOf('.') + 1)..];
        return last.Length > 0 && !char.IsAsciiDigit(last[0]) && HostHeader.IsName(name, underscores: true);
    }
}
