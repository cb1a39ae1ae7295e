using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Actors443.Cluster.Generations;

/// <summary>A configuration that holds for all nodes of a cluster. Immutable.</summary>
internal sealed record ConfigurationGeneration
{
    /// <summary>Packed, so that it fits into a message between nodes.</summary>
    public const int LargestPacked = 1024 * 1024;

    private static readonly JsonSerializerOptions Options = new() { RespectNullableAnnotations = true };

    /// <summary>None has been pushed.</summary>
    public static ConfigurationGeneration None { get; } = new();

    /// <summary>1 for the first, one more for each; 0: none yet.</summary>
    public long Number { get; init; }

    /// <summary>HOCON files in their order.</summary>
    public IReadOnlyList<ConfigurationText> Files { get; init; } = [];

    /// <summary>As with <c>--set</c>, over the files.</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <summary>Who has pushed it, for people.</summary>
    public string By { get; init; } = "";

    /// <summary>When, by the clock of the node that has agreed it with the others.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>The same for the same texts.</summary>
    [JsonIgnore]
    public string Fingerprint => FingerprintOf(this);

    /// <summary>As nodes send and keep it.</summary>
    public byte[] Pack()
    {
        using var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true))
            JsonSerializer.Serialize(zip, this, Options);
        return packed.ToArray();
    }

    /// <summary>What was packed.</summary>
    /// <exception cref="InvalidDataException">It is damaged, or no generation.</exception>
    public static ConfigurationGeneration Unpack(byte[] packed)
    {
        try
        {
            using var zip = new GZipStream(new MemoryStream(packed), CompressionMode.Decompress);
            return JsonSerializer.Deserialize<ConfigurationGeneration>(zip, Options) ?? throw new InvalidDataException("it is empty");
        }
        catch (JsonException cause)
        {
            throw new InvalidDataException($"it is no configuration generation: {cause.Message}", cause);
        }
    }

    private static string FingerprintOf(ConfigurationGeneration generation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string text in generation.Files.SelectMany(file => (string[])[file.Name, file.Text]).Append("").Concat(generation.Overrides))
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            hash.AppendData(BitConverter.GetBytes(bytes.Length));
            hash.AppendData(bytes);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }
}

/// <param name="Name">The path it was read from: what it includes is looked for beside it, by each node.</param>
/// <param name="Text">What is in it.</param>
internal sealed record ConfigurationText(string Name, string Text);
