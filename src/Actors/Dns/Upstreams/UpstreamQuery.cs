using System.Buffers.Binary;
using System.Security.Cryptography;
using Actors443.Dns.Cache;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Upstreams;

/// <summary>
/// A question as it is put to upstreams: made anew of what the answer depends on, so that nothing else of a client's message goes on to anybody. Immutable.
/// </summary>
internal sealed class UpstreamQuery
{
    /// <summary>What the network passes without fragments (DNS flag day 2020).</summary>
    public const ushort UdpPayload = 1232;

    // RFC 8467 4.1: queries to multiples of it.
    private const int PaddingBlock = 128;
    private const ushort SubnetOption = 8;
    private const ushort PaddingOption = 12;
    private const int OptLength = 11;

    private readonly byte[] _message;
    private readonly int _optDataLengthAt;

    /// <param name="key">See <see cref="DnsCacheKey"/>.</param>
    public UpstreamQuery(byte[] key)
    {
        Key = key;
        ReadOnlySpan<byte> name = DnsCacheKey.NameOf(key);
        ReadOnlySpan<byte> subnet = DnsCacheKey.SubnetOf(key);
        int opt = DnsHeader.Length + name.Length + 4;
        _optDataLengthAt = opt + OptLength - 2;
        _message = new byte[opt + OptLength + (subnet.IsEmpty ? 0 : 4 + subnet.Length)];
        _message[2] = DnsHeader.RecursionDesired;
        // AD: tell whether it was validated, without the signatures (RFC 6840 5.7).
        _message[3] = (byte)(DnsHeader.AuthenticData | (DnsCacheKey.IsCheckingDisabled(key) ? DnsHeader.CheckingDisabled : 0));
        _message[5] = 1;
        _message[11] = 1;
        name.CopyTo(_message.AsSpan(DnsHeader.Length));
        Span<byte> rest = _message.AsSpan(DnsHeader.Length + name.Length);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)DnsCacheKey.TypeOf(key));
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], (ushort)DnsClass.In);
        Span<byte> record = _message.AsSpan(opt);
        BinaryPrimitives.WriteUInt16BigEndian(record[1..], (ushort)DnsType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(record[3..], UdpPayload);
        record[7] = (byte)(DnsCacheKey.IsDnssecOk(key) ? 0x80 : 0);
        if (subnet.IsEmpty)
            return;
        BinaryPrimitives.WriteUInt16BigEndian(record[(OptLength - 2)..], (ushort)(4 + subnet.Length));
        BinaryPrimitives.WriteUInt16BigEndian(record[OptLength..], SubnetOption);
        BinaryPrimitives.WriteUInt16BigEndian(record[(OptLength + 2)..], (ushort)subnet.Length);
        subnet.CopyTo(record[(OptLength + 4)..]);
    }

    public byte[] Key { get; }

    /// <summary>Asks a server for the servers of the root: every resolver knows them.</summary>
    public static UpstreamQuery ForProbe() => new([0, 0, (byte)DnsType.Ns, 0]);

    /// <summary>The message to send.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="mixCase">Letters in random case, which answers repeat: so many bits more that a forger must guess.</param>
    /// <param name="padded">To a length that tells little, where it is encrypted (RFC 8467).</param>
    public byte[] Write(ushort id, bool mixCase, bool padded)
    {
        int unpadded = _message.Length + 4;
        byte[] message = new byte[padded ? (unpadded + PaddingBlock - 1) / PaddingBlock * PaddingBlock : _message.Length];
        _message.CopyTo(message, 0);
        DnsHeader.WriteId(message, id);
        if (mixCase)
            MixCase(message.AsSpan(DnsHeader.Length, DnsCacheKey.NameOf(Key).Length));
        if (!padded)
            return message;
        Span<byte> dataLength = message.AsSpan(_optDataLengthAt);
        int padding = message.Length - unpadded;
        BinaryPrimitives.WriteUInt16BigEndian(dataLength, (ushort)(BinaryPrimitives.ReadUInt16BigEndian(dataLength) + 4 + padding));
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(_message.Length), PaddingOption);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(_message.Length + 2), (ushort)padding);
        return message;
    }

    /// <summary>How a message stands to a query.</summary>
    public static AnswerMatch Match(ReadOnlySpan<byte> query, ReadOnlySpan<byte> answer)
    {
        if (answer.Length < DnsHeader.Length || DnsHeader.Id(answer) != DnsHeader.Id(query) || (answer[2] & DnsHeader.Response) == 0 || (answer[2] & DnsHeader.OpcodeMask) != 0)
            return AnswerMatch.Foreign;
        int end = DnsHeader.Length;
        while (query[end] != 0)
            end += 1 + query[end];
        end += 5;
        // A server that cannot read the question need not repeat it (RFC 1035 4.1.1).
        if (DnsHeader.Questions(answer) == 0 && DnsHeader.ResponseCode(answer) is DnsResponseCode.FormErr or DnsResponseCode.NotImp)
            return AnswerMatch.Answer;
        if (DnsHeader.Questions(answer) != 1 || answer.Length < end)
            return AnswerMatch.Foreign;
        ReadOnlySpan<byte> asked = query[DnsHeader.Length..end];
        ReadOnlySpan<byte> repeated = answer[DnsHeader.Length..end];
        if (asked.SequenceEqual(repeated))
            return AnswerMatch.Answer;
        return System.Text.Ascii.EqualsIgnoreCase(asked, repeated) ? AnswerMatch.OtherCase : AnswerMatch.Foreign;
    }

    private static void MixCase(Span<byte> name)
    {
        Span<byte> random = stackalloc byte[name.Length];
        RandomNumberGenerator.Fill(random);
        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsAsciiLetterLower((char)name[i]) && (random[i] & 1) != 0)
                name[i] ^= 0x20;
        }
    }
}

/// <summary>How a message stands to a query.</summary>
internal enum AnswerMatch
{
    /// <summary>Answers it.</summary>
    Answer,

    /// <summary>Answers it in other letters: of a forger, or of a server that does not keep them.</summary>
    OtherCase,

    /// <summary>Of something else.</summary>
    Foreign,
}
