using System.Collections.Frozen;
using Actors443.Configuration;
using Actors443.Dns.Cache;
using Actors443.Dns.Wire;

namespace Actors443.Dns.Local;

/// <summary>What is answered without asking anybody: names of hosts files and blocked ones. Immutable; found without garbage.</summary>
internal sealed class DnsLocalData
{
    private readonly FrozenDictionary<byte[], LocalName> _names;
    private readonly FrozenDictionary<byte[], LocalName>.AlternateLookup<ReadOnlySpan<byte>> _byName;
    private readonly FrozenSet<byte[]> _blocked;
    private readonly FrozenSet<byte[]>.AlternateLookup<ReadOnlySpan<byte>> _byBlocked;
    private readonly DnsBlockAnswer _answer;

    /// <param name="names">By name as on the wire, in lower case.</param>
    /// <param name="blocked">The same; what is below them is blocked as well.</param>
    /// <param name="answer">To queries for blocked names.</param>
    public DnsLocalData(IReadOnlyDictionary<byte[], LocalName> names, IEnumerable<byte[]> blocked, DnsBlockAnswer answer)
    {
        _names = names.ToFrozenDictionary(DnsCacheKey.Comparer.Instance);
        _byName = _names.GetAlternateLookup<ReadOnlySpan<byte>>();
        _blocked = blocked.ToFrozenSet(DnsCacheKey.Comparer.Instance);
        _byBlocked = _blocked.GetAlternateLookup<ReadOnlySpan<byte>>();
        _answer = answer;
    }

    public static DnsLocalData None { get; } = new(new Dictionary<byte[], LocalName>(DnsCacheKey.Comparer.Instance), [], DnsBlockAnswer.Nxdomain);

    public bool IsEmpty => _names.Count == 0 && _blocked.Count == 0;

    public int Names => _names.Count;

    public int Blocked => _blocked.Count;

    /// <summary>The answer for a name, if it is one of these; null: others must know.</summary>
    /// <param name="name">As on the wire, in lower case.</param>
    /// <param name="type">Asked for.</param>
    /// <param name="isBlocked">It is on a block list.</param>
    public DnsCacheEntry? Find(ReadOnlySpan<byte> name, DnsType type, out bool isBlocked)
    {
        isBlocked = false;
        if (_names.Count > 0 && _byName.TryGetValue(name, out LocalName? known))
            return known.Answer(type);
        if (_blocked.Count == 0 || !IsBlocked(name))
            return null;
        isBlocked = true;
        return LocalName.Blocked(name, type, _answer);
    }

    private bool IsBlocked(ReadOnlySpan<byte> name)
    {
        while (name.Length > 1)
        {
            if (_byBlocked.Contains(name))
                return true;
            name = name[(1 + name[0])..];
        }

        return false;
    }
}

/// <summary>The addresses and names that a hosts file gives one name.</summary>
internal sealed class LocalName
{
    // A changed file is seen that soon by those who keep its answers.
    private const uint TimeToLive = 60;

    private readonly Dictionary<DnsType, DnsCacheEntry> _answers = [];
    private readonly DnsCacheEntry _nothing;

    /// <param name="name">As on the wire, in lower case.</param>
    /// <param name="records">Data by type.</param>
    public LocalName(byte[] name, IEnumerable<(DnsType Type, byte[] Data)> records)
    {
        foreach (IGrouping<DnsType, byte[]> type in records.GroupBy(record => record.Type, record => record.Data))
            _answers.Add(type.Key, Entry(name, type.Key, DnsResponseCode.NoError, [.. type.DistinctBy(Convert.ToHexString)], DnsExtendedError.None));
        _nothing = Entry(name, DnsType.A, DnsResponseCode.NoError, [], DnsExtendedError.None);
    }

    /// <summary>That there is none of this type is an answer as well: nobody else knows the name better.</summary>
    public DnsCacheEntry Answer(DnsType type) => _answers.TryGetValue(type, out DnsCacheEntry? answer) ? answer : _nothing;

    public static DnsCacheEntry Blocked(ReadOnlySpan<byte> name, DnsType type, DnsBlockAnswer answer)
    {
        byte[][] data = answer != DnsBlockAnswer.NullAddress ? [] : type switch
        {
            DnsType.A => [new byte[4]],
            DnsType.Aaaa => [new byte[16]],
            _ => [],
        };
        DnsResponseCode code = answer switch
        {
            DnsBlockAnswer.Nxdomain => DnsResponseCode.NxDomain,
            DnsBlockAnswer.Refused => DnsResponseCode.Refused,
            _ => DnsResponseCode.NoError,
        };
        return Entry(name, type, code, data, DnsExtendedError.Blocked);
    }

    private static DnsCacheEntry Entry(ReadOnlySpan<byte> name, DnsType type, DnsResponseCode code, byte[][] data, DnsExtendedError why)
    {
        var message = new DnsWriter();
        message.Header(0, (ushort)(0x8080 | (ushort)code), 1, (ushort)data.Length, 0, 0);
        message.Bytes(name);
        message.UInt16((ushort)type);
        message.UInt16((ushort)DnsClass.In);
        foreach (byte[] one in data)
        {
            message.Bytes([0xC0, DnsHeader.Length]);
            message.UInt16((ushort)type);
            message.UInt16((ushort)DnsClass.In);
            message.UInt32(TimeToLive);
            message.UInt16((ushort)one.Length);
            message.Bytes(one);
        }

        return DnsCacheEntry.Local(message.Written, data.Length > 0 ? TimeToLive : 0, why);
    }
}
