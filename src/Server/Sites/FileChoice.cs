using Microsoft.Net.Http.Headers;

namespace Actors443.Server.Sites;

/// <summary>Which of a file and its precompressed siblings answers a request.</summary>
/// <param name="original">The file asked for.</param>
internal sealed class FileChoice(string original)
{
    // In order of preference at equal weight.
    private static readonly (string Coding, string Extension)[] Precompressed = [("br", ".br"), ("zstd", ".zst"), ("gzip", ".gz")];

    /// <summary>Where a request keeps its choice.</summary>
    public static object Key { get; } = new();

    public string Original { get; } = original;

    /// <summary>The file to send.</summary>
    public string Path { get; private set; } = original;

    /// <summary>Its Content-Encoding; null: the file as it is.</summary>
    public string? Coding { get; private set; }

    /// <summary>True if other clients may get another file at this address.</summary>
    public bool Varies { get; private set; }

    /// <summary>True if the client knows the file by a weak tag.</summary>
    public bool HasWeakTag { get; set; }

    /// <summary>Takes what the client weighs highest of what is there (RFC 9110 12.5.3).</summary>
    public void Consider(IList<StringWithQualityHeaderValue> accepted, Func<string, bool> exists)
    {
        // Not named, the file as it is comes after whatever is accepted at all.
        double best = Weight(accepted, "identity") ?? 0;
        foreach ((string coding, string extension) in Precompressed)
        {
            if (!exists(Original + extension))
                continue;
            Varies = true;
            double weight = Weight(accepted, coding) ?? Weight(accepted, "*") ?? 0;
            if (weight > best || (weight == best && weight > 0 && Coding is null))
                (Path, Coding, best) = (Original + extension, coding, weight);
        }
    }

    private static double? Weight(IList<StringWithQualityHeaderValue> accepted, string coding)
    {
        foreach (StringWithQualityHeaderValue value in accepted)
        {
            if (value.Value.Equals(coding, StringComparison.OrdinalIgnoreCase))
                return value.Quality ?? 1;
        }

        return null;
    }
}
