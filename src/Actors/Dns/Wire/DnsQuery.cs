using System.Buffers.Binary;

namespace Actors443.Dns.Wire;

/// <summary>What a client's message is.</summary>
internal enum DnsQueryStatus
{
    /// <summary>A question to be answered.</summary>
    Good,

    /// <summary>Nothing that could be answered by a DNS message: shorter than a header, or itself an answer.</summary>
    NoQuery,

    /// <summary>FORMERR.</summary>
    Malformed,

    /// <summary>NOTIMP: another operation than a query, or a question type that is one.</summary>
    NotImplemented,

    /// <summary>BADVERS: an EDNS version that nobody speaks.</summary>
    BadVersion,

    /// <summary>REFUSED: of another class than IN, or without recursion desired.</summary>
    Refused,
}

/// <summary>A query, read whole and without garbage: one question whose name is not compressed, and what EDNS says (RFC 1035 4.1, RFC 6891, RFC 9619).</summary>
internal readonly record struct DnsQuery
{
    private const ushort PaddingOption = 12;
    private const ushort SubnetOption = 8;
    private const int LongestSubnet = 4 + 16;

    public ushort Id { get; init; }

    /// <summary>Bytes of the question's name, behind the header; 0: there is no question that can be repeated.</summary>
    public int NameLength { get; init; }

    public DnsType Type { get; init; }

    /// <summary>The third byte of the header: opcode and RD.</summary>
    public byte Operation { get; init; }

    public bool CheckingDisabled { get; init; }

    /// <summary>The client understands AD (RFC 6840 5.7).</summary>
    public bool AuthenticData { get; init; }

    /// <summary>There is an OPT record.</summary>
    public bool HasEdns { get; init; }

    /// <summary>DO: it wants signatures.</summary>
    public bool DnssecOk { get; init; }

    /// <summary>The query was padded, so that the answer is to be (RFC 7830 4).</summary>
    public bool IsPadded { get; init; }

    /// <summary>Where the data of an option with the client's subnet is (RFC 7871); 0: there is none.</summary>
    public int SubnetOffset { get; init; }

    public int SubnetLength { get; init; }

    /// <summary>Where the question ends.</summary>
    public int QuestionEnd => DnsHeader.Length + (NameLength == 0 ? 0 : NameLength + 4);

    public static DnsQueryStatus TryRead(ReadOnlySpan<byte> message, out DnsQuery query)
    {
        query = default;
        if (message.Length < DnsHeader.Length || message.Length > DnsHeader.LongestMessage || (message[2] & DnsHeader.Response) != 0)
            return DnsQueryStatus.NoQuery;
        query = new DnsQuery
        {
            Id = DnsHeader.Id(message),
            Operation = (byte)(message[2] & (DnsHeader.OpcodeMask | DnsHeader.RecursionDesired)),
            CheckingDisabled = (message[3] & DnsHeader.CheckingDisabled) != 0,
            AuthenticData = (message[3] & DnsHeader.AuthenticData) != 0,
        };
        if ((message[2] & DnsHeader.OpcodeMask) != 0)
            return DnsQueryStatus.NotImplemented;
        if (DnsHeader.Questions(message) != 1 || DnsHeader.Answers(message) != 0 || DnsHeader.Authorities(message) != 0)
            return DnsQueryStatus.Malformed;
        var reader = new DnsReader(message);
        // At this place a pointer could only lead into the header, which the reader does not allow.
        if (!reader.TryReadQuestion(out DnsType type, out ushort @class))
            return DnsQueryStatus.Malformed;
        query = query with { NameLength = reader.Position - 4 - DnsHeader.Length, Type = type };
        DnsQueryStatus status = ReadAdditionals(message, ref reader, ref query);
        return status != DnsQueryStatus.Good ? status : StatusOf(message, type, @class);
    }

    private static DnsQueryStatus StatusOf(ReadOnlySpan<byte> message, DnsType type, ushort @class)
    {
        if (type is DnsType.None or DnsType.Opt)
            return DnsQueryStatus.Malformed;
        // Transfers and keys are no lookups.
        if (type is DnsType.Tkey or DnsType.Tsig or DnsType.Ixfr or DnsType.Axfr)
            return DnsQueryStatus.NotImplemented;
        return @class != (ushort)DnsClass.In || (message[2] & DnsHeader.RecursionDesired) == 0 ? DnsQueryStatus.Refused : DnsQueryStatus.Good;
    }

    private static DnsQueryStatus ReadAdditionals(ReadOnlySpan<byte> message, ref DnsReader reader, ref DnsQuery query)
    {
        bool badVersion = false;
        for (int left = DnsHeader.Additionals(message); left > 0; left--)
        {
            if (!reader.TryReadRecord(out DnsRecordPlace record))
                return DnsQueryStatus.Malformed;
            if (record.Type != DnsType.Opt)
                continue;
            // RFC 6891 6.1.1: one, of the root.
            if (query.HasEdns || message[record.Offset] != 0 || !TryReadOptions(message, record, ref query))
                return DnsQueryStatus.Malformed;
            query = query with { HasEdns = true, DnssecOk = (record.TimeToLive & 0x8000) != 0 };
            badVersion = (record.TimeToLive >> 16 & 0xFF) != 0;
        }

        if (reader.Position != message.Length)
            return DnsQueryStatus.Malformed;
        return badVersion ? DnsQueryStatus.BadVersion : DnsQueryStatus.Good;
    }

    private static bool TryReadOptions(ReadOnlySpan<byte> message, in DnsRecordPlace record, ref DnsQuery query)
    {
        int at = record.DataOffset;
        while (at < record.End)
        {
            if (at + 4 > record.End)
                return false;
            ushort code = BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            int length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]);
            at += 4;
            if (at + length > record.End)
                return false;
            if (code == PaddingOption)
                query = query with { IsPadded = true };
            if (code == SubnetOption)
            {
                if (length is < 4 or > LongestSubnet)
                    return false;
                query = query with { SubnetOffset = at, SubnetLength = length };
            }

            at += length;
        }

        return true;
    }
}
