using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Actors443.Admission;

/// <summary>What makes a client: an address under a mask. IPv4 is kept as IPv4-mapped IPv6, however it came in.</summary>
internal readonly record struct ClientKey(ulong High, ulong Low)
{
    /// <summary>What their texts begin with, up to the colon.</summary>
    public const string Kind = "client";

    private const ulong Ipv4Prefix = 0xffff_0000_0000;

    public static ClientKey Of(IPAddress address, int ipv4Mask, int ipv6Mask)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        if (length == 4 || address.IsIPv4MappedToIPv6)
        {
            uint ipv4 = BinaryPrimitives.ReadUInt32BigEndian(length == 4 ? bytes : bytes[12..]);
            return new ClientKey(0, Ipv4Prefix | (ipv4Mask == 0 ? 0 : ipv4 & (uint.MaxValue << (32 - ipv4Mask))));
        }

        ulong high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        ulong low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        return new ClientKey(high & Mask(Math.Min(ipv6Mask, 64)), low & Mask(Math.Max(ipv6Mask - 64, 0)));
    }

    /// <summary>The addresses it stands for.</summary>
    public IPNetwork ToNetwork(int ipv4Mask, int ipv6Mask)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        return High == 0 && Low >> 32 == Ipv4Prefix >> 32 ? new IPNetwork(new IPAddress(bytes[12..]), ipv4Mask) : new IPNetwork(new IPAddress(bytes), ipv6Mask);
    }

    /// <summary>As nodes tell it each other.</summary>
    public override string ToString() => $"{Kind}:{High:x16}{Low:x16}";

    /// <summary>What <see cref="ToString"/> gives; null: something else.</summary>
    public static ClientKey? Parse(string text)
    {
        ReadOnlySpan<char> digits = text.AsSpan(Math.Min(Kind.Length + 1, text.Length));
        return digits.Length == 32 && ulong.TryParse(digits[..16], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong high)
            && ulong.TryParse(digits[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong low)
            ? new ClientKey(high, low)
            : null;
    }

    private static ulong Mask(int bits) => bits == 0 ? 0 : ulong.MaxValue << (64 - bits);
}
