using System.Runtime.InteropServices;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Cache;

/// <summary>
/// What answers are kept by: the name in lower case, the type, what of the query changes an answer (DO, CD) and the client's subnet where that is passed on. As bytes,
/// so that an answer is found by a query in a buffer.
/// </summary>
internal static class DnsCacheKey
{
    /// <summary>Any key fits.</summary>
    public const int Longest = DnsReader.LongestName + 4 + 20 + 1;

    private const byte DnssecOk = 1;
    private const byte CheckingDisabled = 2;

    /// <summary>Writes the key of a query and answers its length.</summary>
    public static int Write(ReadOnlySpan<byte> message, in DnsQuery query, bool withSubnet, Span<byte> key)
    {
        int length = query.NameLength;
        DnsName.ToLower(message.Slice(DnsHeader.Length, length), key);
        key[length++] = (byte)((ushort)query.Type >> 8);
        key[length++] = (byte)query.Type;
        key[length++] = (byte)((query.DnssecOk ? DnssecOk : 0) | (query.CheckingDisabled ? CheckingDisabled : 0));
        if (withSubnet && query.SubnetLength > 0)
        {
            message.Slice(query.SubnetOffset, query.SubnetLength).CopyTo(key[length..]);
            length += query.SubnetLength;
        }

        // Hashed two bytes at a time.
        if ((length & 1) != 0)
            key[length++] = 0;
        return length;
    }

    /// <summary>It can be a key: for one that comes from elsewhere.</summary>
    public static bool IsWellFormed(ReadOnlySpan<byte> key)
    {
        if (key.Length > Longest || (key.Length & 1) != 0)
            return false;
        int at = 0;
        while (at < key.Length && key[at] != 0)
        {
            // No label is longer (RFC 1035 2.3.4).
            if (key[at] > 63)
                return false;
            at += 1 + key[at];
        }

        return at < DnsReader.LongestName && at + 4 <= key.Length;
    }

    /// <summary>The name of a key, as on the wire.</summary>
    public static ReadOnlySpan<byte> NameOf(ReadOnlySpan<byte> key)
    {
        int at = 0;
        while (key[at] != 0)
            at += 1 + key[at];
        return key[..(at + 1)];
    }

    public static DnsType TypeOf(ReadOnlySpan<byte> key) => (DnsType)(key[NameOf(key).Length] << 8 | key[NameOf(key).Length + 1]);

    public static bool IsDnssecOk(ReadOnlySpan<byte> key) => (key[NameOf(key).Length + 2] & DnssecOk) != 0;

    public static bool IsCheckingDisabled(ReadOnlySpan<byte> key) => (key[NameOf(key).Length + 2] & CheckingDisabled) != 0;

    /// <summary>The client's subnet as its option has it; empty: none.</summary>
    public static ReadOnlySpan<byte> SubnetOf(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> rest = key[(NameOf(key).Length + 3)..];
        if (rest.Length < 4)
            return [];
        int length = 4 + (rest[2] + 7) / 8;
        return rest[..Math.Min(length, rest.Length)];
    }

    /// <summary>By the framework's hash of texts, whose seed is secret: nobody outside can choose names that fall together.</summary>
    public static int HashOf(ReadOnlySpan<byte> key) => string.GetHashCode(MemoryMarshal.Cast<byte, char>(key));

    /// <summary>Compares keys, and buffers with keys.</summary>
    internal sealed class Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static Comparer Instance { get; } = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => HashOf(obj);

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => HashOf(alternate);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
