using System.Text.RegularExpressions;
using Actors443.Testing;

namespace Actors443.Tests.Docs;

/// <summary>A promise without a test is none.</summary>
public sealed partial class SecurityPromisesTests
{
    [Fact]
    public void Each_promise_of_the_threat_model_names_tests_that_there_are()
    {
        string tests = string.Concat(Directory.EnumerateFiles(Path.Combine(Repository.Folder, "tests"), "*.cs", SearchOption.AllDirectories).Where(IsSource).Select(File.ReadAllText));
        string[][] promises =
        [
            .. File.ReadLines(Path.Combine(Repository.Folder, "docs", "security.md")).SkipWhile(line => !line.StartsWith("| Promise |", StringComparison.Ordinal)).Skip(2)
                .TakeWhile(line => line.StartsWith('|')).Select(line => line.Split('|')),
        ];

        Assert.True(promises.Length > 20, $"{promises.Length} promises were read.");
        Assert.All(promises, promise =>
        {
            string[] names = [.. Name().Matches(promise[3]).Select(match => match.Groups[1].Value)];
            Assert.NotEmpty(names);
            Assert.All(names, name => Assert.Matches($@"class {name}\b", tests));
        });
    }

    private static bool IsSource(string file) => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal);

    [GeneratedRegex("`([A-Za-z0-9]+(?:Tests|Specs))`")]
    private static partial Regex Name();
}
