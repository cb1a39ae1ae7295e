using System.Buffers;
using Actors443.Dns.Cache;
using Actors443.Dns.Http;
using Actors443.Dns.Wire;
using Actors443.Testing.Dns;
using Actors443.Testing.Fuzz;

namespace Actors443.Bench.Fuzz;

/// <summary>Changed DNS messages from <c>tests/corpus/dns</c>: whatever they are, they are read or refused, and what is read lies inside of them.</summary>
internal sealed class DnsFuzz(int seed)
{
    private const int LongestSeed = 2_000;

    private static readonly DnsTimesToLive Limits = new(0, 86400, 3600);

    private readonly Random _random = new(seed);
    private readonly byte[][] _queries = Seeds("queries.txt");
    private readonly byte[][] _answers = Seeds("answers.txt");

    public long Read { get; private set; }

    public long Good { get; private set; }

    public void Run(int count)
    {
        var mutator = new Mutator(_random);
        byte[] key = new byte[DnsCacheKey.Longest];
        for (; count > 0; count--, Read++)
        {
            byte[] query = mutator.Change(Any(_queries), Any(_answers));
            if (DnsQuery.TryRead(query, out DnsQuery read) == DnsQueryStatus.Good)
            {
                Good++;
                int length = DnsCacheKey.Write(query, read, withSubnet: true, key);
                Require(read.QuestionEnd <= query.Length && length <= key.Length && DnsCacheKey.NameOf(key.AsSpan(0, length)).Length == read.NameLength, query);
            }

            byte[] answer = mutator.Change(Any(_answers), Any(_queries));
            DnsMessage? message = DnsMessage.TryRead(answer);
            if (message is not null)
                DnsJson.Write(new ArrayBufferWriter<byte>(), answer);
            if (DnsCacheEntry.TryMake([3, (byte)'w', (byte)'w', (byte)'w', 0, 0, 1, 0], answer, Limits, 0) is not { } entry)
                continue;
            Good++;
            byte[] copy = new byte[entry.Length];
            entry.CopyTo(copy, (uint)_random.Next(100_000), null);
            Require(entry.Length <= answer.Length && entry.Lifetime <= Limits.Maximum && DnsMessage.TryRead(copy) is not null, answer);
        }
    }

    private byte[] Any(byte[][] seeds) => seeds[_random.Next(seeds.Length)];

    private static byte[][] Seeds(string file) => [.. DnsCorpus.Read(file).Select(message => message.Bytes).Where(bytes => bytes.Length is >= DnsHeader.Length and < LongestSeed)];

    private void Require(bool holds, byte[] input)
    {
        if (!holds)
            throw new InvalidOperationException($"What was read of a DNS message is not inside of it (seed {seed}; {Convert.ToHexString(input)}).");
    }
}
