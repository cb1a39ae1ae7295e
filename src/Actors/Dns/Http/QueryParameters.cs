namespace Actors443.Dns.Http;

/// <summary>Finds a parameter in the query of an address, without taking all of it apart.</summary>
internal static class QueryParameters
{
    /// <param name="query">From its question mark on; may be empty.</param>
    /// <param name="name">As it is, without escapes.</param>
    /// <param name="value">As it is written.</param>
    public static bool TryFind(ReadOnlySpan<char> query, string name, out ReadOnlySpan<char> value)
    {
        if (!query.IsEmpty)
            query = query[1..];
        while (!query.IsEmpty)
        {
            int end = query.IndexOf('&');
            ReadOnlySpan<char> pair = end < 0 ? query : query[..end];
            query = end < 0 ? [] : query[(end + 1)..];
            if (pair.Length > name.Length && pair[name.Length] == '=' && pair.StartsWith(name, StringComparison.Ordinal))
            {
                value = pair[(name.Length + 1)..];
                return true;
            }
        }

        value = [];
        return false;
    }
}
