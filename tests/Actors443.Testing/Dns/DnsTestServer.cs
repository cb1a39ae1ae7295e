using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Actors443.Dns.Wire;

namespace Actors443.Testing.Dns;

/// <summary>A query as it came to the test's server.</summary>
/// <param name="Bytes">Whole.</param>
/// <param name="IsTcp">False: UDP.</param>
internal sealed record DnsTestQuery(byte[] Bytes, bool IsTcp)
{
    public DnsQuery Read { get; } = DnsQuery.TryRead(Bytes, out DnsQuery query) == DnsQueryStatus.Good ? query : throw new InvalidDataException("What the resolver asks is no good query.");

    public string WrittenName => DnsName.ToText(Bytes.AsSpan(DnsHeader.Length, Read.NameLength));

    public string Name => WrittenName.ToLowerInvariant();

    public DnsType Type => Read.Type;

    /// <summary>An answer to it.</summary>
    /// <param name="code">Its response code.</param>
    /// <param name="records">Of the answer section.</param>
    /// <param name="authorities">Of the next.</param>
    /// <param name="flags">Beside QR, RD and RA, as the header has them.</param>
    public byte[] Answer(DnsResponseCode code = DnsResponseCode.NoError, DnsTestRecord[]? records = null, DnsTestRecord[]? authorities = null, ushort flags = 0)
    {
        var writer = new DnsWriter();
        writer.Header(Read.Id, (ushort)(0x8180 | flags | (ushort)code), 1, (ushort)(records?.Length ?? 0), (ushort)(authorities?.Length ?? 0), 1);
        writer.Bytes(Bytes.AsSpan(DnsHeader.Length, Read.NameLength + 4));
        foreach (DnsTestRecord record in (records ?? []).Concat(authorities ?? []))
        {
            // The first name is the question's (RFC 1035 4.1.4).
            if (record.Name is null)
                writer.Bytes([0xC0, DnsHeader.Length]);
            else
                writer.Name(record.Name);
            writer.UInt16((ushort)record.Type);
            writer.UInt16((ushort)DnsClass.In);
            writer.UInt32(record.TimeToLive);
            writer.UInt16((ushort)record.Data.Length);
            writer.Bytes(record.Data);
        }

        writer.Bytes([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]);
        return writer.Written.ToArray();
    }
}

/// <param name="Type">Its.</param>
/// <param name="TimeToLive">Seconds.</param>
/// <param name="Data">As on the wire.</param>
/// <param name="Name">Whose; null: the question's.</param>
internal sealed record DnsTestRecord(DnsType Type, uint TimeToLive, byte[] Data, string? Name = null)
{
    public static DnsTestRecord A(string address, uint timeToLive = 300, string? name = null) => new(DnsType.A, timeToLive, IPAddress.Parse(address).GetAddressBytes(), name);

    public static DnsTestRecord Alias(string target, uint timeToLive = 300) => new(DnsType.Cname, timeToLive, DnsName.Parse(target));

    public static DnsTestRecord Soa(string zone, uint timeToLive, uint minimum)
    {
        var data = new DnsWriter();
        data.Name("ns." + zone);
        data.Name("admin." + zone);
        foreach (uint number in (uint[])[1, 3600, 600, 86400, minimum])
            data.UInt32(number);
        return new DnsTestRecord(DnsType.Soa, timeToLive, data.Written.ToArray(), zone);
    }
}

/// <summary>A DNS server whose answers the test writes, by UDP and TCP on one free port of 127.0.0.1.</summary>
internal sealed class DnsTestServer : IDisposable
{
    private readonly UdpClient _udp;
    private readonly TcpListener _tcp;
    private readonly Func<DnsTestQuery, Task<IReadOnlyList<byte[]>>> _answer;
    private readonly ConcurrentQueue<DnsTestQuery> _queries = new();

    private DnsTestServer(Func<DnsTestQuery, Task<IReadOnlyList<byte[]>>> answer)
    {
        _answer = answer;
        int port = FreePort.Next();
        EndPoint = new IPEndPoint(IPAddress.Loopback, port);
        _udp = new UdpClient(EndPoint);
        _tcp = new TcpListener(EndPoint);
        _tcp.Start();
        _ = ServeUdpAsync();
        _ = ServeTcpAsync();
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>All that came, the oldest first.</summary>
    public IReadOnlyList<DnsTestQuery> Queries => [.. _queries];

    /// <summary>Sockets that queries by UDP came from.</summary>
    public ConcurrentQueue<IPEndPoint> Sources { get; } = new();

    /// <summary>Connections by TCP so far.</summary>
    public int Connections { get; private set; }

    /// <param name="answer">Null: it does not answer.</param>
    public static DnsTestServer Start(Func<DnsTestQuery, byte[]?> answer) => Start(query => Task.FromResult<IReadOnlyList<byte[]>>(answer(query) is { } one ? [one] : []));

    /// <param name="answer">What is sent, in order; none: it does not answer.</param>
    public static DnsTestServer Start(Func<DnsTestQuery, Task<IReadOnlyList<byte[]>>> answer) => new(answer);

    public void Dispose()
    {
        _udp.Dispose();
        _tcp.Dispose();
    }

    private async Task ServeUdpAsync()
    {
        try
        {
            while (true)
            {
                UdpReceiveResult received = await _udp.ReceiveAsync();
                Sources.Enqueue(received.RemoteEndPoint);
                _ = AnswerAsync(new DnsTestQuery(received.Buffer, IsTcp: false), async answer => await _udp.SendAsync(answer, received.RemoteEndPoint));
            }
        }
        catch (Exception cause) when (cause is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeTcpAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _tcp.AcceptTcpClientAsync();
                Connections++;
                _ = ServeAsync(client);
            }
        }
        catch (Exception cause) when (cause is ObjectDisposedException or SocketException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await ServeStreamAsync(client.GetStream(), _queries.Enqueue, _answer);
            }
            catch (Exception cause) when (cause is IOException or ObjectDisposedException)
            {
                // The resolver has gone.
            }
        }
    }

    /// <summary>Answers what comes on a stream, each message with its length before it.</summary>
    public static async Task ServeStreamAsync(Stream stream, Action<DnsTestQuery> note, Func<DnsTestQuery, Task<IReadOnlyList<byte[]>>> answer)
    {
        using var writing = new SemaphoreSlim(1, 1);
        byte[] length = new byte[2];
        while (true)
        {
            await stream.ReadExactlyAsync(length);
            byte[] message = new byte[BinaryPrimitives.ReadUInt16BigEndian(length)];
            await stream.ReadExactlyAsync(message);
            var query = new DnsTestQuery(message, IsTcp: true);
            note(query);
            _ = Task.Run(async () =>
            {
                foreach (byte[] one in await answer(query))
                {
                    byte[] framed = [(byte)(one.Length >> 8), (byte)one.Length, .. one];
                    await writing.WaitAsync();
                    await stream.WriteAsync(framed);
                    writing.Release();
                }
            });
        }
    }

    private async Task AnswerAsync(DnsTestQuery query, Func<byte[], Task> send)
    {
        _queries.Enqueue(query);
        foreach (byte[] answer in await _answer(query))
            await send(answer);
    }
}
