using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Actors443.Bench.Dns;

/// <summary>Knows every name: an address for an hour. By UDP, in this process; it is asked once for each name.</summary>
internal sealed class BenchUpstream : IDisposable
{
    private readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));

    public BenchUpstream() => _ = ServeAsync();

    public int Port => ((IPEndPoint)_socket.Client.LocalEndPoint!).Port;

    public void Dispose() => _socket.Dispose();

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                UdpReceiveResult query = await _socket.ReceiveAsync();
                await _socket.SendAsync(Answer(query.Buffer), query.RemoteEndPoint);
            }
        }
        catch (Exception cause) when (cause is ObjectDisposedException or SocketException)
        {
            // The benchmark is over.
        }
    }

    private static byte[] Answer(byte[] query)
    {
        int end = 12;
        while (query[end] != 0)
            end += 1 + query[end];
        end += 5;
        bool isAddress = BinaryPrimitives.ReadUInt16BigEndian(query.AsSpan(end - 4)) == 1;
        byte[] header = [query[0], query[1], 0x81, 0x80, 0, 1, 0, (byte)(isAddress ? 1 : 0), 0, 0, 0, 0];
        byte[] record = isAddress ? [0xC0, 12, 0, 1, 0, 1, 0, 0, 14, 16, 0, 4, 192, 0, 2, 1] : [];
        return [.. header, .. query[12..end], .. record];
    }
}
