using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Actors443.Server.Load.Output.Html;

/// <summary>A run as one page that needs nothing but itself: the JSON report, and the script that draws it.</summary>
internal static partial class HtmlReport
{
    private static readonly string Template = Read("report.html");
    private static readonly string Style = Read("report.css");
    private static readonly string Script = string.Concat(Read("figures.js"), Read("plot.js"), Read("report.js"));

    // The page may run this very script and apply this very style, fetch nothing, and send nothing: whatever the data say.
    private static readonly string Policy =
        $"default-src 'none'; script-src {Hash(Script)}; style-src {Hash(Style)}; base-uri 'none'; form-action 'none'";

    /// <summary>Writes the page.</summary>
    /// <param name="output">Its encoding must be UTF-8: the page says so of itself.</param>
    /// <param name="reportJson">The JSON report, schema 1, as it is.</param>
    public static void Write(TextWriter output, string reportJson)
    {
        int written = 0;
        foreach (Match field in Field().Matches(Template))
        {
            output.Write(Template.AsSpan(written, field.Index - written));
            output.Write(field.Groups["name"].Value switch
            {
                "policy" => Policy,
                "style" => Style,
                "script" => Script,
                "report" => InScript(reportJson),
                string unknown => throw new InvalidOperationException($"report.html has a field '{unknown}' that nothing fills."),
            });
            written = field.Index + field.Length;
        }
        output.Write(Template.AsSpan(written));
    }

    // In JSON a '<' can only be inside a string, where it may be escaped; without it no text ends or comments out the element it is in.
    private static string InScript(string json) => json.Replace("<", "\\u003c", StringComparison.Ordinal);

    private static string Hash(string content) => $"'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(content)))}'";

    // Browsers hash what they have parsed, and parsing leaves no carriage return.
    private static string Read(string name)
    {
        using Stream stream = typeof(HtmlReport).Assembly.GetManifestResourceStream("Actors443.Load." + name)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd().ReplaceLineEndings("\n");
    }

    [GeneratedRegex(@"\{\{(?<name>[a-z]+)\}\}")]
    private static partial Regex Field();
}
