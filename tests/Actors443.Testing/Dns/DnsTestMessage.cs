using System.Buffers.Binary;
using System.Buffers.Text;
using Actors443.Dns.Wire;

namespace Actors443.Testing.Dns;

/// <summary>Queries as clients send them.</summary>
internal static class DnsTestMessage
{
    /// <summary>A query.</summary>
    /// <param name="name">Its letters are kept as they are.</param>
    /// <param name="type">Of what.</param>
    /// <param name="id">Its id.</param>
    /// <param name="options">Of an OPT record, on the wire; null: there is none.</param>
    /// <param name="dnssecOk">DO of it.</param>
    public static byte[] Query(string name, DnsType type = DnsType.A, ushort id = 0, byte[]? options = null, bool dnssecOk = false)
    {
        var writer = new DnsWriter();
        writer.Header(id, 0x0100, 1, 0, 0, (ushort)(options is null ? 0 : 1));
        foreach (string label in name.TrimEnd('.').Split('.'))
        {
            writer.Byte((byte)label.Length);
            writer.Bytes(System.Text.Encoding.ASCII.GetBytes(label));
        }

        writer.Byte(0);
        writer.UInt16((ushort)type);
        writer.UInt16((ushort)DnsClass.In);
        if (options is not null)
        {
            writer.Bytes([0, 0, 41, 16, 0, 0, 0, (byte)(dnssecOk ? 0x80 : 0), 0]);
            writer.UInt16((ushort)options.Length);
            writer.Bytes(options);
        }

        return writer.Written.ToArray();
    }

    /// <summary>An option of EDNS.</summary>
    public static byte[] Option(ushort code, params byte[] data) => [(byte)(code >> 8), (byte)code, (byte)(data.Length >> 8), (byte)data.Length, .. data];

    /// <summary>The address of a GET (RFC 8484 4.1).</summary>
    public static string ToAddress(byte[] query) => "dns-query?dns=" + Base64Url.EncodeToString(query);

    /// <summary>The options of an answer's OPT record by their codes; null: there is no such record.</summary>
    public static IReadOnlyDictionary<ushort, byte[]>? OptionsOf(byte[] answer)
    {
        DnsMessage message = DnsMessage.TryRead(answer)!;
        if (message.Additionals.FirstOrDefault(record => record.Type == DnsType.Opt) is not { } opt)
            return null;
        var options = new Dictionary<ushort, byte[]>();
        for (int at = opt.DataOffset; at < opt.DataOffset + opt.DataLength;)
        {
            int length = message.UInt16(at + 2);
            options.Add(message.UInt16(at), answer[(at + 4)..(at + 4 + length)]);
            at += 4 + length;
        }

        return options;
    }

    public static uint TimeToLiveOf(byte[] answer, DnsRecord record) => BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(record.DataOffset - 6));
}
