using Actors443.Testing.Fuzz;

namespace Actors443.Tests;

/// <summary>Everything that reads what strangers write, with what is in the corpus, changed at random: it is read or refused. The same bytes each time; <c>bench fuzz</c> goes on for as long as it is told.</summary>
public sealed class FuzzSpecs
{
    private const int Seed = 443;

    public static TheoryData<string> Readers
    {
        get
        {
            var names = new TheoryData<string>();
            foreach (StrangersReader reader in StrangersReader.All)
                names.Add(reader.Name);
            return names;
        }
    }

    [Theory]
    [MemberData(nameof(Readers))]
    public void What_strangers_write_is_read_or_refused(string name)
    {
        StrangersReader reader = StrangersReader.All.Single(one => one.Name == name);
        byte[][] corpus = reader.Corpus();
        var random = new Random(Seed);
        var mutator = new Mutator(random);
        Assert.Contains(corpus, input => reader.Read(input));
        // Files are written and keys are read there, and whole configurations: a hundred times dearer.
        for (int count = name is "certificates" or "hocon" ? 100 : 3_000; count > 0; count--)
        {
            byte[] input = mutator.Change(corpus[random.Next(corpus.Length)], corpus[random.Next(corpus.Length)]);
            Exception? thrown = Record.Exception(() => reader.Read(input));
            Assert.True(thrown is null, $"{Convert.ToHexString(input)}: {thrown}");
        }
    }
}
