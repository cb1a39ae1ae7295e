using System.Globalization;
using System.Net;

namespace Actors443.Server.Configuration;

/// <summary>Brings names of sites into the form in which clients send them: lower case, punycode, no final dot.</summary>
internal static class HostName
{
    /// <summary>A host name, <c>*.example.com</c>, <c>*</c> or an IP address; null with what is wrong and what to write.</summary>
    public static string? Normalize(string written, out string problem)
    {
        const string example = "write a host name such as \"example.com\", \"*.example.com\", or \"*\" for every host";
        problem = "";
        if (written == "*")
            return written;
        if (IPAddress.TryParse(written, out IPAddress? address) && (written.Contains(':', StringComparison.Ordinal) || written.Count(c => c == '.') == 3))
            return address.ToString();
        if (written.Contains("://", StringComparison.Ordinal))
        {
            problem = "is a URL; write the host name alone";
            return null;
        }

        if (written.Contains(':', StringComparison.Ordinal))
        {
            problem = "has a port; write the host name alone, ports are set by https.bind";
            return null;
        }

        bool wildcard = written.StartsWith("*.", StringComparison.Ordinal);
        string name = (wildcard ? written[2..] : written).TrimEnd('.');
        if (name.Contains('*', StringComparison.Ordinal))
        {
            problem = "has '*' where none can be; write it only as the whole first label, as in \"*.example.com\"";
            return null;
        }

        try
        {
            string ascii = new IdnMapping { UseStd3AsciiRules = true }.GetAscii(name).ToLowerInvariant();
            if (ascii.Length is > 0 and <= 253)
                return wildcard ? "*." + ascii : ascii;
        }
        catch (ArgumentException)
        {
            // The one way IdnMapping says that a name is not one.
        }

        problem = $"is not a host name; {example}";
        return null;
    }
}
