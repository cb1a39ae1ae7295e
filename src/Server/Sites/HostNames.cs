using System.Net;

namespace Actors443.Server.Sites;

/// <summary>What hosts are.</summary>
internal static class HostNames
{
    public static bool IsAddress(string host) => IPAddress.TryParse(host, out _);

    /// <summary>This machine under its own names, which never get HSTS (RFC 6797 8.1.1 leaves addresses out, developers need localhost).</summary>
    public static bool IsLocal(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
}
