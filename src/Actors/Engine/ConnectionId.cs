namespace Actors443.Engine;

/// <summary>Connection ids: a number in the process, written in base 36 for people.</summary>
internal static class ConnectionId
{
    private const string Digits = "0123456789abcdefghijklmnopqrstuvwxyz";
    private static long _last;

    public static long Next() => Interlocked.Increment(ref _last);

    public static string ToText(long id)
    {
        Span<char> text = stackalloc char[14];
        int start = text.Length;
        do
        {
            text[--start] = Digits[(int)(id % 36)];
            id /= 36;
        }
        while (id > 0);
        text[--start] = 'c';
        return new string(text[start..]);
    }
}
