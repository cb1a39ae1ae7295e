using System.Runtime.Versioning;
using Actors443.Server.Admin;
using Actors443.Server.Admin.Access;

namespace Actors443.IntegrationTests.Cli;

public sealed class AdminTokenTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("a443-token-");

    private string TokenFile => Path.Combine(_folder.FullName, "state", "admin-token");

    public void Dispose() => _folder.Delete(recursive: true);

    [SkippableFact]
    [UnsupportedOSPlatform("windows")]
    public void The_token_is_made_once_for_its_owner_alone()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes");

        var first = AdminToken.ReadOrCreate(TokenFile);
        var second = AdminToken.ReadOrCreate(TokenFile);

        Assert.Equal(first.Text, second.Text);
        Assert.Equal(43, first.Text.Length);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(TokenFile));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(TokenFile)!));
        Assert.Single(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(TokenFile)!));
    }

    [Fact]
    public void Another_token_does_not_match()
    {
        var token = AdminToken.ReadOrCreate(TokenFile);

        Assert.True(token.Matches(token.Text));
        Assert.False(token.Matches(token.Text[..^1]));
        Assert.False(token.Matches(""));
        Assert.False(token.Matches(AdminToken.ReadOrCreate(TokenFile + "2").Text));
    }

    [SkippableFact]
    [UnsupportedOSPlatform("windows")]
    public void A_token_that_others_can_read_is_refused()
    {
        Skip.If(OperatingSystem.IsWindows(), "Windows has no file modes");
        AdminToken.ReadOrCreate(TokenFile);
        File.SetUnixFileMode(TokenFile, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        AdminException refused = Assert.Throws<AdminException>(() => AdminToken.ReadOrCreate(TokenFile));

        Assert.Contains("open to others (GroupRead)", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("short")]
    [InlineData("two words that are long enough to be a token")]
    public void A_file_without_a_token_is_refused(string content)
    {
        AdminToken.ReadOrCreate(TokenFile);
        File.WriteAllText(TokenFile, content);

        AdminException refused = Assert.Throws<AdminException>(() => AdminToken.ReadOrCreate(TokenFile));

        Assert.Contains("holds no admin token", refused.Message, StringComparison.Ordinal);
    }
}
