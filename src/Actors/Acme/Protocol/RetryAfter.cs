using System.Globalization;

namespace Actors443.Acme.Protocol;

/// <summary>The header Retry-After (RFC 9110 10.2.3). Stateless.</summary>
internal static class RetryAfter
{
    // What is further away is a mistake of the server's; whoever obeys has limits of his own.
    private static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <param name="header">Seconds or an HTTP-date; null or anything else: null.</param>
    /// <param name="now">When the answer came, by the server's clock if it said so: its date then means what it meant.</param>
    /// <returns>Never negative.</returns>
    public static TimeSpan? Parse(string? header, DateTimeOffset now)
    {
        if (header is null)
            return null;
        header = header.Trim();
        if (header.Length > 0 && header.All(char.IsAsciiDigit))
            return long.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds) && seconds < Longest.TotalSeconds ? TimeSpan.FromSeconds(seconds) : Longest;
        if (!DateTimeOffset.TryParseExact(header, Formats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AllowInnerWhite, out DateTimeOffset date))
            return null;
        TimeSpan wait = date - now;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait < Longest ? wait : Longest;
    }

    // RFC 9110 5.6.7: what is sent, and the two obsolete forms that are to be read.
    private static readonly string[] Formats = ["r", "dddd, dd-MMM-yy HH:mm:ss 'GMT'", "ddd MMM d HH:mm:ss yyyy"];
}
