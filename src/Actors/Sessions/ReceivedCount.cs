using System.Globalization;

namespace Actors443.Sessions;

/// <summary>How many messages a client says that it has got.</summary>
internal static class ReceivedCount
{
    /// <summary>0 where nothing is said. False: it is no number.</summary>
    public static bool TryRead(string? text, out long count)
    {
        count = 0;
        return text is null || long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out count);
    }
}
