using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Actors443.Acme.State;

namespace Actors443.Cluster.Acme;

/// <summary>The files of an entry (see <see cref="IAcmeReplication"/>) as nodes tell each other of them; without any, the entry is gone. Immutable.</summary>
internal sealed record ReplicatedEntry
{
    public IReadOnlyDictionary<string, byte[]> Files { get; init; } = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);

    /// <summary>The same for the same files.</summary>
    public string Digest()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach ((string name, byte[] content) in Files.OrderBy(file => file.Key, StringComparer.Ordinal))
        {
            hash.AppendData(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(name)));
            hash.AppendData(SHA256.HashData(content));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>In the clear: to be sealed.</summary>
    public byte[] Encode() => Pack(this);

    /// <summary>What <see cref="Encode"/> gave; null: it is not whole.</summary>
    public static ReplicatedEntry? Decode(byte[] bytes) => Unpack<ReplicatedEntry>(bytes) is { Files: not null } entry ? entry : null;

    /// <summary>As compressed JSON: what a newer version adds is passed over.</summary>
    public static byte[] Pack<T>(T value)
    {
        using var packed = new MemoryStream();
        using (var deflate = new DeflateStream(packed, CompressionLevel.Optimal))
            JsonSerializer.Serialize(deflate, value);
        return packed.ToArray();
    }

    public static T? Unpack<T>(byte[] bytes)
        where T : class
    {
        try
        {
            using var inflate = new DeflateStream(new MemoryStream(bytes), CompressionMode.Decompress);
            return JsonSerializer.Deserialize<T>(inflate);
        }
        catch (Exception cause) when (cause is JsonException or InvalidDataException)
        {
            return null;
        }
    }
}

/// <summary>The entries there are. Its generation tells whose turn it is to order: the upper half counts those who have taken over. Immutable.</summary>
/// <param name="Entries">Their names.</param>
/// <param name="Nodes">How many nodes there were when it was last written.</param>
internal sealed record ReplicatedIndex(IReadOnlyList<string> Entries, int Nodes)
{
    private const int TermShift = 32;

    /// <summary>The generation of the first thing that is written in a term.</summary>
    public static long FirstOf(long term) => term << TermShift;

    /// <summary>How many had taken over when that generation was written.</summary>
    public static long TermOf(long generation) => generation >> TermShift;

    public byte[] Encode() => ReplicatedEntry.Pack(this);

    public static ReplicatedIndex? Decode(byte[] bytes) => ReplicatedEntry.Unpack<ReplicatedIndex>(bytes) is { Entries: not null } index ? index : null;
}
