using Actors443.Certificates;
using Actors443.Testing;

namespace Actors443.Tests.Certificates;

public sealed class PrivateFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_is_replaced_whole_and_nothing_is_left_beside_it()
    {
        string path = _folder.Write("file", "before, and longer");

        PrivateFile.Write(path, "after"u8);

        Assert.Equal("after", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [SkippableFact]
    public void It_is_for_the_owner_alone_even_if_the_one_before_it_was_not()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes");
        string path = _folder.Write("file", "");

        PrivateFile.Write(path, "secret"u8);

#pragma warning disable CA1416 // Skipped on Windows.
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
#pragma warning restore CA1416
    }

    [Fact]
    public void What_goes_wrong_is_told_of_the_file_that_was_meant_and_leaves_nothing_behind()
    {
        string path = Path.Combine(_folder.Path, "file");
        Directory.CreateDirectory(Path.Combine(path, "not empty"));

        IOException inTheWay = Assert.Throws<IOException>(() => PrivateFile.Write(path, "x"u8));
        IOException nowhere = Assert.Throws<IOException>(() => PrivateFile.Write(Path.Combine(_folder.Path, "none", "file"), "x"u8));

        Assert.DoesNotContain(".tmp", inTheWay.Message + nowhere.Message, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(_folder.Path, "none", "file"), nowhere.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }
}
