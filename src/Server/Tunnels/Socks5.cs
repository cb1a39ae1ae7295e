using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using Actors443.Tunnels.Targets;

namespace Actors443.Server.Tunnels;

/// <summary>SOCKS5 (RFC 1928) as far as a local program needs it: CONNECT, without authentication, names left to the far side.</summary>
internal static class Socks5
{
    public const byte Succeeded = 0;
    public const byte GeneralFailure = 1;
    public const byte NotAllowed = 2;

    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte NothingAcceptable = 0xff;
    private const byte Connect = 1;
    private const byte CommandNotSupported = 7;
    private const byte AddressNotSupported = 8;
    private const byte Ipv4 = 1;
    private const byte Name = 3;
    private const byte Ipv6 = 4;

    /// <summary>Where it is to lead; null: it was told that it cannot be.</summary>
    /// <exception cref="IOException">The other side does not speak SOCKS5.</exception>
    public static async Task<TunnelTarget?> ReadRequestAsync(Stream input, Stream output, CancellationToken cancellationToken)
    {
        byte[] head = new byte[4];
        await input.ReadExactlyAsync(head.AsMemory(0, 2), cancellationToken);
        if (head[0] != Version)
            throw new IOException($"whoever connected speaks no SOCKS5 (its first byte is {head[0]})");
        byte[] methods = new byte[head[1]];
        await input.ReadExactlyAsync(methods, cancellationToken);
        bool acceptable = methods.Contains(NoAuthentication);
        await output.WriteAsync(new[] { Version, acceptable ? NoAuthentication : NothingAcceptable }, cancellationToken);
        if (!acceptable)
            return null;

        await input.ReadExactlyAsync(head, cancellationToken);
        string host;
        switch (head[3])
        {
            case Ipv4 or Ipv6:
                byte[] address = new byte[head[3] == Ipv4 ? 4 : 16];
                await input.ReadExactlyAsync(address, cancellationToken);
                host = new IPAddress(address).ToString();
                break;
            case Name:
                byte[] length = new byte[1];
                await input.ReadExactlyAsync(length, cancellationToken);
                byte[] name = new byte[length[0]];
                await input.ReadExactlyAsync(name, cancellationToken);
                host = Encoding.ASCII.GetString(name);
                break;
            default:
                await ReplyAsync(output, AddressNotSupported, cancellationToken);
                return null;
        }

        byte[] port = new byte[2];
        await input.ReadExactlyAsync(port, cancellationToken);
        TunnelTarget? target = TunnelTarget.Of(host, BinaryPrimitives.ReadUInt16BigEndian(port).ToString(CultureInfo.InvariantCulture));
        if (head[1] == Connect && target is not null)
            return target;
        await ReplyAsync(output, head[1] == Connect ? GeneralFailure : CommandNotSupported, cancellationToken);
        return null;
    }

    public static async Task ReplyAsync(Stream output, byte reply, CancellationToken cancellationToken) =>
        await output.WriteAsync(new byte[] { Version, reply, 0, Ipv4, 0, 0, 0, 0, 0, 0 }, cancellationToken);
}
