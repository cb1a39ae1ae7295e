using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Actors443.Server.Load.Protocols;

/// <summary>Makes DNS queries (RFC 1035 4.1) from lines such as <c>example.com A</c>.</summary>
internal static class DnsQuery
{
    private static readonly Dictionary<string, ushort> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        ["A"] = 1,
        ["NS"] = 2,
        ["CNAME"] = 5,
        ["SOA"] = 6,
        ["PTR"] = 12,
        ["MX"] = 15,
        ["TXT"] = 16,
        ["AAAA"] = 28,
        ["SRV"] = 33,
        ["DS"] = 43,
        ["DNSKEY"] = 48,
        ["SVCB"] = 64,
        ["HTTPS"] = 65,
        ["ANY"] = 255,
        ["CAA"] = 257,
    };

    /// <param name="line">A name, and a type by name or number; A if there is none.</param>
    /// <param name="message">In wire format; its ID is 0, so that equal queries are equal to caches (RFC 8484 4.1).</param>
    /// <param name="problem">What is wrong with the line.</param>
    public static bool TryParse(string line, out byte[] message, out string problem)
    {
        message = [];
        problem = "";
        string[] words = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is 0 or > 2)
        {
            problem = "write a name and a type: example.com A";
            return false;
        }

        ushort type = 1;
        if (words.Length == 2 && !Types.TryGetValue(words[1], out type) && !ushort.TryParse(words[1], CultureInfo.InvariantCulture, out type))
        {
            problem = $"'{words[1]}' is no type of record; write one such as {string.Join(", ", Types.Keys.Take(8))}, or its number";
            return false;
        }

        // Recursion desired, one question.
        var bytes = new List<byte> { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
        string name = words[0].TrimEnd('.');
        foreach (string label in name.Length == 0 ? [] : name.Split('.'))
        {
            byte[] text = Encoding.ASCII.GetBytes(label);
            if (text.Length is 0 or > 63 || label.Any(c => c > 127))
            {
                problem = $"'{words[0]}' is no domain name: its parts have 1 to 63 characters of ASCII";
                return false;
            }

            bytes.Add((byte)text.Length);
            bytes.AddRange(text);
        }

        if (bytes.Count > 12 + 254)
        {
            problem = $"'{words[0]}' is no domain name: it is longer than 253 characters";
            return false;
        }

        bytes.AddRange([0, (byte)(type >> 8), (byte)type, 0, 1]);
        message = [.. bytes];
        return true;
    }

    /// <summary>As the <c>dns</c> parameter of a GET has it (RFC 8484 4.1).</summary>
    public static string ToParameter(byte[] message) => Base64Url.EncodeToString(message);
}
