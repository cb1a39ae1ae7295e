using System.Globalization;

namespace Actors443.Server.Telemetry;

/// <summary>What of a client's text may not be in a log as it is.</summary>
internal static class LogText
{
    /// <summary>It steers a terminal, ends a line for some readers, or is not seen and turns what follows around.</summary>
    public static bool MustBeEscaped(char c) =>
        c is not (>= ' ' and < '\u007f') && char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
