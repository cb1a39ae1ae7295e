using System.Buffers.Binary;
using System.Net;

namespace Actors443.Engine.EventLoop.Interop;

/// <summary>Socket addresses as the kernel has them (sockaddr_in, sockaddr_in6).</summary>
internal static class NativeAddress
{
    /// <summary>Bytes that hold any address of ours.</summary>
    public const int MaximumLength = 28;

    private const int PortOffset = 2;
    private const int Ipv4Offset = 4;
    private const int Ipv6Offset = 8;
    private const int Ipv6ScopeOffset = 24;

    public static byte[] Of(IPEndPoint endPoint)
    {
        SocketAddress address = endPoint.Serialize();
        return address.Buffer[..address.Size].ToArray();
    }

    /// <summary>The end point; an IPv4 address in IPv6 dress comes out as IPv4.</summary>
    public static IPEndPoint Read(ReadOnlySpan<byte> address)
    {
        int port = BinaryPrimitives.ReadUInt16BigEndian(address[PortOffset..]);
        if (BitConverter.ToUInt16(address) == LibC.FamilyIpv4)
            return new IPEndPoint(new IPAddress(address.Slice(Ipv4Offset, 4)), port);
        ReadOnlySpan<byte> bytes = address.Slice(Ipv6Offset, 16);
        bool isMapped = !bytes[..10].ContainsAnyExcept((byte)0) && bytes[10] == 0xff && bytes[11] == 0xff;
        return new IPEndPoint(isMapped ? new IPAddress(bytes[12..]) : new IPAddress(bytes, BitConverter.ToUInt32(address[Ipv6ScopeOffset..])), port);
    }
}
