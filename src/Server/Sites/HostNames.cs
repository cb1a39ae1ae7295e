using System.Net;

namespace Actors443.Server.Sites;

/// <summary>What the Host of a request is.</summary>
internal static class HostNames
{
    /// <summary>A DNS name or an address in the form that Host takes it (RFC 9110 7.2); false: neither.</summary>
    public static bool IsValid(string host) => Uri.CheckHostName(host.Trim('[', ']')) switch
    {
        UriHostNameType.Dns => host[0] != '[',
        UriHostNameType.IPv4 => host[0] != '[',
        UriHostNameType.IPv6 => host[0] == '[' && host[^1] == ']',
        _ => false,
    };

    public static bool IsAddress(string host) => IPAddress.TryParse(host.Trim('[', ']'), out _);

    /// <summary>This machine under its own names, which never get HSTS (RFC 6797 8.1.1 leaves addresses out, developers need localhost).</summary>
    public static bool IsLocal(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
}
