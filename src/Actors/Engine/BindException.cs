using System.Net;
using System.Net.Sockets;

namespace Actors443.Engine;

/// <summary>An address cannot be listened on. The message says which, why and what to do.</summary>
public sealed class BindException : Exception
{
    /// <summary>For one address and the error the system gave.</summary>
    public BindException(IPEndPoint endPoint, SocketException cause)
        : base(Explain(endPoint, cause.SocketErrorCode), cause)
    {
        EndPoint = endPoint;
        Error = cause.SocketErrorCode;
    }

    /// <summary>For an address of QUIC: its library names no error of the system.</summary>
    internal BindException(IPEndPoint endPoint, Exception cause)
        : base($"Cannot listen on UDP {endPoint}: {cause.Message} Is another process there (ss -lunp 'sport = :{endPoint.Port}' names it)?", cause)
    {
        EndPoint = endPoint;
        Error = SocketError.SocketError;
    }

    /// <summary>The address.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>The system's error.</summary>
    public SocketError Error { get; }

    private static string Explain(IPEndPoint endPoint, SocketError error) => error switch
    {
        SocketError.AccessDenied =>
            $"Not permitted to listen on {endPoint}: ports below 1024 need a right. Run as root, give the program cap_net_bind_service "
            + "(setcap, or AmbientCapabilities= in its systemd unit), lower net.ipv4.ip_unprivileged_port_start, or set another port.",
        SocketError.AddressAlreadyInUse =>
            $"Cannot listen on {endPoint}: another process already does. Stop it (ss -ltnp 'sport = :{endPoint.Port}' names it) or set another port.",
        SocketError.AddressNotAvailable =>
            $"Cannot listen on {endPoint}: this machine has no such address. Set one of its own (ip addr lists them), or [::] for all.",
        SocketError.AddressFamilyNotSupported =>
            $"Cannot listen on {endPoint}: this machine has no {(endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6; set an IPv4 address such as 0.0.0.0" : "IPv4")}.",
        _ => $"Cannot listen on {endPoint}: {error}.",
    };
}
