using System.Buffers.Binary;
using Actors443.Dns.Cache;
using Actors443.Dns.Wire;

namespace Actors443.Dns;

/// <summary>What came of a query.</summary>
public enum DnsVerdict
{
    /// <summary>There is an answer, errors of DNS included.</summary>
    Answered,

    /// <summary>It was no query, so that there is nothing to say in DNS.</summary>
    NotAQuery,

    /// <summary>The client may not ask here. The answer is REFUSED, where that is how to say it.</summary>
    Denied,

    /// <summary>The client asks too often. The answer is REFUSED, where that is how to say it.</summary>
    TooMany,
}

/// <summary>An answer that is written where it is to go. Valid as long as its query is.</summary>
public readonly struct DnsAnswer
{
    // RFC 8467 4.1: answers to multiples of it.
    private const int PaddingBlock = 468;
    private const int OptLength = 11;
    private const ushort SubnetOption = 8;
    private const ushort PaddingOption = 12;
    private const ushort ErrorOption = 15;
    private const int ErrorLength = 6;

    // RFC 8767 4.
    private const uint StaleSeconds = 30;

    private readonly ReadOnlyMemory<byte> _message;
    private readonly DnsQuery _query;
    private readonly DnsCacheEntry? _entry;
    private readonly DnsResponseCode _code;
    private readonly DnsExtendedError _why;
    private readonly uint _age;
    private readonly bool _isStale;
    private readonly bool _hasSubnet;
    private readonly int _padding;

    private DnsAnswer(DnsVerdict verdict, ReadOnlyMemory<byte> message, in DnsQuery query, DnsCacheEntry? entry, DnsResponseCode code, DnsExtendedError why, uint age, bool isStale, DnsAnswerForm form)
    {
        Verdict = verdict;
        _message = message;
        _query = query;
        _entry = entry;
        _code = code;
        _why = why;
        _age = age;
        _isStale = isStale;
        Length = entry?.Length ?? query.QuestionEnd;
        _padding = -1;
        if (!query.HasEdns)
            return;
        _hasSubnet = form.WithSubnet && query.SubnetLength > 0;
        Length += OptLength + (why == DnsExtendedError.None ? 0 : ErrorLength) + (_hasSubnet ? 4 + query.SubnetLength : 0);
        int padded = (Length + 4 + PaddingBlock - 1) / PaddingBlock * PaddingBlock;
        if (!form.Padded || !query.IsPadded || padded > DnsHeader.LongestMessage)
            return;
        _padding = padded - Length - 4;
        Length = padded;
    }

    /// <summary>What came of it.</summary>
    public DnsVerdict Verdict { get; }

    /// <summary>Bytes that <see cref="WriteTo"/> writes; 0 with <see cref="DnsVerdict.NotAQuery"/>.</summary>
    public int Length { get; }

    /// <summary>Seconds that whoever gets the answer may keep it: the lowest time to live in it. 0: not at all.</summary>
    public uint SecondsToLive => _entry is null ? 0 : _isStale ? StaleSeconds : _entry.Lifetime > _age ? _entry.Lifetime - _age : 0;

    /// <summary><c>Cache-Control</c> for <see cref="SecondsToLive"/> (RFC 8484 5.1).</summary>
    internal string CacheControl => _entry is null ? DnsFreshness.None : _entry.FreshnessFor(SecondsToLive);

    /// <summary>Writes the message: id, spelling of the name and flags as the query has them, times to live as they are now.</summary>
    /// <param name="destination">At least <see cref="Length"/> bytes.</param>
    public void WriteTo(Span<byte> destination)
    {
        ReadOnlySpan<byte> asked = _message.Span;
        int end;
        if (_entry is { } entry)
        {
            end = entry.Length;
            entry.CopyTo(destination, _age, _isStale ? StaleSeconds : null);
            asked[DnsHeader.Length.._query.QuestionEnd].CopyTo(destination[DnsHeader.Length..]);
            // Nobody who does not understand it is told (RFC 6840 5.8).
            if (!_query.AuthenticData && !_query.DnssecOk)
                destination[3] &= byte.MaxValue ^ DnsHeader.AuthenticData;
        }
        else
        {
            end = _query.QuestionEnd;
            asked[..end].CopyTo(destination);
            destination.Slice(4, 8).Clear();
            destination[5] = (byte)(_query.NameLength > 0 ? 1 : 0);
            destination[3] = (byte)(DnsHeader.RecursionAvailable | ((byte)_code & DnsHeader.ResponseCodeMask));
        }

        DnsHeader.WriteId(destination, _query.Id);
        destination[2] = (byte)(DnsHeader.Response | _query.Operation);
        if (_query.CheckingDisabled)
            destination[3] |= DnsHeader.CheckingDisabled;
        if (!_query.HasEdns)
            return;
        DnsHeader.WriteAdditionals(destination, DnsHeader.Additionals(destination) + 1);
        WriteOpt(destination[end..Length], asked);
    }

    internal static DnsAnswer NotAQuery => new(DnsVerdict.NotAQuery, default, default, null, default, DnsExtendedError.None, 0, false, default);

    internal static DnsAnswer Of(ReadOnlyMemory<byte> message, in DnsQuery query, DnsCacheEntry entry, uint age, bool isStale, DnsAnswerForm form) => new(
        DnsVerdict.Answered, message, query, entry, entry.ResponseCode,
        isStale ? entry.ResponseCode == DnsResponseCode.NxDomain ? DnsExtendedError.StaleNxDomain : DnsExtendedError.StaleAnswer : entry.ExtendedError, age, isStale, form);

    internal static DnsAnswer Error(ReadOnlyMemory<byte> message, in DnsQuery query, DnsResponseCode code, DnsExtendedError why, DnsAnswerForm form, DnsVerdict verdict = DnsVerdict.Answered) =>
        new(verdict, message, query, null, code, why, 0, false, form);

    private void WriteOpt(Span<byte> record, ReadOnlySpan<byte> asked)
    {
        record.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(record[1..], (ushort)DnsType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(record[3..], Upstreams.UpstreamQuery.UdpPayload);
        record[5] = (byte)((ushort)_code >> 4);
        record[7] = (byte)(_query.DnssecOk ? 0x80 : 0);
        BinaryPrimitives.WriteUInt16BigEndian(record[9..], (ushort)(record.Length - OptLength));
        int at = OptLength;
        if (_why != DnsExtendedError.None)
        {
            WriteOption(record[at..], ErrorOption, 2);
            BinaryPrimitives.WriteUInt16BigEndian(record[(at + 4)..], (ushort)_why);
            at += ErrorLength;
        }

        if (_hasSubnet)
        {
            WriteOption(record[at..], SubnetOption, _query.SubnetLength);
            asked.Slice(_query.SubnetOffset, _query.SubnetLength).CopyTo(record[(at + 4)..]);
            // It is kept for this subnet alone (RFC 7871 7.2.1).
            record[at + 7] = record[at + 6];
            at += 4 + _query.SubnetLength;
        }

        if (_padding >= 0)
            WriteOption(record[at..], PaddingOption, _padding);
    }

    private static void WriteOption(Span<byte> option, ushort code, int length)
    {
        BinaryPrimitives.WriteUInt16BigEndian(option, code);
        BinaryPrimitives.WriteUInt16BigEndian(option[2..], (ushort)length);
    }
}

/// <summary>What settings say of answers.</summary>
/// <param name="Padded">To padded queries.</param>
/// <param name="WithSubnet">Clients' subnets are passed on, and answers say for which they are.</param>
internal readonly record struct DnsAnswerForm(bool Padded, bool WithSubnet);
