using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Actors443.Server.Load.Output.Html;

namespace Actors443.Tests.Load;

public sealed partial class HtmlReportTests
{
    [Theory]
    [InlineData("://")]
    [InlineData(" src=")]
    [InlineData(" href=")]
    [InlineData("url(")]
    [InlineData("@import")]
    [InlineData("import(")]
    [InlineData("fetch(")]
    [InlineData("XMLHttpRequest")]
    public void The_page_refers_to_nothing_outside_it(string reference)
    {
        string page = Page(SampleReport.Create().ToJsonString());

        Assert.DoesNotContain(reference, page.Replace(Embedded().Match(page).Value, "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("innerHTML")]
    [InlineData("outerHTML")]
    [InlineData("insertAdjacentHTML")]
    [InlineData("document.write")]
    [InlineData("eval(")]
    [InlineData("Function(")]
    public void The_script_makes_neither_markup_nor_code_of_text(string means) =>
        Assert.DoesNotContain(means, Page("{}"), StringComparison.Ordinal);

    [Theory]
    [InlineData("</script><script>alert(1)</script>")]
    [InlineData("</SCRIPT ><img onerror=alert(1)>")]
    [InlineData("<!--<script>")]
    public void A_group_cannot_break_out_of_the_data_with_its_name(string name)
    {
        JsonObject report = Named(name);
        // The default escapes '<' already; a report may be written by something that does not.
        string json = report.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        Assert.Contains(name, json, StringComparison.Ordinal);

        string page = Page(json);

        Assert.DoesNotContain(name, page, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain('<', Embedded().Match(page).Groups["json"].Value);
        Assert.Equal(Tags().Count(Page("{}")), Tags().Count(page));
        Assert.True(JsonNode.DeepEquals(report, Data(page)));
    }

    [Theory]
    [InlineData("web")]
    [InlineData("{{script}} {{report}} {{style}}")]
    [InlineData("größer < kleiner > \"gleich\" \\ \u2028 \0 $& 🚀")]
    public void The_report_can_be_read_back_from_the_page(string name)
    {
        JsonObject report = Named(name);

        Assert.True(JsonNode.DeepEquals(report, Data(Page(report.ToJsonString()))));
    }

    [Fact]
    public void The_policy_allows_the_script_and_the_style_of_the_page_and_nothing_else()
    {
        string page = Page(SampleReport.Create().ToJsonString());
        string script = Script().Match(page).Groups["content"].Value, style = Style().Match(page).Groups["content"].Value;

        Assert.Equal(
            $"default-src 'none'; script-src 'sha256-{Sha256(script)}'; style-src 'sha256-{Sha256(style)}'; base-uri 'none'; form-action 'none'",
            Policy().Match(page).Groups["policy"].Value);
    }

    private static JsonObject Named(string name)
    {
        JsonObject report = SampleReport.Create();
        report["groups"]![0]!["name"] = name;
        report["settings"]!["groups"]![0]!["name"] = name;
        return report;
    }

    private static string Page(string json)
    {
        using var page = new StringWriter();
        HtmlReport.Write(page, json);
        return page.ToString();
    }

    private static JsonNode? Data(string page) => JsonNode.Parse(Embedded().Match(page).Groups["json"].Value);

    private static string Sha256(string text) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    [GeneratedRegex("""<script type="application/json" id="report">(?<json>.*?)</script>""", RegexOptions.Singleline)]
    private static partial Regex Embedded();

    [GeneratedRegex("<script>(?<content>.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex Script();

    [GeneratedRegex("<style>(?<content>.*?)</style>", RegexOptions.Singleline)]
    private static partial Regex Style();

    [GeneratedRegex("""http-equiv="Content-Security-Policy" content="(?<policy>[^"]*)""")]
    private static partial Regex Policy();

    [GeneratedRegex("</?(script|style|img|!--)", RegexOptions.IgnoreCase)]
    private static partial Regex Tags();
}
