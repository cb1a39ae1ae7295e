using Actors443.Testing;
using Actors443.Tests.Cli;

namespace Actors443.Tests.Packaging;

/// <summary>What is installed beside the program speaks of the program as it is.</summary>
public sealed class PackagingFilesTests
{
    [Fact]
    public async Task Completions_find_the_commands_and_the_manual_page_has_each()
    {
        CommandRun run = await new CommandRun().InvokeAsync("[suggest:10]", "actors443 ");
        string manual = await File.ReadAllTextAsync(Path.Combine(Repository.Folder, "packaging", "man", "actors443.1"));

        string[] commands = [.. run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(word => char.IsAsciiLetter(word[0]) && word.Length > 1)];
        Assert.Contains("run", commands);
        Assert.All(commands, command => Assert.Contains($".B {command}\n", manual, StringComparison.Ordinal));
    }
}
