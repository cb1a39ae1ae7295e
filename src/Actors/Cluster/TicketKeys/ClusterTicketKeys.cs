using System.Buffers.Binary;
using System.Security.Cryptography;
using Actors443.Tls;

namespace Actors443.Cluster.TicketKeys;

/// <summary>A ticket key of the cluster.</summary>
/// <param name="SealFrom">From when on it seals; before that it opens only, so that it is everywhere when the first node seals with it.</param>
/// <param name="Key">Its bytes.</param>
internal sealed record ClusterTicketKey(DateTimeOffset SealFrom, TicketKey Key);

/// <summary>The ticket keys of the cluster: the newest is not in use yet. Immutable.</summary>
/// <param name="Generation">Later ones replace earlier ones.</param>
/// <param name="Keys">The newest first; at least one.</param>
internal sealed record ClusterTicketKeys(long Generation, IReadOnlyList<ClusterTicketKey> Keys)
{
    private const byte Version = 1;
    private const int HeadLength = 2;
    private const int EntryLength = 8 + TicketKey.Length;

    /// <summary>The first of a cluster: one key to seal with, and the next.</summary>
    public static ClusterTicketKeys First(DateTimeOffset now, TimeSpan rotate) => new(1, [new(now + rotate, TicketKey.Random()), new(now, TicketKey.Random())]);

    /// <summary>When the next generation is due: as soon as there is no key ahead.</summary>
    public DateTimeOffset NextDue => Keys[0].SealFrom;

    /// <summary>With a key more, an interval ahead of when it seals; of those that have sealed, <paramref name="keep"/> go on opening.</summary>
    public ClusterTicketKeys Next(DateTimeOffset now, TimeSpan rotate, int keep)
    {
        // After a pause of the cluster the key ahead is in use for the whole of its interval, as ever.
        DateTimeOffset sealFrom = Keys[0].SealFrom + rotate > now ? Keys[0].SealFrom + rotate : now + rotate;
        return new(Generation + 1, [new(sealFrom, TicketKey.Random()), .. Keys.Take(keep + 1)]);
    }

    /// <summary>The key that seals at that time: the newest whose time has come; before all times, the oldest.</summary>
    public ClusterTicketKey SealingAt(DateTimeOffset now) => Keys.FirstOrDefault(key => key.SealFrom <= now) ?? Keys[^1];

    /// <summary>Whether a key has sealed for twice its time because no other came.</summary>
    public bool IsOverdue(DateTimeOffset now, TimeSpan rotate) => Keys[0].SealFrom + (2 * rotate) <= now;

    /// <summary>When something is to be done next: another key seals, or none has come.</summary>
    public DateTimeOffset NextChange(DateTimeOffset now, TimeSpan rotate) =>
        Keys.Where(key => key.SealFrom > now).Select(key => key.SealFrom).DefaultIfEmpty(Keys[0].SealFrom + (2 * rotate)).Min();

    /// <summary>The keys as a ring has them, the one that seals first; those that the ring before has as well are its objects.</summary>
    public IReadOnlyList<TicketKey> InOrder(DateTimeOffset now, TicketKeyRing before)
    {
        ClusterTicketKey sealing = SealingAt(now);
        return [.. Keys.Where(key => key != sealing).Prepend(sealing).Select(Shared)];

        TicketKey Shared(ClusterTicketKey key) => before.Find(key.Key.Name) ?? key.Key;
    }

    /// <summary>In the clear: to be sealed. Zero it after use.</summary>
    public byte[] Encode()
    {
        byte[] bytes = new byte[HeadLength + (Keys.Count * EntryLength)];
        bytes[0] = Version;
        bytes[1] = (byte)Keys.Count;
        Span<byte> rest = bytes.AsSpan(HeadLength);
        foreach (ClusterTicketKey key in Keys)
        {
            BinaryPrimitives.WriteInt64BigEndian(rest, key.SealFrom.ToUnixTimeMilliseconds());
            key.Key.CopyTo(rest[8..]);
            rest = rest[EntryLength..];
        }

        return bytes;
    }

    /// <summary>What <see cref="Encode"/> gave; null: it is of a version that is not known here, or not whole. Zeroes the bytes.</summary>
    public static ClusterTicketKeys? Decode(byte[] bytes, long generation)
    {
        try
        {
            if (bytes.Length < HeadLength + EntryLength || bytes[0] != Version || bytes.Length != HeadLength + (bytes[1] * EntryLength))
                return null;
            var keys = new ClusterTicketKey[bytes[1]];
            for (int index = 0; index < keys.Length; index++)
            {
                ReadOnlySpan<byte> entry = bytes.AsSpan(HeadLength + (index * EntryLength), EntryLength);
                keys[index] = new(DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(entry)), TicketKey.Of(entry[8..]));
            }

            return new ClusterTicketKeys(generation, keys);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }
}

/// <summary>To the ticket key actor: the cluster's keys, to be used from now on.</summary>
internal sealed record UseClusterTicketKeys(ClusterTicketKeys Keys);

/// <summary>To the ticket key actor: since this node has joined the cluster, its keys have not come; it is ready without.</summary>
/// <param name="After">How long they were waited for.</param>
internal sealed record ClusterTicketKeysLate(TimeSpan After);
