namespace Actors443.Tests.Configuration;

/// <summary>Text that is not HOCON, or refers to what is not there, is refused with its line: Akka's own parser would take most of it for something else.</summary>
public sealed class BadHoconSpecs : SettingsFixture
{
    [Theory]
    [InlineData("""
            actors443 {
              https {
                bind = 127.0.0.1:8443
              }
            }
            """,
        """
            test.conf:3: ':' in the value of 'actors443.https.bind' must stand in quotes; write "127.0.0.1:8443"
            """)]
    [InlineData("actors443.https.bind = [::]:443",
        """
            test.conf:1: the address of 'actors443.https.bind' must stand in quotes; write "[::]:443"
            """)]
    [InlineData("""actors443.https.bind = [ [::]:443, "127.0.0.1:1" ]""",
        """
            test.conf:1: the address of 'actors443.https.bind[0]' must stand in quotes; write "[::]:443"
            """)]
    [InlineData("""actors443.sites { "example.com" = http://127.0.0.1:8080 }""",
        """
            test.conf:1: ':' in the value of 'actors443.sites."example.com"' must stand in quotes; write "http://127.0.0.1:8080"
            """)]
    [InlineData("""
            actors443.sites { "example.com" {
             routes = [
             { path = "api", files = "www" }
             { path = "/a*", files = "www" }
             { path = "/a?b", files = www }
             { path = "/a b", files = www }
             { path = /api/*, files = www } ] } }
            """,
        """test.conf:7: unexpected '*' in the value of 'actors443.sites."example.com".routes[4].path'; write the value in quotes""")]
    [InlineData("""
            actors443 {
              https {
                tls = modern
            }
            """,
        "test.conf:1: '{' of 'actors443' is never closed; write '}'")]
    [InlineData("actors443 { https { tls = modern } } }",
        "test.conf:1: unexpected '}'; a '{' is missing before it, or this one is too many")]
    [InlineData("""
            actors443 {
              engine =
              https { }
            }
            """,
        "test.conf:2: 'actors443.engine' has no value; write one after '=' on the same line")]
    [InlineData("""
            actors443 {
              engine
            }
            """,
        "test.conf:2: 'actors443.engine' has no value; write actors443.engine = VALUE, or actors443.engine { … }")]
    [InlineData("""actors443.engine = "auto""",
        """"test.conf:1: a string is never closed; write '"' at its end, or """…""" around several lines"""")]
    [InlineData(""""actors443.engine = """auto"""",
        """"test.conf:1: a string is never closed; write '"""' at its end"""")]
    [InlineData("actors443.https.protocols = [h2",
        "test.conf:1: '[' of 'actors443.https.protocols' is never closed; write ']'")]
    [InlineData("actors443.https.protocols = [h2 }",
        "test.conf:1: unexpected '}' in the list 'actors443.https.protocols'; write ']' first")]
    [InlineData("actors443.https.protocols += h2",
        "test.conf:1: '+=' of 'actors443.https.protocols' is not supported; write '=' and the whole list")]
    [InlineData("actors443.engine = ${NOPE_443}",
        "test.conf:1: 'actors443.engine' needs the environment variable 'NOPE_443', which is not set; set it, or write ${?NOPE_443} if it may be missing")]
    [InlineData("actors443.engine = ${?NOPE_443",
        "test.conf:1: '${' of 'actors443.engine' is never closed; write ${NAME}")]
    [InlineData("actors443.engine = ${}",
        "test.conf:1: 'actors443.engine' has an empty ${}; write ${NAME}, or ${?NAME} if it may be missing")]
    [InlineData("actors443.engine = ${actors443.engine}",
        "test.conf:1: 'actors443.engine' leads back to itself through ${…}; write its value out")]
    [InlineData("actors443 { a = ${actors443.b}, b = ${actors443.a} }",
        """
            test.conf:1: 'actors443.a' leads back to itself through ${…}; write its value out
            test.conf:1: 'actors443.b' leads back to itself through ${…}; write its value out
            """)]
    [InlineData("""actors443.state-directory = C:\\temp""",
        """
            test.conf:1: ':' in the value of 'actors443.state-directory' must stand in quotes; write "C:\\temp"
            """)]
    [InlineData("actors443.engine = auto auto = 3",
        "test.conf:1: unexpected '=' in the value of 'actors443.engine'; write one setting a line, or a comma between them")]
    [InlineData("= 3",
        "test.conf:1: unexpected '='; a key such as bind stands here, in quotes if it has other characters than letters, digits and '-'")]
    [InlineData("[1]",
        "test.conf:1: unexpected '['; a key such as bind stands here, in quotes if it has other characters than letters, digits and '-'")]
    [InlineData("""
            include "gone.conf"
            """,
        "test.conf:1: the included file 'gone.conf' does not exist; check the name")]
    [InlineData("""actors443 { include "test.conf" }""",
        "test.conf:1: 'test.conf' includes itself; take this include out")]
    [InlineData("include \"\"", "test.conf:1: '' names no file; write one such as \"site.conf\"")]
    [InlineData("# x\na = \u0001", "test.conf:2: unexpected control character U+0001; take it out, or name a text file")]
    [InlineData("a = \"\\u0000\"", "test.conf:1: '\\u' means nothing in a string; write '\\\\' for a backslash")]
    public void What_is_not_HOCON_is_refused_with_its_line(string text, string expected)
    {
        Write("not.pem", "hello");
        Assert.Equal(expected.Split('\n'), Problems(text));
    }
}
