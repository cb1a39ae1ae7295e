using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Actors443.Configuration.Reading;

/// <summary>Reads one rule of where tunnels may lead: <c>host:port</c>.</summary>
internal static class TunnelRuleReading
{
    private const string Example = "a host or a network with a port, such as \"git.example.com:22\", \"*.example.com:443\", \"10.0.0.0/8:*\" or \"[2001:db8::]/32:8000-8999\"";

    public static TunnelRule? Read(SettingsValue value)
    {
        if (value.AsText(Example) is not { } text)
            return null;
        int colon = text.LastIndexOf(':');
        if (colon <= 0 || text.LastIndexOf(']') > colon)
        {
            value.Fail($"'{text}' has no port; write {Example}");
            return null;
        }

        if (ReadPorts(text[(colon + 1)..]) is not { } ports)
        {
            value.Fail($"'{text[(colon + 1)..]}' is no port; write a port from 1 to 65535, a range such as 8000-8999, or *");
            return null;
        }

        string host = text[..colon];
        if (ReadNetwork(host) is { } network)
            return new TunnelRule(null, network, ports.First, ports.Last);
        if (host.Contains('/', StringComparison.Ordinal) || host.Contains('[', StringComparison.Ordinal) || host.Contains(':', StringComparison.Ordinal))
        {
            value.Fail($"'{host}' is no network; write {Example}");
            return null;
        }

        if (ReadName(host) is { } name)
            return new TunnelRule(name, null, ports.First, ports.Last);
        value.Fail($"'{host}' is no host; write {Example}");
        return null;
    }

    private static (int First, int Last)? ReadPorts(string text)
    {
        if (text == "*")
            return (1, IPEndPoint.MaxPort);
        string[] parts = text.Split('-');
        if (parts.Length > 2 || ReadPort(parts[0]) is not { } first || ReadPort(parts[^1]) is not { } last || last < first)
            return null;
        return (first, last);
    }

    private static int? ReadPort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and <= IPEndPoint.MaxPort ? port : null;

    // [2001:db8::]/32, [::1], 10.0.0.0/8, 192.0.2.1
    private static IPNetwork? ReadNetwork(string host)
    {
        string plain = host.StartsWith('[') ? host[1..].Replace("]", "", StringComparison.Ordinal) : host;
        string written = plain.Split('/')[0];
        bool isSix = host.StartsWith('[');
        if (!IPAddress.TryParse(written, out IPAddress? address) || (address.AddressFamily == AddressFamily.InterNetworkV6) != isSix || address.ScopeIdOf() != 0)
            return null;
        // 127.1 and 0x7f.0.0.1 are addresses to the framework, and slips here.
        if (!isSix && address.ToString() != written)
            return null;
        int bits = isSix ? 128 : 32;
        if (!plain.Contains('/', StringComparison.Ordinal))
            return new IPNetwork(address, bits);
        // 10.0.0.1/8 says two things.
        return IPNetwork.TryParse(plain, out IPNetwork network) && network.BaseAddress.Equals(address) ? network : null;
    }

    private static long ScopeIdOf(this IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? address.ScopeId : 0;

    /// <summary>A host name as clients send it, with or without <c>*.</c> before it, or <c>*</c>; null: it is none.</summary>
    public static string? ReadName(string host)
    {
        if (host == "*")
            return host;
        bool wildcard = host.StartsWith("*.", StringComparison.Ordinal);
        string name = (wildcard ? host[2..] : host).TrimEnd('.');
        try
        {
            string ascii = new IdnMapping { UseStd3AsciiRules = true }.GetAscii(name).ToLowerInvariant();
            // A last label that is a number would be an address in a form that we do not know.
            return ascii.Length is > 0 and <= 253 && !char.IsAsciiDigit(ascii[ascii.LastIndexOf('.') + 1]) ? wildcard ? "*." + ascii : ascii : null;
        }
        catch (ArgumentException)
        {
            // The one way IdnMapping says that a name is not one.
            return null;
        }
    }
}
