using System.Text;

namespace Actors443.Dns.Wire;

/// <summary>A text is no domain name. The message is one line that says which and what to do.</summary>
internal sealed class DnsNameException(string message) : Exception(message);

/// <summary>Names on the wire (RFC 1035 3.1: labels with their lengths, a zero at the end) and as people write them.</summary>
internal static class DnsName
{
    /// <summary>The name as it is on the wire, in lower case.</summary>
    /// <exception cref="DnsNameException">It is not a DNS name.</exception>
    public static byte[] Parse(string name)
    {
        if (name is "" or ".")
            return [0];
        var wire = new List<byte>(name.Length + 2);
        foreach (string label in (name.EndsWith('.') ? name[..^1] : name).Split('.'))
        {
            if (label.Length is 0 or > DnsReader.LongestLabel || !Ascii.IsValid(label))
                throw new DnsNameException($"\"{name}\" is not a DNS name; correct it.");
            wire.Add((byte)label.Length);
            wire.AddRange(Encoding.ASCII.GetBytes(label.ToLowerInvariant()));
        }

        wire.Add(0);
        return wire.Count <= DnsReader.LongestName ? [.. wire] : throw new DnsNameException($"\"{name}\" is longer than DNS allows; correct it.");
    }

    /// <summary>For people, with escapes as in master files (RFC 1035 5.1) and a final dot.</summary>
    /// <param name="wire">Whole and without compression.</param>
    public static string ToText(ReadOnlySpan<byte> wire)
    {
        if (wire.Length <= 1)
            return ".";
        var text = new StringBuilder(wire.Length);
        for (int at = 0; wire[at] != 0; at += 1 + wire[at])
        {
            foreach (byte character in wire.Slice(at + 1, wire[at]))
                AppendEscaped(text, character);
            text.Append('.');
        }

        return text.ToString();
    }

    /// <summary>Letters of A to Z in lower case; lengths of labels are below them and stay.</summary>
    public static void ToLower(ReadOnlySpan<byte> wire, Span<byte> lower)
    {
        _ = Ascii.ToLower(wire, lower, out int written);
        // What is no ASCII ends the framework's fast way.
        for (int at = written; at < wire.Length; at++)
            lower[at] = wire[at] is >= (byte)'A' and <= (byte)'Z' ? (byte)(wire[at] | 0x20) : wire[at];
    }

    private static void AppendEscaped(StringBuilder text, byte character)
    {
        if (character is <= 32 or >= 127)
            text.Append('\\').Append(character.ToString("000", System.Globalization.CultureInfo.InvariantCulture));
        else if (character is (byte)'.' or (byte)'\\' or (byte)'"' or (byte)';' or (byte)'(' or (byte)')' or (byte)'@' or (byte)'$')
            text.Append('\\').Append((char)character);
        else
            text.Append((char)character);
    }
}
