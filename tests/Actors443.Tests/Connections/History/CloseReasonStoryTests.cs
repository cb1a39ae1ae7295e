using System.Text.RegularExpressions;
using Actors443.Connections;
using Actors443.Connections.History;
using Actors443.Testing;
using Akka.Configuration;

namespace Actors443.Tests.Connections.History;

public sealed partial class CloseReasonStoryTests
{
    public static TheoryData<CloseReason> Reasons => [.. Enum.GetValues<CloseReason>()];

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Every_reason_has_a_story_and_names_settings_that_there_are(CloseReason reason)
    {
        CloseReasonStory story = CloseReasonStory.Of(reason);

        Assert.EndsWith(".", story.Meaning, StringComparison.Ordinal);
        Config reference = ConfigurationFactory.ParseString(File.ReadAllText(Path.Combine(Repository.Folder, "hocon", "reference.conf")));
        Assert.All(Setting().Matches(story.Advice ?? "").Select(match => match.Value), setting => Assert.True(reference.HasPath("actors443." + setting), setting));
    }

    [Theory]
    [InlineData("203.0.113.9")]
    [InlineData("2001:db8::/64")]
    [InlineData("::ffff:192.0.2.1")]
    [InlineData("c5")]
    [InlineData("123")]
    [InlineData("")]
    public void Subjects_are_read_and_find_what_is_open(string text)
    {
        Assert.True(HistorySubject.TryParse(text, out HistorySubject? subject, out _));
        Assert.NotNull(subject.Open);
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("10.0.0.1/8x")]
    [InlineData("id\"")]
    public void What_is_no_subject_is_refused_with_what_to_write(string text)
    {
        Assert.False(HistorySubject.TryParse(text, out _, out string? problem));
        Assert.Contains("203.0.113.9", problem, StringComparison.Ordinal);
    }

    [GeneratedRegex(@"\b(?:https|deadlines|admission|drain|requests|routes|obituaries|certificates)(?:\.[a-z0-9-]+)+\b")]
    private static partial Regex Setting();
}
