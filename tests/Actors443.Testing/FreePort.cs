using System.Net;
using System.Net.Sockets;

namespace Actors443.Testing;

/// <summary>Ports for programs that cannot be told to take any.</summary>
public static class FreePort
{
    /// <summary>A port of 127.0.0.1 that was free for TCP and UDP just now; somebody else may take it first.</summary>
    public static int Next()
    {
        while (true)
        {
            using var tcp = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            tcp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            int port = ((IPEndPoint)tcp.LocalEndPoint!).Port;
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken for UDP.
            }
        }
    }
}
