using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Actors443.Dns.Wire;

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
    private readonly byte[] _bytes;

    private DnsMessage(byte[] bytes, IReadOnlyList<DnsRecord> answers, IReadOnlyList<DnsRecord> authorities, IReadOnlyList<DnsRecord> additionals)
    {
        _bytes = bytes;
        Answers = answers;
        Authorities = authorities;
        Additionals = additionals;
    }

    public ReadOnlyMemory<byte> Bytes => _bytes;

    public ushort Id => DnsHeader.Id(_bytes);

    public bool IsAuthoritative => (_bytes[2] & DnsHeader.Authoritative) != 0;

    public bool IsTruncated => (_bytes[2] & DnsHeader.Truncated) != 0;

    /// <summary>RCODE, for people.</summary>
    public string Outcome => NameOf(DnsHeader.ResponseCode(_bytes));

    public bool Succeeded => DnsHeader.ResponseCode(_bytes) == DnsResponseCode.NoError;

    public IReadOnlyList<DnsRecord> Answers { get; }

    public IReadOnlyList<DnsRecord> Authorities { get; }

    public IReadOnlyList<DnsRecord> Additionals { get; }

    /// <summary>A response code, for people.</summary>
    public static string NameOf(DnsResponseCode code) => Enum.IsDefined(code) ? code.ToString().ToUpperInvariant() : $"RCODE {(int)code}";

    /// <summary>Null: it is not a whole response.</summary>
    public static DnsMessage? TryRead(byte[] bytes)
    {
        if (bytes.Length < DnsHeader.Length || (bytes[2] & DnsHeader.Response) == 0)
            return null;
        var reader = new DnsReader(bytes);
        for (int i = DnsHeader.Questions(bytes); i > 0; i--)
        {
            if (!reader.TryReadQuestion(out _, out _))
                return null;
        }

        return TryReadRecords(bytes, ref reader, DnsHeader.Answers(bytes), out List<DnsRecord> answers)
            && TryReadRecords(bytes, ref reader, DnsHeader.Authorities(bytes), out List<DnsRecord> authorities)
            && TryReadRecords(bytes, ref reader, DnsHeader.Additionals(bytes), out List<DnsRecord> additionals)
            ? new DnsMessage(bytes, answers, authorities, additionals)
            : null;
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

    /// <summary>A name in lower case and without a final dot; <paramref name="at"/> is then behind it.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public string ReadName(ref int at)
    {
        var reader = new DnsReader(_bytes);
        reader.MoveTo(at);
        string name = TryReadName(ref reader) ?? throw new ArgumentException("There is no name.", nameof(at));
        at = reader.Position;
        return name;
    }

    private static string? TryReadName(ref DnsReader reader)
    {
        Span<byte> wire = stackalloc byte[DnsReader.LongestName];
        if (!reader.TryReadName(wire, out int length))
            return null;
        var name = new StringBuilder(length);
        for (int at = 0; wire[at] != 0; at += 1 + wire[at])
        {
            if (name.Length > 0)
                name.Append('.');
            name.Append(Encoding.ASCII.GetString(wire.Slice(at + 1, wire[at])));
        }

        return name.ToString().ToLowerInvariant();
    }

    private static bool TryReadRecords(byte[] bytes, ref DnsReader reader, int count, out List<DnsRecord> records)
    {
        records = [];
        for (; count > 0; count--)
        {
            var again = new DnsReader(bytes);
            again.MoveTo(reader.Position);
            if (!reader.TryReadRecord(out DnsRecordPlace place) || TryReadName(ref again) is not { } name)
                return false;
            records.Add(new DnsRecord(name, place.Type, place.DataOffset, place.DataLength, place.Offset));
        }

        return true;
    }
}
