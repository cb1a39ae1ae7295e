using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Upstreams;

/// <summary>
/// One server by UDP, and by TCP for what does not fit (RFC 1035 4.2, RFC 7766). Each question has a socket of its own, and so a port, beside an id and a spelling of
/// its own: a forger must guess all of them (RFC 5452). Thread-safe.
/// </summary>
internal sealed class UdpUpstream(string name, IPEndPoint server, bool mixCase, TimeProvider time) : IDnsUpstream
{
    private const int LargestAnswer = 4096;

    // Of answers to something else than was asked: who sends so many is guessing.
    private const int MostForeign = 16;

    // Sent again after so long; what was sent first may be answered still.
    private static readonly TimeSpan Resend = TimeSpan.FromMilliseconds(700);

    private readonly StreamUpstream _tcp = StreamUpstream.Tcp(name, server, time);

    public string Name => name;

    public bool IsTrusted => IPAddress.IsLoopback(server.Address);

    public async Task<UpstreamAnswer> ExchangeAsync(UpstreamQuery query, CancellationToken cancellationToken)
    {
        byte[] message = query.Write((ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1), mixCase, padded: false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(LargestAnswer);
        try
        {
            return await AskAsync(message, buffer, cancellationToken) is { } answer ? answer : await _tcp.ExchangeAsync(query, cancellationToken);
        }
        catch (SocketException cause)
        {
            throw new DnsUpstreamException($"{name} cannot be reached: {cause.Message}", cause);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public void CloseIdle() => _tcp.CloseIdle();

    public void Dispose() => _tcp.Dispose();

    // Null: TCP is to be asked.
    private async Task<UpstreamAnswer?> AskAsync(byte[] message, byte[] buffer, CancellationToken cancellationToken)
    {
        // Connected: answers from elsewhere are not even seen, and its port is chosen at random by the system.
        using var socket = new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(server, cancellationToken);
        int foreign = 0;
        while (true)
        {
            await socket.SendAsync(message, cancellationToken);
            using var timer = new CancellationTokenSource(Resend, time);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
            try
            {
                while (true)
                {
                    int count = await socket.ReceiveAsync(buffer.AsMemory(0, LargestAnswer), patience.Token);
                    switch (UpstreamQuery.Match(message, buffer.AsSpan(0, count)))
                    {
                        case AnswerMatch.Answer:
                            return (buffer[2] & DnsHeader.Truncated) != 0 || count == LargestAnswer ? null : new UpstreamAnswer(buffer[..count]);
                        case AnswerMatch.OtherCase:
                            return null;
                        case AnswerMatch.Foreign when ++foreign > MostForeign:
                            return null;
                    }
                }
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // Lost on the way, perhaps.
            }
        }
    }
}
