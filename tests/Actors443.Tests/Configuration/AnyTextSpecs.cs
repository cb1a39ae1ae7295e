using Actors443.Configuration;
using Actors443.Configuration.Hocon;
using Actors443.Server.Configuration;

namespace Actors443.Tests.Configuration;

/// <summary>Whatever is in a file, loading it ends in settings or in problems with a place, and never in an exception.</summary>
public sealed class AnyTextSpecs
{
    private const string Text = """"
        include "nothing.conf"
        actors443 { # comment
          https { bind = ["[::1]:443", ":1"], "protocols" : [h2, http/1.1] }
          deadlines.age = ${?AGE}, drain { deadline = ${SECONDS}s }
          sites."a.example" {
            client-certificates = none
            routes = [ { path = "/a/*", proxy = [ "http://127.0.0.1:1" ] }, { respond { body = """x "y" \ z""", headers { X = "\u0041\n" } } } ]
          }
          log.levels { A.B = debug }, certificates { files = [ {} ], directories = ${actors443.https.protocols} }
        }
        """";

    [Fact]
    public void Cut_off_at_any_place()
    {
        for (int length = 0; length <= Text.Length; length++)
            Load(Text[..length]);
    }

    [Fact]
    public void With_any_character_missing_or_doubled()
    {
        for (int i = 0; i < Text.Length; i++)
        {
            Load(Text.Remove(i, 1));
            Load(Text.Insert(i, Text[i].ToString()));
        }
    }

    [Theory]
    [InlineData('{')]
    [InlineData('}')]
    [InlineData('[')]
    [InlineData(']')]
    [InlineData('"')]
    [InlineData('$')]
    [InlineData('\\')]
    [InlineData('=')]
    [InlineData(',')]
    [InlineData('\n')]
    [InlineData('\0')]
    [InlineData('\uD800')]
    public void With_a_character_of_meaning_anywhere(char character)
    {
        for (int i = 0; i < Text.Length; i += 3)
            Load(Text.Insert(i, character.ToString()));
    }

    private static void Load(string text)
    {
        // Without the include the rest of the text is reached as well.
        foreach (string variant in (string[])[text, text.Replace("include \"nothing.conf\"", "", StringComparison.Ordinal)])
        {
            LoadedSettings loaded = ServerSettingsLoader.LoadTexts([new HoconText("any.conf", variant)], [], name => name == "SECONDS" ? "5" : null, out _);
            if (loaded.Settings is null)
                Assert.All(loaded.Errors, problem => Assert.True(problem.Severity == SettingsSeverity.Error && problem.Message.Length > 0 && problem.File == "any.conf", $"{problem}\n{variant}"));
            else
                Assert.Empty(loaded.Errors);
            Assert.True(loaded.Settings is not null || loaded.Errors.Any(), variant);
        }
    }
}
