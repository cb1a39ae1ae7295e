using Actors443.Server.Configuration;

namespace Actors443.Tests.Configuration;

/// <summary>How files, includes, environment variables and <c>--set</c> combine.</summary>
public sealed class SourcesSpecs : SettingsFixture
{
    [Fact]
    public void Of_several_files_the_later_wins_key_by_key()
    {
        string first = Write("first.conf", "actors443 { https { bind = 1, tls = modern }, drain.deadline = 1s }");
        string second = Write("second.conf", "actors443.https.bind = [2, 3]");

        ServerSettings settings = Good(LoadFiles([first, second]));

        Assert.Equal("[::]:2 [::]:3", string.Join(' ', settings.Core.Https.Bind));
        Assert.Equal(Actors443.Configuration.TlsPolicyName.Modern, settings.Core.Https.Tls);
        Assert.Equal(TimeSpan.FromSeconds(1), settings.Core.Drain.Deadline);
    }

    [Fact]
    public void A_problem_is_told_at_the_file_that_won()
    {
        string first = Write("first.conf", "actors443.engine = auto\nactors443.https.bnd = 1");
        string second = Write("second.conf", "# comment\n\nactors443 {\n  engine = none\n}");

        Assert.Equal(
            ["first.conf:2: unknown key 'actors443.https.bnd'; did you mean 'bind'?", "second.conf:4: actors443.engine: 'none' is not known; write one of auto, event-loop, portable"],
            Shown(LoadFiles([first, second]).Problems));
    }

    [Fact]
    public void An_included_file_stands_where_it_is_included()
    {
        Write("parts/https.conf", "{ tls = modern, backlog = 5 }\n");
        Write("parts/drain.conf", "include \"deeper/deadline.conf\"\n");
        Write("parts/deeper/deadline.conf", "# a comment\ndeadline = 3s # another\n");

        LoadedSettings loaded = Load("""
            actors443 {
              https { backlog = 4, include "parts/https.conf", strict-sni = on }
              drain { include "parts/drain.conf" }
            }
            """);

        ServerSettings settings = Good(loaded);
        Assert.Equal(5, settings.Core.Https.Backlog);
        Assert.True(settings.Core.Https.StrictSni);
        Assert.Equal(TimeSpan.FromSeconds(3), settings.Core.Drain.Deadline);
        Assert.Equal(["test.conf", "parts/https.conf", "parts/drain.conf", "parts/deeper/deadline.conf"], loaded.Files.Select(file => Path.GetRelativePath(Folder, file).Replace('\\', '/')));
    }

    [Fact]
    public void A_problem_in_an_included_file_has_its_line_there()
    {
        Write("part.conf", "\nbnd = 1\n");

        Assert.Equal(
            ["part.conf:2: unknown key 'actors443.https.bnd'; did you mean 'bind'?", "test.conf:2: unknown key 'actors443.x'; see reference.conf for the keys known here"],
            Problems("actors443 { https { include \"part.conf\" }\n x = 1 }").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Files_that_include_each_other_are_refused()
    {
        Write("a.conf", "include \"test.conf\"");

        Assert.Equal(["a.conf:1: 'test.conf' includes itself; take this include out"], Problems("include \"a.conf\"").Select(line => line.Replace(Folder + "/", "", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_file_that_is_not_there_is_named() => Assert.Equal(
        ["none.conf: the file does not exist; check the name"], Shown(LoadFiles([Path.Combine(Folder, "none.conf")]).Problems));

    [Fact]
    public void An_environment_variable_takes_its_place_and_a_missing_optional_one_leaves_what_was_there()
    {
        Variables["PORT"] = "8443";
        Variables["NAME"] = "with \"quotes\" and \\ and: colons";

        ServerSettings settings = Good("""
            actors443 {
              https.bind = ${PORT}
              https.bind = ${?NOT_SET}, https.backlog = 7
              https.protocols = [h2, ${?NOT_SET}, http/1.1]
              telemetry.service-name = ${?NAME}
              drain.deadline = ${?SECONDS}5s
            }
            """);

        Assert.Equal("[::]:8443", string.Join(' ', settings.Core.Https.Bind));
        Assert.Equal(7, settings.Core.Https.Backlog);
        Assert.Equal(["h2", "http/1.1"], settings.Core.Https.Protocols);
        Assert.Equal(Variables["NAME"], settings.Telemetry.ServiceName);
        Assert.Equal(TimeSpan.FromSeconds(5), settings.Core.Drain.Deadline);
    }

    [Fact]
    public void A_setting_can_stand_for_another_and_its_problem_is_told_where_it_is_used()
    {
        Assert.Equal(TimeSpan.FromSeconds(7), Good("actors443 { drain.deadline = 7s, deadlines.idle = ${actors443.drain.deadline} }").Core.Deadlines.Idle);
        Assert.Equal(
            ["test.conf:3: actors443.https.backlog: '7s' is not a whole number; write a whole number from 1 to 1000000"],
            Problems("actors443 {\n drain.deadline = 7s\n https.backlog = ${actors443.drain.deadline} }"));
    }

    [Theory]
    [InlineData("https.bind=127.0.0.1:8443", "127.0.0.1:8443")]
    [InlineData("actors443.https.bind=127.0.0.1:8443", "127.0.0.1:8443")]
    [InlineData("https.bind=[::1]:8443", "[::1]:8443")]
    [InlineData("https.bind=[127.0.0.1:1,[::1]:2]", "127.0.0.1:1 [::1]:2")]
    [InlineData("https.bind=[\"127.0.0.1:1\", \"[::1]:2\"]", "127.0.0.1:1 [::1]:2")]
    [InlineData("https.bind = \"127.0.0.1:8443\"", "127.0.0.1:8443")]
    public void Set_wins_over_files_and_needs_no_quotes(string setting, string expected) =>
        Assert.Equal(expected, string.Join(' ', Good("actors443.https.bind = 1", setting).Core.Https.Bind));

    [Fact]
    public void Set_can_add_sites_and_sections()
    {
        ServerSettings settings = Good("", $"sites.\"example.com\"={Folder}", "sites.\"api.example.com\"=http://127.0.0.1:8080/a?b".Replace("?b", "", StringComparison.Ordinal), "drain={deadline = 1s}");

        Assert.Equal(["example.com", "api.example.com"], settings.Sites.Select(site => site.Name));
        Assert.Equal(TimeSpan.FromSeconds(1), settings.Core.Drain.Deadline);
    }

    [Theory]
    [InlineData("https.bnd=1", "--set https.bnd: unknown key 'actors443.https.bnd'; did you mean 'bind'?")]
    [InlineData("https.backlog=x", "--set https.backlog: actors443.https.backlog: 'x' is not a whole number; write a whole number from 1 to 1000000")]
    [InlineData("https.bind", "--set https.bind: not a setting; write --set key=value, such as --set https.bind=127.0.0.1:8443")]
    [InlineData("=1", "--set =1: not a setting; write --set key=value, such as --set https.bind=127.0.0.1:8443")]
    [InlineData("https..bind=1", "--set https..bind: unexpected '.'; a key such as bind stands here, in quotes if it has other characters than letters, digits and '-'")]
    public void A_problem_of_set_names_the_key_as_it_was_given(string setting, string expected) => Assert.Equal([expected], Problems("", setting));

    [Fact]
    public void A_text_keeps_its_line_ends_and_spaces_and_its_comment_signs()
    {
        ServerSettings settings = Good(""""
            actors443.sites."*" {
              respond { body = """first # no comment
              // nor this
            """, type = "text/plain" } # a comment { with a brace
            }
            """");

        Assert.Equal("first # no comment\n  // nor this\n", ((Actors443.Server.Sites.RespondRoute)settings.Sites[0].Routes[0]).Body);
    }

    [Fact]
    public void Windows_line_ends_and_a_byte_order_mark_are_no_problem() =>
        Assert.Equal(3, Good("\uFEFFactors443 {\r\n  # comment\r\n  https.backlog = 3\r\n}\r\n").Core.Https.Backlog);
}
