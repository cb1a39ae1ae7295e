using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Actors443.Listening;

/// <summary>
/// A Host header (RFC 9110 7.2), as strictly as names are registered (RFC 1123 2.1). The framework's reading of it turns punycode into Unicode, which is
/// neither what certificates and sites are named by nor what may stand in a header.
/// </summary>
/// <param name="Host">A DNS name or an address, in lower case, an IPv6 address in brackets.</param>
/// <param name="Port">Null: none was written.</param>
internal readonly record struct HostHeader(string Host, int? Port)
{
    private const int LongestName = 253;
    private const int LongestLabel = 63;

    /// <summary>The host as names are compared: without brackets, without the final dot of a full name.</summary>
    public string Name => Host[0] == '[' ? Host[1..^1] : Host[^1] == '.' ? Host[..^1] : Host;

    /// <summary>Null: the header is missing or is not one.</summary>
    public static HostHeader? Parse(string header)
    {
        int end = header.StartsWith('[') ? header.IndexOf(']', StringComparison.Ordinal) + 1 : header.IndexOf(':', StringComparison.Ordinal);
        if (end < 0)
            end = header.Length;
        ReadOnlySpan<char> written = header.AsSpan(0, end);
        string? host = written.StartsWith("[") ? Address(written[1..^1]) : IsName(written) ? header[..end].ToLowerInvariant() : null;
        if (host is null)
            return null;
        ReadOnlySpan<char> port = header.AsSpan(end);
        if (port.Length is 0 || port is ":")
            return new HostHeader(host, null);
        return port[0] == ':' && ushort.TryParse(port[1..], NumberStyles.None, CultureInfo.InvariantCulture, out ushort number) && number > 0 ? new HostHeader(host, number) : null;
    }

    private static string? Address(ReadOnlySpan<char> written) =>
        !written.Contains('%') && IPAddress.TryParse(written, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : null;

    /// <summary>Whether it is a name of well-formed labels, with a final dot or without.</summary>
    /// <param name="name">As it is written.</param>
    /// <param name="underscores">Are letters, too: no part of host names, and resolved all over.</param>
    internal static bool IsName(ReadOnlySpan<char> name, bool underscores = false)
    {
        if (name.EndsWith("."))
            name = name[..^1];
        if (name.Length > LongestName)
            return false;
        foreach (Range range in name.Split('.'))
        {
            ReadOnlySpan<char> label = name[range];
            if (label.Length is 0 or > LongestLabel || label[0] == '-' || label[^1] == '-')
                return false;
            foreach (char c in label)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c != '-' && !(underscores && c == '_'))
                    return false;
            }
        }

        return true;
    }
}
