using System.Globalization;
using System.Net;
using System.Text.Json;
using Actors443.Engine;

namespace Actors443.Configuration.Reading;

/// <summary>The types a value can be read as. Each gives null after adding a problem that says what to write.</summary>
internal static class SettingsValueTypes
{
    private static readonly (string Name, double Seconds)[] TimeUnits =
    [
        ("ns", 1e-9), ("nanosecond", 1e-9), ("us", 1e-6), ("microsecond", 1e-6), ("ms", 1e-3), ("millisecond", 1e-3), ("s", 1), ("second", 1),
        ("m", 60), ("minute", 60), ("h", 3600), ("hour", 3600), ("d", 86400), ("day", 86400), ("w", 604800), ("week", 604800),
    ];

    // As in HOCON: k, K and KiB are 1024; kB is 1000.
    private static readonly (string Name, long Bytes)[] SizeUnits =
    [
        ("", 1), ("B", 1), ("byte", 1), ("bytes", 1),
        ("k", 1L << 10), ("ki", 1L << 10), ("kib", 1L << 10), ("kb", 1000),
        ("m", 1L << 20), ("mi", 1L << 20), ("mib", 1L << 20), ("mb", 1_000_000),
        ("g", 1L << 30), ("gi", 1L << 30), ("gib", 1L << 30), ("gb", 1_000_000_000),
        ("t", 1L << 40), ("ti", 1L << 40), ("tib", 1L << 40), ("tb", 1_000_000_000_000),
    ];

    public static bool? Flag(this SettingsValue value)
    {
        switch (value.Text)
        {
            case "on" or "true" or "yes":
                return true;
            case "off" or "false" or "no":
                return false;
            case "":
                value.AsText("on or off");
                return null;
            default:
                value.Fail($"'{value.Text}' is neither on nor off; write on or off");
                return null;
        }
    }

    public static long? Integer(this SettingsValue value, long minimum, long maximum)
    {
        string example = Between(minimum, maximum);
        if (value.AsText(example) is not { } text)
            return null;
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
        {
            if (number >= minimum && number <= maximum)
                return number;
            value.Fail($"{text} is out of range; write {example}");
            return null;
        }

        value.Fail($"'{text}' is not a whole number; write {example}");
        return null;
    }

    public static double? Number(this SettingsValue value, double minimum, double maximum)
    {
        string example = maximum < double.MaxValue ? Invariant($"a number from {minimum} to {maximum}") : Invariant($"a number, {minimum} or more");
        if (value.AsText(example) is not { } text)
            return null;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number))
        {
            if (number >= minimum && number <= maximum)
                return number;
            value.Fail($"{text} is out of range; write {example}");
            return null;
        }

        value.Fail($"'{text}' is not a number; write {example}");
        return null;
    }

    public static double? Fraction(this SettingsValue value, bool orOff = false)
    {
        string example = "a share from 0 to 1, such as 0.85 or 85%" + (orOff ? ", or off" : "");
        if (value.AsText(example) is not { } text)
            return null;
        bool percent = text.EndsWith('%');
        if (double.TryParse(percent ? text[..^1].TrimEnd() : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
        {
            number = percent ? number / 100 : number;
            if (number <= 1)
                return number;
        }

        value.Fail($"'{text}' is not a share; write {example}");
        return null;
    }

    public static TimeSpan? Duration(this SettingsValue value, TimeSpan minimum, bool orOff = false)
    {
        string example = "a number with a unit, such as 500ms, 10s or 5 minutes" + (orOff ? ", or off" : "");
        if (value.AsText(example) is not { } text)
            return null;
        (double? number, string unit) = Split(text);
        if (number is 0 && unit.Length == 0)
            unit = "s";
        if (number is null || unit.Length == 0)
        {
            value.Fail(number is null ? $"'{text}' is not a duration; write {example}" : $"'{text}' has no unit; write {text}s or {text}ms{(orOff ? ", or off" : "")}");
            return null;
        }

        if (SecondsIn(unit) is not { } factor)
        {
            value.Fail($"'{text}' has the unknown unit '{unit}'; write ms, s, m, h or d");
            return null;
        }

        double seconds = number.Value * factor;
        if (seconds < minimum.TotalSeconds)
        {
            value.Fail($"{text} is too short; write {Show(minimum)} or more{(orOff ? ", or off" : "")}");
            return null;
        }

        // Timers and TimeSpan itself end somewhere; ten years are as good as for ever.
        if (seconds > TimeSpan.FromDays(3660).TotalSeconds)
        {
            value.Fail($"{text} is too long; write 3650d or less");
            return null;
        }

        return TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));
    }

    public static long? Size(this SettingsValue value, long minimum, long maximum, bool orOff = false)
    {
        string example = "a number of bytes, such as 8192, 8KiB or 30MB" + (orOff ? ", or off" : "");
        if (value.AsText(example) is not { } text)
            return null;
        (double? number, string unit) = Split(text);
        if (number is null || BytesIn(unit) is not { } factor)
        {
            value.Fail(number is null ? $"'{text}' is not a size; write {example}" : $"'{text}' has the unknown unit '{unit}'; write B, kB, KiB, MB, MiB, GB or GiB");
            return null;
        }

        double bytes = number.Value * factor;
        if (bytes < minimum || bytes > maximum)
        {
            value.Fail($"{text} is out of range; write {Between(minimum, maximum)} (bytes){(orOff ? ", or off" : "")}");
            return null;
        }

        return (long)bytes;
    }

    public static T? Choice<T>(this SettingsValue value)
        where T : struct, Enum
    {
        T[] choices = Enum.GetValues<T>();
        return value.Choice([.. choices.Select(choice => (NameOf(choice), choice))]);
    }

    /// <summary>One of some names; <paramref name="aliases"/> are understood and not advertised.</summary>
    public static T? Choice<T>(this SettingsValue value, IReadOnlyList<(string Name, T Choice)> choices, params IReadOnlyList<(string Name, T Choice)> aliases)
        where T : struct
    {
        string names = string.Join(", ", choices.Select(choice => choice.Name));
        if (value.AsText("one of " + names) is not { } text)
            return null;
        foreach ((string name, T choice) in choices.Concat(aliases))
        {
            if (name.Equals(text, StringComparison.OrdinalIgnoreCase))
                return choice;
        }

        value.Fail(!char.IsAsciiDigit(text[0]) && KeySuggestion.Nearest(text, choices.Select(choice => choice.Name)) is { } near
            ? $"'{text}' is not one of {names}; did you mean '{near}'?"
            : $"'{text}' is not known; write one of {names}");
        return null;
    }

    /// <summary>The name of an enum's value in kebab case, as settings write it.</summary>
    public static string NameOf<T>(T choice)
        where T : struct, Enum => JsonNamingPolicy.KebabCaseLower.ConvertName(choice.ToString());

    public static IPEndPoint? EndPoint(this SettingsValue value)
    {
        const string example = "an address with a port, such as \"[::]:443\", \"127.0.0.1:8443\" or \":443\"";
        if (value.AsText(example) is not { } text)
            return null;
        int colon = text.LastIndexOf(':');
        string host = colon < 0 ? "" : text[..colon];
        string portText = text[(colon + 1)..];
        // The framework takes "[::]:443" for an address, and "443" as well.
        if (!text.Contains("]:", StringComparison.Ordinal) && IPAddress.TryParse(text, out IPAddress? alone) && (text.Contains('.', StringComparison.Ordinal) || colon >= 0))
        {
            string written = text.Contains(':', StringComparison.Ordinal) && !text.StartsWith('[') ? $"[{alone}]" : text;
            value.Fail($"'{text}' has no port; write \"{written}:443\"");
            return null;
        }

        if (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out int port))
        {
            value.Fail($"'{text}' is not an address with a port; write {example}");
            return null;
        }

        if (port > IPEndPoint.MaxPort)
        {
            value.Fail($"port {portText} does not exist; write 1 to 65535, or 0 for any free port");
            return null;
        }

        if (host is "" or "*")
            return new IPEndPoint(IPAddress.IPv6Any, port);
        bool bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (IPAddress.TryParse(bracketed ? host[1..^1] : host, out IPAddress? address) && bracketed == (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6))
            return new IPEndPoint(address, port);
        value.Fail(host == "localhost"
            ? $"'{text}' is not an address; write \"127.0.0.1:{portText}\" or \"[::1]:{portText}\""
            : $"'{text}' is not an address with a port; write {example}");
        return null;
    }

    public static IPNetwork? Network(this SettingsValue value)
    {
        const string example = "a network such as \"10.0.0.0/8\" or \"2001:db8::/32\"";
        if (value.AsText(example) is not { } text)
            return null;
        if (IPNetwork.TryParse(text, out IPNetwork network))
            return network;
        if (IPAddress.TryParse(text, out IPAddress? address))
            return PlainAddress.NetworkOf(address);
        value.Fail($"'{text}' is not a network; write {example}");
        return null;
    }

    /// <summary>An absolute http:// or https:// URL without user, query and fragment.</summary>
    public static Uri? HttpUrl(this SettingsValue value, string example)
    {
        if (value.AsText(example) is not { } text)
            return null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https") || url.Host.Length == 0)
        {
            value.Fail($"'{text}' is not an http:// or https:// URL; write {example}");
            return null;
        }

        if (url.UserInfo.Length > 0 || url.Query.Length > 0 || url.Fragment.Length > 0)
        {
            value.Fail($"'{text}' has more than host, port and path; write {example}");
            return null;
        }

        return url;
    }

    /// <summary>A duration with its unit, in seconds; null: it is none.</summary>
    public static double? SecondsOf(string text)
    {
        (double? number, string unit) = Split(text);
        return number * SecondsIn(unit);
    }

    /// <summary>A number, perhaps with a unit of bytes; null: it is none.</summary>
    public static double? BytesOf(string text)
    {
        (double? number, string unit) = Split(text);
        return number * BytesIn(unit);
    }

    private static double? SecondsIn(string unit)
    {
        string singular = unit.Length > 2 && unit.EndsWith('s') ? unit[..^1] : unit;
        (string name, double factor) = Array.Find(TimeUnits, known => known.Name == unit || known.Name == singular);
        return name is null ? null : factor;
    }

    private static long? BytesIn(string unit)
    {
        (string name, long factor) = Array.Find(SizeUnits, known => known.Name.Equals(unit, StringComparison.OrdinalIgnoreCase));
        return name is null ? null : factor;
    }

    private static (double? Number, string Unit) Split(string text)
    {
        int end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
            end++;
        bool isNumber = double.TryParse(text[..end], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number);
        return (isNumber ? number : null, text[end..].Trim());
    }

    private static string Show(TimeSpan duration) =>
        duration.TotalSeconds >= 1 ? Invariant($"{duration.TotalSeconds}s") : Invariant($"{duration.TotalMilliseconds}ms");

    private static string Between(long minimum, long maximum) =>
        maximum is int.MaxValue or long.MaxValue ? Invariant($"a whole number, {minimum} or more") : Invariant($"a whole number from {minimum} to {maximum}");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
