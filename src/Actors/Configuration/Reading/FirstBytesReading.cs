using System.Globalization;
using System.Text;

namespace Actors443.Configuration.Reading;

/// <summary>Reads one pattern of <c>first-bytes</c>: a protocol by its name, <c>text:…</c> or <c>hex:…</c>.</summary>
internal static class FirstBytesReading
{
    /// <summary>Bytes of a pattern.</summary>
    public const int Longest = 64;

    // Content types of TLS records (RFC 8446 5.1).
    private const int FirstOfTls = 20;
    private const int LastOfTls = 23;

    private const string Example = "a protocol's name, \"text:\" with the first characters, or \"hex:\" with the first bytes and ?? for any, such as \"hex:00 ?? 38\"";

    // A protocol may begin in several ways, each in hexadecimal digits.
    private static readonly Dictionary<string, string[]> Named = new()
    {
        // RFC 4253 4.2
        ["ssh"] = [Hex("SSH-")],
        ["http"] = [Hex("GET "), Hex("HEAD "), Hex("POST "), Hex("PUT "), Hex("DELETE "), Hex("OPTIONS "), Hex("PATCH "), Hex("CONNECT "), Hex("TRACE "), Hex("PRI * ")],
        // RFC 6120 4.2
        ["xmpp"] = [Hex("<?xml"), Hex("<stream:stream")],
        // CONNECT with its protocol's name, after a length of one or two bytes.
        ["mqtt"] = ["10??0004" + Hex("MQTT"), "10????0004" + Hex("MQTT"), "10??0006" + Hex("MQIsdp"), "10????0006" + Hex("MQIsdp")],
        // SSLRequest, GSSENCRequest, StartupMessage 3.0 and 3.2
        ["postgresql"] = ["0000000804d2162f", "0000000804d21630", "0000????00030000", "0000????00030002"],
        // TPKT with an X.224 connection request
        ["rdp"] = ["0300????" + "??" + "e0"],
        // A length, then P_CONTROL_HARD_RESET_CLIENT, versions 2 and 3
        ["openvpn"] = ["00??38", "00??50"],
        // RFC 1928 3
        ["socks5"] = ["0501", "0502", "0503", "0504"],
    };

    public static IReadOnlyList<FirstBytesPattern>? Read(SettingsValue value)
    {
        if (value.AsText(Example) is not { } text)
            return null;
        if (Named.TryGetValue(text, out string[]? ways))
            return [.. ways.Select(way => new FirstBytesPattern(text, Parse(way)!))];
        if (ReadBytes(value, text) is not { } bytes)
            return null;
        if (bytes.Length is 0 or > Longest)
            value.Fail($"has {bytes.Length} bytes; write 1 to {Longest}");
        else if (bytes[0] is -1 or (>= FirstOfTls and <= LastOfTls))
            value.Fail("would take TLS as well; begin with a byte that is not 0x14 to 0x17, and lead TLS by sni");
        else
            return [new FirstBytesPattern(text, bytes)];
        return null;
    }

    private static int[]? ReadBytes(SettingsValue value, string text)
    {
        if (text.StartsWith("text:", StringComparison.Ordinal))
            return [.. Encoding.UTF8.GetBytes(text[5..]).Select(one => (int)one)];
        if (text.StartsWith("hex:", StringComparison.Ordinal))
        {
            if (Parse(text[4..].Replace(" ", "", StringComparison.Ordinal)) is { } bytes)
                return bytes;
            value.Fail($"'{text[4..]}' is not hexadecimal; write two digits for each byte, or ?? for any");
            return null;
        }

        value.Fail(KeySuggestion.Nearest(text, Named.Keys) is { } near
            ? $"'{text}' is no known pattern; did you mean '{near}'?"
            : $"'{text}' is no known pattern; write one of {string.Join(", ", Named.Keys)}, \"text:…\" or \"hex:…\"");
        return null;
    }

    private static int[]? Parse(string hex)
    {
        if (hex.Length % 2 != 0)
            return null;
        int[] bytes = new int[hex.Length / 2];
        for (int index = 0; index < bytes.Length; index++)
        {
            ReadOnlySpan<char> digits = hex.AsSpan(index * 2, 2);
            if (digits is "??")
                bytes[index] = -1;
            else if (byte.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte one))
                bytes[index] = one;
            else
                return null;
        }

        return bytes;
    }

    private static string Hex(string text) => Convert.ToHexString(Encoding.ASCII.GetBytes(text));
}
