using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Actors443.Dns.Wire;

namespace Actors443.Acme.Dns;

/// <summary>One question to one server: by UDP, sent again twice, and by TCP where the answer does not fit (RFC 1035 4.2, RFC 7766). Stateless.</summary>
internal static class DnsTransport
{
    private const int UdpAttempts = 3;
    private const int LongestMessage = 65535;

    /// <param name="server">Asked.</param>
    /// <param name="message">With its id in the first two bytes.</param>
    /// <param name="tcpOnly">For messages that are too long for UDP, or by setting.</param>
    /// <param name="timeout">For all of it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="DnsChallengeException">No answer came, or none that is one.</exception>
    public static async Task<DnsMessage> AskAsync(IPEndPoint server, ReadOnlyMemory<byte> message, bool tcpOnly, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(timeout);
        try
        {
            if (!tcpOnly)
            {
                DnsMessage answer = await AskByUdpAsync(server, message, timeout / UdpAttempts, patience.Token);
                if (!answer.IsTruncated)
                    return answer;
            }

            return await AskByTcpAsync(server, message, patience.Token);
        }
        catch (OperationCanceledException cause) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DnsChallengeException($"The DNS server {server} did not answer within {timeout.TotalSeconds:0.#} s.", cause);
        }
        catch (Exception cause) when (cause is SocketException or IOException)
        {
            throw new DnsChallengeException($"The DNS server {server} cannot be reached: {cause.Message}.", cause);
        }
    }

    private static async Task<DnsMessage> AskByUdpAsync(IPEndPoint server, ReadOnlyMemory<byte> message, TimeSpan each, CancellationToken cancellationToken)
    {
        // Connected: answers from elsewhere are not even seen.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        byte[] buffer = new byte[LongestMessage];
        for (int attempt = 1; ; attempt++)
        {
            await socket.SendAsync(message, cancellationToken);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(each);
            try
            {
                while (true)
                {
                    int count = await socket.ReceiveAsync(buffer, patience.Token);
                    if (DnsMessage.TryRead(buffer[..count]) is { } answer && answer.Id == BinaryPrimitives.ReadUInt16BigEndian(message.Span))
                        return answer;
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && attempt < UdpAttempts)
            {
                // Lost on the way, perhaps.
            }
        }
    }

    private static async Task<DnsMessage> AskByTcpAsync(IPEndPoint server, ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        using var socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server, cancellationToken);
        await using var stream = new NetworkStream(socket, ownsSocket: false);
        byte[] framed = new byte[2 + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed.AsMemory(2));
        await stream.WriteAsync(framed, cancellationToken);
        byte[] length = new byte[2];
        await stream.ReadExactlyAsync(length, cancellationToken);
        byte[] answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
        await stream.ReadExactlyAsync(answer, cancellationToken);
        return DnsMessage.TryRead(answer) is { } read && read.Id == BinaryPrimitives.ReadUInt16BigEndian(message.Span)
            ? read
            : throw new DnsChallengeException($"The DNS server {server} answered with something that is not a DNS response.");
    }
}
