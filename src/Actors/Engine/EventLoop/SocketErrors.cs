using System.Net.Sockets;
using Actors443.Engine.EventLoop.Interop;

namespace Actors443.Engine.EventLoop;

/// <summary>The kernel's error numbers in .NET's terms.</summary>
internal static class SocketErrors
{
    private const int EPERM = 1;
    private const int EACCES = 13;
    private const int EAFNOSUPPORT = 97;
    private const int ECONNABORTED = 103;

    public static SocketException ToException(int errno) => new((int)Of(errno));

    public static SocketError Of(int errno) => errno switch
    {
        EPERM or EACCES => SocketError.AccessDenied,
        LibC.EINTR => SocketError.Interrupted,
        LibC.EBADF or LibC.ENOTSOCK => SocketError.NotSocket,
        LibC.EAGAIN => SocketError.WouldBlock,
        LibC.EINVAL => SocketError.InvalidArgument,
        LibC.ENFILE or LibC.EMFILE => SocketError.TooManyOpenSockets,
        LibC.ENOBUFS or LibC.ENOMEM => SocketError.NoBufferSpaceAvailable,
        LibC.EADDRINUSE => SocketError.AddressAlreadyInUse,
        LibC.EADDRNOTAVAIL => SocketError.AddressNotAvailable,
        EAFNOSUPPORT => SocketError.AddressFamilyNotSupported,
        ECONNABORTED => SocketError.ConnectionAborted,
        LibC.ECONNRESET or LibC.EPIPE => SocketError.ConnectionReset,
        LibC.ETIMEDOUT => SocketError.TimedOut,
        LibC.ECONNREFUSED => SocketError.ConnectionRefused,
        LibC.ENETUNREACH => SocketError.NetworkUnreachable,
        LibC.EHOSTUNREACH => SocketError.HostUnreachable,
        _ => SocketError.SocketError,
    };
}
