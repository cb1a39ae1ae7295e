using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;

namespace Actors443.Testing;

/// <summary>PROXY headers as proxies write them.</summary>
public static class ProxyHeaders
{
    public static byte[] Line(IPEndPoint source, IPEndPoint destination) => Encoding.ASCII.GetBytes(
        $"PROXY {(source.AddressFamily == AddressFamily.InterNetwork ? "TCP4" : "TCP6")} {source.Address} {destination.Address} {source.Port} {destination.Port}\r\n");

    /// <param name="source">The client.</param>
    /// <param name="destination">Where it came to.</param>
    /// <param name="local">The proxy's own connection.</param>
    /// <param name="tlvs">Type and value each.</param>
    /// <param name="sum">With a checksum, which is the last TLV.</param>
    public static byte[] Binary(IPEndPoint source, IPEndPoint destination, bool local = false, IReadOnlyList<(byte Type, byte[] Value)>? tlvs = null, bool sum = false)
    {
        var body = new MemoryStream();
        body.Write(source.Address.GetAddressBytes());
        body.Write(destination.Address.GetAddressBytes());
        Span<byte> two = stackalloc byte[2];
        foreach (int port in (int[])[source.Port, destination.Port])
        {
            BinaryPrimitives.WriteUInt16BigEndian(two, (ushort)port);
            body.Write(two);
        }

        foreach ((byte type, byte[] value) in (tlvs ?? []).Concat(sum ? [((byte)3, new byte[4])] : []))
            body.Write(Tlv(type, value));
        byte[] header = [.. "\r\n\r\n\0\r\nQUIT\n"u8, (byte)(local ? 0x20 : 0x21), (byte)(source.AddressFamily == AddressFamily.InterNetwork ? 0x11 : 0x21), (byte)(body.Length >> 8), (byte)body.Length, .. body.ToArray()];
        if (sum)
            BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(header.Length - 4), Crc32C(header));
        return header;
    }

    public static byte[] Tlv(byte type, byte[] value) => [type, (byte)(value.Length >> 8), (byte)value.Length, .. value];

    private static uint Crc32C(byte[] bytes)
    {
        uint sum = uint.MaxValue;
        foreach (byte one in bytes)
            sum = BitOperations.Crc32C(sum, one);
        return ~sum;
    }
}
