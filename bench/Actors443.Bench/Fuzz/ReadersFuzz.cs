using System.Diagnostics;
using System.Globalization;
using Actors443.Testing.Fuzz;

namespace Actors443.Bench.Fuzz;

/// <summary>Readers of what strangers write, one after the other, each with its corpus changed at random. What a reader throws at is kept in a file.</summary>
internal sealed class ReadersFuzz(int seed)
{
    /// <summary>Seconds: what takes so long would take it on any machine, however busy.</summary>
    private const int TooLong = 30;

    private readonly Dictionary<string, (long Read, long Good)> _counts = [];

    /// <summary>Each for a share of the time.</summary>
    /// <param name="names">Which; none: all.</param>
    /// <param name="time">For all together.</param>
    /// <returns>What should not have happened.</returns>
    public IReadOnlyList<string> Run(IReadOnlyList<string> names, TimeSpan time)
    {
        StrangersReader[] readers = [.. StrangersReader.All.Where(reader => names.Count == 0 || names.Contains(reader.Name))];
        if (readers.Length == 0)
            return [$"there is no such reader; there are: {string.Join(", ", StrangersReader.All.Select(reader => reader.Name))}"];
        var faults = new List<string>();
        foreach (StrangersReader reader in readers)
        {
            if (Run(reader, time / readers.Length) is { } fault)
                faults.Add(fault);
        }

        return faults;
    }

    public override string ToString() => string.Join(", ", _counts.Select(count => string.Create(CultureInfo.InvariantCulture, $"{count.Key} {count.Value.Read:N0} ({count.Value.Good:N0} good)")));

    private string? Run(StrangersReader reader, TimeSpan time)
    {
        byte[][] corpus = reader.Corpus();
        var random = new Random(seed);
        var mutator = new Mutator(random);
        (long read, long good) = _counts.GetValueOrDefault(reader.Name);
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < time; read++)
        {
            byte[] input = mutator.Change(corpus[random.Next(corpus.Length)], corpus[random.Next(corpus.Length)]);
            long one = Stopwatch.GetTimestamp();
            try
            {
                good += reader.Read(input) ? 1 : 0;
            }
            catch (Exception cause)
            {
                return $"{reader.Name} throws at {Keep(reader, input)}: {cause}";
            }

            if (Stopwatch.GetElapsedTime(one) > TimeSpan.FromSeconds(TooLong))
                return $"{reader.Name} takes {Stopwatch.GetElapsedTime(one).TotalSeconds:0} s for {Keep(reader, input)}";
        }

        _counts[reader.Name] = (read, good);
        return null;
    }

    private string Keep(StrangersReader reader, byte[] input)
    {
        string file = Path.Combine(Path.GetTempPath(), $"actors443-fuzz-{reader.Name}-{seed}");
        File.WriteAllBytes(file, input);
        return file;
    }
}
