using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Actors443.Acme.Dns;

/// <summary>One record of an answer.</summary>
/// <param name="Name">Whose; lower case, without a final dot.</param>
/// <param name="Type">May be one that has no name here.</param>
/// <param name="DataOffset">Where its data begins in the message.</param>
/// <param name="DataLength">Of the data.</param>
/// <param name="Offset">Where it begins itself.</param>
internal sealed record DnsRecord(string Name, DnsType Type, int DataOffset, int DataLength, int Offset);

/// <summary>An answer, read whole (RFC 1035 4.1). Immutable.</summary>
internal sealed class DnsMessage
{
    private const int ResponseFlag = 0x8000;
    private const int AuthoritativeFlag = 0x0400;
    private const int TruncatedFlag = 0x0200;
    private const int LongestName = 255;

    private readonly byte[] _bytes;

    private DnsMessage(byte[] bytes)
    {
        _bytes = bytes;
        Id = UInt16(0);
        Flags = UInt16(2);
        int questions = UInt16(4);
        int at = DnsWriter.HeaderLength;
        for (int i = 0; i < questions; i++)
        {
            _ = ReadName(ref at);
            at += 4;
        }

        Answers = ReadRecords(UInt16(6), ref at);
        Authorities = ReadRecords(UInt16(8), ref at);
        Additionals = ReadRecords(UInt16(10), ref at);
    }

    public ReadOnlyMemory<byte> Bytes => _bytes;

    public ushort Id { get; }

    public ushort Flags { get; }

    public bool IsAuthoritative => (Flags & AuthoritativeFlag) != 0;

    public bool IsTruncated => (Flags & TruncatedFlag) != 0;

    /// <summary>RCODE, for people.</summary>
    public string Outcome => (Flags & 15) switch
    {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        8 => "NXRRSET",
        9 => "NOTAUTH",
        10 => "NOTZONE",
        var code => $"RCODE {code}",
    };

    public bool Succeeded => (Flags & 15) == 0;

    public IReadOnlyList<DnsRecord> Answers { get; }

    public IReadOnlyList<DnsRecord> Authorities { get; }

    public IReadOnlyList<DnsRecord> Additionals { get; }

    /// <summary>Null: it is not a whole response.</summary>
    public static DnsMessage? TryRead(byte[] bytes)
    {
        if (bytes.Length < DnsWriter.HeaderLength)
            return null;
        try
        {
            var message = new DnsMessage(bytes);
            return (message.Flags & ResponseFlag) != 0 ? message : null;
        }
        catch (Exception cause) when (cause is ArgumentException or IndexOutOfRangeException)
        {
            // Cut off, or with lengths that lead outside.
            return null;
        }
    }

    public string TextOf(DnsRecord record)
    {
        var text = new StringBuilder();
        ReadOnlySpan<byte> data = _bytes.AsSpan(record.DataOffset, record.DataLength);
        for (int at = 0; at < data.Length; at += 1 + data[at])
            text.Append(Encoding.ASCII.GetString(data.Slice(at + 1, Math.Min(data[at], data.Length - at - 1))));
        return text.ToString();
    }

    /// <summary>The name that is the data of a CNAME, NS or SOA record.</summary>
    public string NameIn(DnsRecord record)
    {
        int at = record.DataOffset;
        return ReadName(ref at);
    }

    public IPAddress AddressIn(DnsRecord record) => new(_bytes.AsSpan(record.DataOffset, record.DataLength));

    public ushort UInt16(int at) => BinaryPrimitives.ReadUInt16BigEndian(_bytes.AsSpan(at, 2));

    /// <summary>A name, with compression (RFC 1035 4.1.4); <paramref name="at"/> is then behind it.</summary>
    public string ReadName(ref int at)
    {
        var name = new StringBuilder();
        int position = at;
        int end = -1;
        while (_bytes[position] is var length and not 0)
        {
            if (length >= 0xC0)
            {
                int target = UInt16(position) & 0x3FFF;
                if (end < 0)
                    end = position + 2;
                // Only ever back: there is no way to go round.
                if (target >= position)
                    throw new ArgumentException("A name points forward.");
                position = target;
                continue;
            }

            if (name.Length > 0)
                name.Append('.');
            name.Append(Encoding.ASCII.GetString(_bytes.AsSpan(position + 1, length)));
            position += 1 + length;
            if (name.Length > LongestName)
                throw new ArgumentException("A name is too long.");
        }

        at = end < 0 ? position + 1 : end;
        return name.ToString().ToLowerInvariant();
    }

    private List<DnsRecord> ReadRecords(int count, ref int at)
    {
        var records = new List<DnsRecord>();
        for (int i = 0; i < count; i++)
        {
            int offset = at;
            string name = ReadName(ref at);
            var type = (DnsType)UInt16(at);
            int length = UInt16(at + 8);
            at += 10;
            _ = _bytes.AsSpan(at, length);
            records.Add(new DnsRecord(name, type, at, length, offset));
            at += length;
        }

        return records;
    }
}
