using System.Net;
using System.Net.Sockets;
using Actors443.Engine.EventLoop.Interop;
using Actors443.Listening.Handover;

namespace Actors443.Engine.EventLoop;

/// <summary>Opens the sockets of a listener: at least one a loop for each address, among which the kernel spreads the connections (SO_REUSEPORT).</summary>
internal static unsafe class LoopSockets
{
    /// <summary>Descriptors that listen: one a loop; more if more were inherited, and fewer if those do not share their address.</summary>
    /// <param name="endPoint">What is wanted; port 0 takes any free one.</param>
    /// <param name="inherited">Those that listen there already; taken over.</param>
    /// <param name="count">How many there should be.</param>
    /// <param name="backlog">Of each.</param>
    /// <param name="bound">The address really bound.</param>
    /// <exception cref="BindException">The address cannot be bound; no socket is left open.</exception>
    public static int[] Open(IPEndPoint endPoint, IReadOnlyList<int> inherited, int count, int backlog, out IPEndPoint bound)
    {
        // With SO_REUSEPORT another server of the same user could share the port unnoticed.
        if (endPoint.Port != 0 && inherited.Count == 0)
            _ = LibC.close(Bind(endPoint, reusePort: false));
        var opened = new List<int>(inherited);
        bound = endPoint;
        try
        {
            foreach (int descriptor in inherited)
            {
                bound = LocalOf(descriptor, endPoint);
                _ = LibC.fcntl(descriptor, LibC.SetStatusFlags, LibC.fcntl(descriptor, LibC.GetStatusFlags, 0) | LibC.SocketNonBlocking);
                // Changes the backlog alone.
                if (LibC.listen(descriptor, backlog) != 0)
                    throw Failure(endPoint, LibC.Error);
            }

            if (inherited.Any(descriptor => !InheritedSocket.IsShared(descriptor)))
                return [.. opened];
            while (opened.Count < count)
            {
                int descriptor = Bind(bound, reusePort: true);
                opened.Add(descriptor);
                bound = LocalOf(descriptor, endPoint);
                if (LibC.listen(descriptor, backlog) != 0)
                    throw Failure(endPoint, LibC.Error);
            }

            return [.. opened];
        }
        catch (BindException)
        {
            foreach (int descriptor in opened)
                _ = LibC.close(descriptor);
            throw;
        }
    }

    private static int Bind(IPEndPoint endPoint, bool reusePort)
    {
        byte[] address = NativeAddress.Of(endPoint);
        int family = BitConverter.ToUInt16(address);
        int descriptor = LibC.socket(family, LibC.SocketStream | LibC.SocketNonBlocking | LibC.SocketCloseOnExec, 0);
        if (descriptor < 0)
            throw Failure(endPoint, LibC.Error);
        Set(descriptor, LibC.LevelSocket, LibC.SocketReuseAddress, 1);
        if (reusePort)
            Set(descriptor, LibC.LevelSocket, LibC.SocketReusePort, 1);
        // Accepted connections inherit it.
        Set(descriptor, LibC.LevelTcp, LibC.TcpNoDelay, 1);
        if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            Set(descriptor, LibC.LevelIpv6, LibC.Ipv6Only, endPoint.Address.Equals(IPAddress.IPv6Any) ? 0 : 1);
        fixed (byte* bytes = address)
        {
            if (LibC.bind(descriptor, bytes, address.Length) == 0)
                return descriptor;
        }

        int error = LibC.Error;
        _ = LibC.close(descriptor);
        throw Failure(endPoint, error);
    }

    /// <summary>The address at this end of a socket; null: <see cref="LibC.Error"/> says why not.</summary>
    public static IPEndPoint? LocalOf(int descriptor)
    {
        byte* address = stackalloc byte[NativeAddress.MaximumLength];
        int length = NativeAddress.MaximumLength;
        return LibC.getsockname(descriptor, address, &length) == 0 ? NativeAddress.Read(new ReadOnlySpan<byte>(address, length)) : null;
    }

    private static IPEndPoint LocalOf(int descriptor, IPEndPoint wanted) =>
        LocalOf(descriptor) is { } local ? new IPEndPoint(wanted.Address, local.Port) : throw Failure(wanted, LibC.Error);

    private static void Set(int descriptor, int level, int name, int value) => _ = LibC.setsockopt(descriptor, level, name, &value, sizeof(int));

    private static BindException Failure(IPEndPoint endPoint, int errno) => new(endPoint, SocketErrors.ToException(errno));
}
