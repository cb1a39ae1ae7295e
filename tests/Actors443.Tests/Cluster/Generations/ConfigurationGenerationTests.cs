using Actors443.Cluster.Generations;
using Actors443.Testing;

namespace Actors443.Tests.Cluster.Generations;

/// <summary>What nodes send each other and keep of a configuration.</summary>
public sealed class ConfigurationGenerationTests : IDisposable
{
    private static readonly ConfigurationGeneration Seventh = new()
    {
        Number = 7,
        Files = [new("/etc/a.conf", "actors443.sites {}"), new("/etc/b.conf", "# é")],
        Overrides = ["drain.deadline=5s"],
        By = "token:1 from 127.0.0.1:5, on 10.0.0.1:2552",
        At = new(2026, 11, 29, 18, 0, 0, TimeSpan.Zero),
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void All_of_it_comes_through()
    {
        ConfigurationGeneration read = ConfigurationGeneration.Unpack(Seventh.Pack());

        Assert.Equivalent(Seventh, read, strict: true);
        Assert.Equal(Seventh.Fingerprint, read.Fingerprint);
    }

    [Fact]
    public void A_fingerprint_tells_what_it_says_and_nothing_else()
    {
        Assert.Equal(Seventh.Fingerprint, (Seventh with { Number = 8, By = "somebody else" }).Fingerprint);
        Assert.NotEqual(Seventh.Fingerprint, (Seventh with { Overrides = [] }).Fingerprint);
        Assert.NotEqual(Seventh.Fingerprint, (Seventh with { Files = [.. Seventh.Files.Reverse()] }).Fingerprint);
        Assert.NotEqual((Seventh with { Files = [new("a", "bc")] }).Fingerprint, (Seventh with { Files = [new("ab", "c")] }).Fingerprint);
    }

    [Fact]
    public void What_is_damaged_is_said_to_be()
    {
        byte[] packed = Seventh.Pack();

        Assert.Throws<InvalidDataException>(() => ConfigurationGeneration.Unpack(packed[..(packed.Length / 2)]));
        Assert.Throws<InvalidDataException>(() => ConfigurationGeneration.Unpack("nothing of the kind"u8.ToArray()));
        Assert.Throws<InvalidDataException>(() => ConfigurationGeneration.Unpack([]));
    }

    [Fact]
    public void It_is_kept_for_its_owner_alone()
    {
        var file = new GenerationFile(_folder.Path);
        Assert.Null(file.Read());

        file.Write(Seventh);

        Assert.Equal(7, new GenerationFile(_folder.Path).Read()!.Number);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file.Path));
        File.WriteAllText(file.Path, "damaged");
        Assert.Throws<InvalidDataException>(file.Read);
    }
}
