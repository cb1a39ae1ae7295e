using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Actors443.Testing;

/// <summary>A ClientHello made byte by byte (RFC 5246 7.4.1.2, RFC 8446 4.1.2), for offers that no TLS library makes any more.</summary>
public sealed record RawClientHello
{
    /// <summary>legacy_version.</summary>
    public ushort Version { get; init; } = 0x0303;

    /// <summary>Cipher suites by their numbers.</summary>
    public IReadOnlyList<ushort> CipherSuites { get; init; } = [0xC02B, 0xC02F];

    /// <summary>supported_versions; empty: not sent, as clients before TLS 1.3 do.</summary>
    public IReadOnlyList<ushort> SupportedVersions { get; init; } = [];

    /// <summary>signature_algorithms.</summary>
    public IReadOnlyList<ushort> SignatureAlgorithms { get; init; } = [0x0403, 0x0804, 0x0401];

    /// <summary>server_name; null: not sent.</summary>
    public string? ServerName { get; init; } = "localhost";

    /// <summary>application_layer_protocol_negotiation; empty: not sent.</summary>
    public IReadOnlyList<string> ApplicationProtocols { get; init; } = [];

    /// <summary>More extensions, before all others: type and content.</summary>
    public IReadOnlyList<(ushort Type, byte[] Content)> Extra { get; init; } = [];

    /// <summary>Sends it to 127.0.0.1 and answers the description of the alert that comes back; null: no alert, but a handshake.</summary>
    public async Task<int?> SendAsync(int port)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var tcp = new TcpClient(AddressFamily.InterNetwork);
        await tcp.ConnectAsync(IPAddress.Loopback, port, patience.Token);
        await tcp.GetStream().WriteAsync(ToRecord(), patience.Token);
        byte[] answer = new byte[7];
        await tcp.GetStream().ReadExactlyAsync(answer, patience.Token);
        return answer[0] == 21 ? answer[6] : null;
    }

    /// <summary>The message, in TLS records of a length at most (RFC 8446 5.1).</summary>
    public byte[] ToRecords(int longest = 16 * 1024)
    {
        var records = new List<byte>();
        foreach (byte[] part in ToMessage().Chunk(longest))
        {
            records.AddRange([22, 3, 1]);
            AddBlock16(records, part);
        }

        return [.. records];
    }

    /// <summary>The TLS record with the whole message.</summary>
    public byte[] ToRecord()
    {
        var record = new List<byte> { 22, 3, 1 };
        AddBlock16(record, ToMessage());
        return [.. record];
    }

    private IEnumerable<byte> ToMessage()
    {
        var hello = new List<byte>();
        Add16(hello, Version);
        hello.AddRange(Enumerable.Range(0, 32).Select(i => (byte)i));
        hello.Add(0);
        AddBlock16(hello, CipherSuites.SelectMany(Bytes16));
        hello.AddRange([1, 0]);
        AddBlock16(hello, Extensions());
        byte[] length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, hello.Count);
        length[0] = 1;
        return length.Concat(hello);
    }

    private List<byte> Extensions()
    {
        var all = new List<byte>();
        foreach ((ushort type, byte[] content) in Extra)
            AddExtension(all, type, content);
        if (ServerName is not null)
        {
            byte[] name = Encoding.ASCII.GetBytes(ServerName);
            AddExtension(all, 0, [.. Bytes16((ushort)(name.Length + 3)), 0, .. Bytes16((ushort)name.Length), .. name]);
        }

        AddExtension(all, 10, [0, 4, 0, 0x1D, 0, 0x17]);
        AddExtension(all, 11, [1, 0]);
        AddExtension(all, 13, [.. Bytes16((ushort)(SignatureAlgorithms.Count * 2)), .. SignatureAlgorithms.SelectMany(Bytes16)]);
        if (ApplicationProtocols.Count > 0)
        {
            byte[] list = [.. ApplicationProtocols.SelectMany(protocol => (byte[])[(byte)protocol.Length, .. Encoding.ASCII.GetBytes(protocol)])];
            AddExtension(all, 16, [.. Bytes16((ushort)list.Length), .. list]);
        }

        if (SupportedVersions.Count > 0)
            AddExtension(all, 43, [(byte)(SupportedVersions.Count * 2), .. SupportedVersions.SelectMany(Bytes16)]);
        return all;
    }

    private static void AddExtension(List<byte> all, ushort type, byte[] content)
    {
        Add16(all, type);
        AddBlock16(all, content);
    }

    private static void AddBlock16(List<byte> target, IEnumerable<byte> content)
    {
        byte[] bytes = [.. content];
        Add16(target, (ushort)bytes.Length);
        target.AddRange(bytes);
    }

    private static void Add16(List<byte> target, ushort value) => target.AddRange(Bytes16(value));

    private static byte[] Bytes16(ushort value) => [(byte)(value >> 8), (byte)value];
}
