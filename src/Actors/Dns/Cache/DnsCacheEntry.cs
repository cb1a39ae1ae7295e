using System.Buffers.Binary;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Cache;

/// <summary>How long what answers say may be kept.</summary>
/// <param name="Minimum">Seconds; less is raised to it.</param>
/// <param name="Maximum">Seconds; more is lowered to it.</param>
/// <param name="MaximumNegative">The same of "there is none".</param>
internal readonly record struct DnsTimesToLive(uint Minimum, uint Maximum, uint MaximumNegative)
{
    /// <summary>Within the limits; what has the highest bit set is 0 (RFC 2181 8).</summary>
    public uint Clamp(uint seconds) => Math.Clamp(seconds > int.MaxValue ? 0 : seconds, Minimum, Math.Max(Minimum, Maximum));
}

/// <summary>An answer ready to be sent: whole on the wire, without its OPT record, with the places of what each client has otherwise. Immutable but for how it is used.</summary>
internal sealed class DnsCacheEntry
{
    // Objects, dictionary node and queue place, roughly.
    private const int Overhead = 240;

    // The last tenth of its life.
    private const uint NearItsEnd = 10;

    private readonly byte[] _message;
    private readonly int[] _timesToLive;
    private int _hits;
    private int _isRefreshed;
    private long _staleUntilMs;
    private FreshnessText? _freshness;

    private DnsCacheEntry(byte[] key, byte[] message, int[] timesToLive, uint lifetime, long nowMs)
    {
        Key = key;
        _message = message;
        _timesToLive = timesToLive;
        Lifetime = lifetime;
        StoredAtMs = nowMs;
    }

    /// <summary>See <see cref="DnsCacheKey"/>.</summary>
    public byte[] Key { get; }

    public ReadOnlySpan<byte> Message => _message;

    public int Length => _message.Length;

    /// <summary>Seconds that it holds: the lowest time to live of its answers; of "there is none" what the SOA record allows (RFC 2308 5). 0: it is not to be kept.</summary>
    public uint Lifetime { get; }

    public long StoredAtMs { get; }

    public long ExpiresAtMs => StoredAtMs + Lifetime * 1000L;

    /// <summary>Bytes of memory it costs, about.</summary>
    public int Size => Overhead + Key.Length + _message.Length + _timesToLive.Length * sizeof(int);

    public DnsResponseCode ResponseCode => DnsHeader.ResponseCode(_message);

    /// <summary>No upstream could say.</summary>
    public bool IsFailure => ResponseCode is not (DnsResponseCode.NoError or DnsResponseCode.NxDomain);

    /// <summary>Why it is as it is; None: an upstream said so.</summary>
    public DnsExtendedError ExtendedError { get; init; } = DnsExtendedError.None;

    /// <summary>Asked for since the last round of the cache, or often.</summary>
    public int Hits => Volatile.Read(ref _hits);

    /// <summary>While now is before it, an expired answer is given at once: nobody could be asked a moment ago (RFC 8767 5).</summary>
    public long StaleUntilMs => Volatile.Read(ref _staleUntilMs);

    /// <summary>Makes an entry of an answer; null: it is not well formed, or no answer to this key's question.</summary>
    /// <param name="key">Of the question.</param>
    /// <param name="answer">As it came. Its question has the name of the key, in whatever case.</param>
    /// <param name="limits">Of its times.</param>
    /// <param name="nowMs">By the resolver's clock.</param>
    /// <param name="age">Seconds that it spent in caches on the way (RFC 8484 5.1).</param>
    /// <param name="isTrusted">False: that it was validated (AD) is anybody's word.</param>
    public static DnsCacheEntry? TryMake(byte[] key, ReadOnlySpan<byte> answer, in DnsTimesToLive limits, long nowMs, uint age = 0, bool isTrusted = true)
    {
        if (answer.Length < DnsHeader.Length || answer.Length > DnsHeader.LongestMessage || DnsHeader.Questions(answer) != 1)
            return null;
        var reader = new DnsReader(answer);
        // Each client's spelling of the name is written over it later.
        if (!reader.TryReadQuestion(out _, out _) || reader.Position != DnsHeader.Length + DnsCacheKey.NameOf(key).Length + 4)
            return null;
        int answers = DnsHeader.Answers(answer);
        int records = answers + DnsHeader.Authorities(answer);
        int additionals = DnsHeader.Additionals(answer);
        var places = new List<DnsRecordPlace>(Math.Min(records + additionals, 64));
        uint lowest = uint.MaxValue;
        uint? negative = null;
        int negativePlace = 0;
        int end = reader.Position;
        int kept = 0;
        for (int i = 0; i < records + additionals; i++)
        {
            if (!reader.TryReadRecord(out DnsRecordPlace record))
                return null;
            // OPT is between two neighbours. What stands behind it is dropped too, for it cannot move: names may point into it, and nobody needs it.
            if (record.Type is DnsType.Opt or DnsType.Tsig)
            {
                if (i < records)
                    return null;
                break;
            }

            end = record.End;
            places.Add(record);
            if (i < answers)
                lowest = Math.Min(lowest, limits.Clamp(Aged(record.TimeToLive, age)));
            else if (i < records && record.Type == DnsType.Soa && NegativeOf(answer, record) is { } seconds)
                (negative, negativePlace) = (Math.Min(limits.MaximumNegative, Aged(seconds, age)), record.TimeToLiveOffset);
            else if (i >= records)
                kept++;
        }

        DnsResponseCode code = DnsHeader.ResponseCode(answer);
        bool isNegative = code == DnsResponseCode.NxDomain || answers == 0;
        uint lifetime = isNegative ? negative ?? 0 : lowest;
        if (code == DnsResponseCode.NxDomain && answers > 0)
            lifetime = Math.Min(lifetime, lowest);
        byte[] message = answer[..end].ToArray();
        DnsHeader.WriteId(message, 0);
        message[2] = DnsHeader.Response;
        message[3] = (byte)((answer[3] & (DnsHeader.ResponseCodeMask | (isTrusted ? DnsHeader.AuthenticData : 0))) | DnsHeader.RecursionAvailable);
        DnsHeader.WriteAdditionals(message, kept);
        foreach (DnsRecordPlace record in places)
            BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(record.TimeToLiveOffset), limits.Clamp(Aged(record.TimeToLive, age)));
        // Clients take the lower of it and of the record's last field, which does not age.
        if (isNegative && negative is { } left)
            BinaryPrimitives.WriteUInt32BigEndian(message.AsSpan(negativePlace), left);
        return new DnsCacheEntry(key, message, [.. places.Select(record => record.TimeToLiveOffset)], lifetime, nowMs);
    }

    /// <summary>An answer without records, such as SERVFAIL.</summary>
    /// <param name="key">Of the question.</param>
    /// <param name="code">Not an extended one.</param>
    /// <param name="lifetime">Seconds that it is kept.</param>
    /// <param name="why">For people.</param>
    /// <param name="nowMs">By the resolver's clock.</param>
    public static DnsCacheEntry Empty(byte[] key, DnsResponseCode code, uint lifetime, DnsExtendedError why, long nowMs)
    {
        ReadOnlySpan<byte> name = DnsCacheKey.NameOf(key);
        byte[] message = new byte[DnsHeader.Length + name.Length + 4];
        message[2] = DnsHeader.Response;
        message[3] = (byte)(DnsHeader.RecursionAvailable | (byte)code);
        message[5] = 1;
        name.CopyTo(message.AsSpan(DnsHeader.Length));
        key.AsSpan(name.Length, 2).CopyTo(message.AsSpan(DnsHeader.Length + name.Length));
        message[^1] = (byte)DnsClass.In;
        return new DnsCacheEntry(key, message, [], lifetime, nowMs) { ExtendedError = why };
    }

    /// <summary>An answer of our own, which is not kept in the cache.</summary>
    /// <param name="message">Whole and well formed, its question first; of an OPT record nothing.</param>
    /// <param name="lifetime">Seconds that clients may keep it.</param>
    /// <param name="why">For people.</param>
    public static DnsCacheEntry Local(ReadOnlySpan<byte> message, uint lifetime, DnsExtendedError why)
    {
        var reader = new DnsReader(message);
        var places = new List<int>();
        _ = reader.TryReadQuestion(out _, out _);
        while (reader.TryReadRecord(out DnsRecordPlace record))
            places.Add(record.TimeToLiveOffset);
        return new DnsCacheEntry([], message.ToArray(), [.. places], lifetime, 0) { ExtendedError = why };
    }

    /// <summary>Whole seconds since it was stored; not below 0.</summary>
    public uint AgeAt(long nowMs) => (uint)Math.Max(0, (nowMs - StoredAtMs) / 1000);

    /// <summary>It is to be asked for again soon.</summary>
    /// <param name="age">Seconds, below <see cref="Lifetime"/>.</param>
    public bool IsNearItsEnd(uint age) => Lifetime - age <= Lifetime / NearItsEnd;

    /// <summary>It holds; for a refresh, not only for a short time more.</summary>
    public bool Serves(long nowMs, bool isRefresh) => AgeAt(nowMs) is var age && age < Lifetime && !(isRefresh && IsNearItsEnd(age));

    /// <summary>Counts a use, up to what anybody asks about: beyond that readers write nothing.</summary>
    public void NoteHit(int enough)
    {
        if (_hits < enough)
            _hits++;
    }

    /// <summary>Forgets the uses, for another round.</summary>
    public void ForgetHits() => Volatile.Write(ref _hits, 0);

    /// <summary>True for the first who asks: that one has it refreshed.</summary>
    public bool TryBeginRefresh() => _isRefreshed == 0 && Interlocked.Exchange(ref _isRefreshed, 1) == 0;

    /// <summary>See <see cref="StaleUntilMs"/>.</summary>
    public void ServeStaleUntil(long ms) => Volatile.Write(ref _staleUntilMs, ms);

    /// <summary>Writes the message with its times to live.</summary>
    /// <param name="destination">Gets <see cref="Length"/> bytes.</param>
    /// <param name="age">Seconds to take off.</param>
    /// <param name="fixedSeconds">What all have instead, of a stale answer; null: what is left of theirs.</param>
    public void CopyTo(Span<byte> destination, uint age, uint? fixedSeconds)
    {
        _message.CopyTo(destination);
        foreach (int place in _timesToLive)
        {
            Span<byte> field = destination.Slice(place, 4);
            uint written = BinaryPrimitives.ReadUInt32BigEndian(field);
            BinaryPrimitives.WriteUInt32BigEndian(field, fixedSeconds ?? (written > age ? written - age : 0));
        }
    }

    /// <summary>The text of <c>Cache-Control</c>, made once a second however many ask.</summary>
    public string FreshnessFor(uint seconds)
    {
        FreshnessText? known = _freshness;
        if (known is null || known.Seconds != seconds)
            _freshness = known = new FreshnessText(seconds, DnsFreshness.TextFor(seconds));
        return known.Text;
    }

    private static uint Aged(uint seconds, uint age) => seconds > age ? seconds - age : 0;

    // RFC 2308 5: the lower of the record's own time to live and its last field.
    private static uint? NegativeOf(ReadOnlySpan<byte> answer, in DnsRecordPlace record)
    {
        var reader = new DnsReader(answer);
        reader.MoveTo(record.DataOffset);
        if (!reader.TrySkipName() || !reader.TrySkipName() || reader.Position + 20 > record.End)
            return null;
        return Math.Min(record.TimeToLive, BinaryPrimitives.ReadUInt32BigEndian(answer[(reader.Position + 16)..]));
    }

    private sealed record FreshnessText(uint Seconds, string Text);
}

/// <summary>Cache-Control of answers (RFC 8484 5.1).</summary>
internal static class DnsFreshness
{
    /// <summary>Of what is not to be kept.</summary>
    public const string None = "max-age=0";

    public static string TextFor(uint seconds) => seconds == 0 ? None : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"max-age={seconds}");
}
