using System.Buffers.Binary;

namespace Actors443.Dns.Wire;

/// <summary>The twelve bytes before everything else (RFC 1035 4.1.1), where they are in a message.</summary>
internal static class DnsHeader
{
    public const int Length = 12;

    public const int LongestMessage = 65535;

    // Of the third byte.
    public const byte Response = 0x80;
    public const byte OpcodeMask = 0x78;
    public const byte Authoritative = 0x04;
    public const byte Truncated = 0x02;
    public const byte RecursionDesired = 0x01;

    // Of the fourth.
    public const byte RecursionAvailable = 0x80;
    public const byte AuthenticData = 0x20;
    public const byte CheckingDisabled = 0x10;
    public const byte ResponseCodeMask = 0x0F;

    public static ushort Id(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message);

    public static ushort Questions(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[4..]);

    public static ushort Answers(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[6..]);

    public static ushort Authorities(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[8..]);

    public static ushort Additionals(ReadOnlySpan<byte> message) => BinaryPrimitives.ReadUInt16BigEndian(message[10..]);

    public static DnsResponseCode ResponseCode(ReadOnlySpan<byte> message) => (DnsResponseCode)(message[3] & ResponseCodeMask);

    public static void WriteId(Span<byte> message, ushort id) => BinaryPrimitives.WriteUInt16BigEndian(message, id);

    public static void WriteAdditionals(Span<byte> message, int count) => BinaryPrimitives.WriteUInt16BigEndian(message[10..], (ushort)count);
}
