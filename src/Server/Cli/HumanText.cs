using System.Globalization;

namespace Actors443.Server.Cli;

/// <summary>Durations and sizes as people read and write them.</summary>
internal static class HumanText
{
    private static readonly (string Unit, double Seconds)[] DurationUnits = [("w", 7 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1)];
    private static readonly string[] SizeUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

    /// <summary>The two largest units: <c>3d 4h</c>, <c>12m 5s</c>, <c>0.4s</c>.</summary>
    public static string Duration(TimeSpan duration)
    {
        string sign = duration < TimeSpan.Zero ? "-" : "";
        TimeSpan length = duration.Duration();
        string text = length switch
        {
            { TotalDays: >= 1 } => $"{(int)length.TotalDays}d {length.Hours}h",
            { TotalHours: >= 1 } => $"{(int)length.TotalHours}h {length.Minutes}m",
            { TotalMinutes: >= 1 } => $"{(int)length.TotalMinutes}m {length.Seconds}s",
            { TotalSeconds: >= 10 } => $"{(int)length.TotalSeconds}s",
            _ => length.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture) + "s",
        };
        return sign + text;
    }

    /// <summary><c>30d</c>, <c>12h</c>, <c>90m</c>, <c>45s</c>, <c>2w</c>.</summary>
    public static bool TryParseDuration(string text, out TimeSpan duration)
    {
        duration = default;
        (string unit, double seconds) = DurationUnits.FirstOrDefault(candidate => text.EndsWith(candidate.Unit, StringComparison.OrdinalIgnoreCase));
        if (unit is null || !double.TryParse(text[..^unit.Length], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double number))
            return false;
        double total = number * seconds;
        if (total > TimeSpan.FromDays(365 * 100).TotalSeconds)
            return false;
        duration = TimeSpan.FromSeconds(total);
        return true;
    }

    /// <summary><c>1 site</c>, <c>2 sites</c>.</summary>
    public static string Count(int count, string what) => count == 1 ? $"1 {what}" : string.Create(CultureInfo.InvariantCulture, $"{count} {what}s");

    /// <summary><c>512 B</c>, <c>1.5 KiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        double size = bytes;
        int unit = 0;
        for (; size >= 1024 && unit < SizeUnits.Length - 1; unit++)
            size /= 1024;
        return unit == 0 ? $"{bytes} B" : size.ToString(size < 10 ? "0.0" : "0", CultureInfo.InvariantCulture) + " " + SizeUnits[unit];
    }
}
