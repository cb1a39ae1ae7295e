using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Actors443.Acme.Protocol;

/// <summary>What a certificate is ordered for: a DNS name, perhaps with <c>*.</c>, or an IP address (RFC 8555 9.7.7, RFC 8738).</summary>
/// <param name="Type"><c>dns</c> or <c>ip</c>; what a CA answers may have others.</param>
/// <param name="Value">A DNS name in A-labels and lower case, an address in its canonical form (RFC 5952).</param>
internal sealed record AcmeIdentifier(string Type, string Value)
{
    public const string Dns = "dns";
    public const string Ip = "ip";

    private const int LongestName = 253;

    public bool IsWildcard => Type == Dns && Value.StartsWith("*.", StringComparison.Ordinal);

    /// <summary>The name to be validated: of a wildcard what it is under (RFC 8555 7.1.3).</summary>
    public string Name => IsWildcard ? Value[2..] : Value;

    /// <param name="name">As people write it; Unicode is turned into A-labels.</param>
    /// <exception cref="AcmeException">No CA certifies such a name.</exception>
    public static AcmeIdentifier Parse(string name)
    {
        if (IPAddress.TryParse(name, out IPAddress? address))
        {
            // IPAddress takes 127.1 and fe80::1%eth0 as well.
            bool whole = address.AddressFamily == AddressFamily.InterNetworkV6 ? !name.Contains('%', StringComparison.Ordinal) : name.Count(c => c == '.') == 3;
            return whole
                ? new AcmeIdentifier(Ip, address.ToString())
                : throw AcmeException.Settings($"\"{name}\" is not a whole IP address; write all of it, without a zone.");
        }

        int wildcard = name.StartsWith("*.", StringComparison.Ordinal) ? 2 : 0;
        string trimmed = name.EndsWith('.') ? name[..^1] : name;
        try
        {
            string ascii = trimmed[..Math.Min(wildcard, trimmed.Length)] + new IdnMapping { UseStd3AsciiRules = true }.GetAscii(trimmed, wildcard).ToLowerInvariant();
            if (ascii.Length - wildcard <= LongestName && ascii.AsSpan(wildcard).Contains('.'))
                return new AcmeIdentifier(Dns, ascii);
        }
        catch (ArgumentException cause)
        {
            throw AcmeException.Settings($"\"{name}\" is neither a host name nor an IP address; correct it.", cause);
        }

        throw AcmeException.Settings($"\"{name}\" is not a full host name, and no public CA certifies others; use the name people type.");
    }

    public override string ToString() => Value;

    internal void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("type", Type);
        writer.WriteString("value", Value);
        writer.WriteEndObject();
    }
}
