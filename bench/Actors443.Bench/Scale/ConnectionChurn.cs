using System.Net;
using System.Net.Sockets;

namespace Actors443.Bench.Scale;

/// <summary>Clients that connect to one node after the other, and hold so many connections in all. They say nothing: limits count before TLS.</summary>
internal static class ConnectionChurn
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <param name="addresses">Of the clients, which take turns.</param>
    /// <param name="firstPort">Of the nodes.</param>
    /// <param name="ports">How many nodes.</param>
    /// <param name="held">How many connections are held: the oldest goes when the next is made.</param>
    /// <param name="count">How many are made.</param>
    public static async Task RunAsync(string[] addresses, int firstPort, int ports, int held, int count)
    {
        var open = new Queue<Socket>();
        try
        {
            for (int made = 0; made < count; made++)
            {
                if (open.Count == held)
                    open.Dequeue().Dispose();
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                open.Enqueue(socket);
                socket.Bind(new IPEndPoint(IPAddress.Parse(addresses[made % addresses.Length]), 0));
                await socket.ConnectAsync(IPAddress.Loopback, firstPort + (made % ports));
                await Task.Delay(Pause);
            }
        }
        finally
        {
            foreach (Socket socket in open)
                socket.Dispose();
        }
    }
}
