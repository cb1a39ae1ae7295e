namespace Actors443.Configuration.Reading;

/// <summary>Finds the key that was probably meant.</summary>
internal static class KeySuggestion
{
    /// <summary>The known key with the fewest edits to <paramref name="key"/>; null if none is near enough to be meant.</summary>
    public static string? Nearest(string key, IEnumerable<string> known)
    {
        string lower = key.ToLowerInvariant();
        (string? nearest, int distance) = (null, Math.Max(2, key.Length / 3) + 1);
        foreach (string candidate in known.Order(StringComparer.Ordinal))
        {
            // One as the beginning of the other is meant more often than its length says: bind and bind-address.
            int edits = candidate.StartsWith(lower, StringComparison.Ordinal) || lower.StartsWith(candidate, StringComparison.Ordinal)
                ? 1
                : Distance(lower, candidate);
            if (edits < distance && edits < Math.Max(key.Length, candidate.Length) - 1)
                (nearest, distance) = (candidate, edits);
        }

        return nearest;
    }

    /// <summary>Edits between two words: insertions, deletions, substitutions and swaps of neighbours.</summary>
    private static int Distance(string a, string b)
    {
        int[,] edits = new int[a.Length + 1, b.Length + 1];
        for (int i = 0; i <= a.Length; i++)
            edits[i, 0] = i;
        for (int j = 0; j <= b.Length; j++)
            edits[0, j] = j;
        for (int i = 1; i <= a.Length; i++)
        {
            for (int j = 1; j <= b.Length; j++)
            {
                int cost = a[i - 1] == b[j - 1] ? 0 : 1;
                edits[i, j] = Math.Min(Math.Min(edits[i - 1, j] + 1, edits[i, j - 1] + 1), edits[i - 1, j - 1] + cost);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                    edits[i, j] = Math.Min(edits[i, j], edits[i - 2, j - 2] + 1);
            }
        }

        return edits[a.Length, b.Length];
    }
}
