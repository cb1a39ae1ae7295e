using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Actors443.Server.AccessLogs;
using Actors443.Server.Configuration;

namespace Actors443.Tests.AccessLogs;

public sealed class AccessLogFormatterTests
{
    private static readonly AccessLogEntry Entry = new(
        new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.FromHours(-3.5)),
        "c-1",
        IPAddress.Parse("192.0.2.7"),
        "GET",
        "https",
        "example.com",
        "/a?b=c",
        "HTTP/2",
        200,
        1234,
        5.67891,
        "example.com",
        "TLS 1.3",
        true,
        "http://127.0.0.1:8080/",
        "curl/8",
        "https://example.com/before");

    [Fact]
    public void Common_is_what_log_readers_know() =>
        Assert.Equal("192.0.2.7 - - [04/Mar/2026:05:06:07 -0330] \"GET /a?b=c HTTP/2\" 200 1234\n", Line(Entry, AccessLogFormat.Common));

    [Fact]
    public void Combined_has_referer_and_user_agent_besides()
    {
        Assert.EndsWith("200 1234 \"https://example.com/before\" \"curl/8\"\n", Line(Entry, AccessLogFormat.Combined), StringComparison.Ordinal);
        Assert.EndsWith(" \"-\" \"-\"\n", Line(Entry with { Referer = null, UserAgent = null }, AccessLogFormat.Combined), StringComparison.Ordinal);
    }

    [Fact]
    public void Dates_are_English_whatever_the_culture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("ar-SA");
            Assert.Contains("[04/Mar/2026:05:06:07 -0330]", Line(Entry, AccessLogFormat.Common), StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Json_has_every_field_by_name()
    {
        JsonElement json = JsonDocument.Parse(Line(Entry, AccessLogFormat.Json)).RootElement;

        Assert.Equal(Entry.Time, json.GetProperty("time").GetDateTimeOffset());
        Assert.Equal(5.679, json.GetProperty("ms").GetDouble());
        Assert.Equal(1234, json.GetProperty("bytes").GetInt64());
        Assert.True(json.GetProperty("resumed").GetBoolean());
        Assert.Equal(
            ["time", "connection", "client", "method", "scheme", "host", "target", "protocol", "status", "bytes", "ms", "sni", "tls", "resumed", "upstream", "user_agent", "referer"],
            json.EnumerateObject().Select(property => property.Name));
    }

    [Fact]
    public void What_is_not_known_is_left_out_or_null()
    {
        AccessLogEntry bare = Entry with { Connection = null, Client = null, ServerName = null, TlsVersion = null, TlsResumed = null, Upstream = null, UserAgent = null, Referer = null };

        JsonElement json = JsonDocument.Parse(Line(bare, AccessLogFormat.Json)).RootElement;

        Assert.Equal(JsonValueKind.Null, json.GetProperty("client").ValueKind);
        Assert.False(json.TryGetProperty("upstream", out _));
        Assert.StartsWith("- - - [", Line(bare, AccessLogFormat.Common), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"} forged: {\"")]
    [InlineData("\r\n127.0.0.1 - - forged")]
    [InlineData("\\\" backslash")]
    [InlineData("\u001b[31mred\u0007")]
    [InlineData("\u007f\u0000\u0085\u2028\u2029")]
    [InlineData("\u009b31m\u202e\u200b\u2066")]
    [InlineData("ü € 😀")]
    [InlineData("</script>")]
    public void Whatever_a_client_sends_stays_in_its_field_of_its_line(string hostile)
    {
        AccessLogEntry entry = Entry with { Method = hostile, Host = hostile, Target = hostile, UserAgent = hostile, Referer = hostile };

        string json = Line(entry, AccessLogFormat.Json);
        string common = Line(entry, AccessLogFormat.Common);
        string combined = Line(entry, AccessLogFormat.Combined);

        Assert.Equal(hostile, JsonDocument.Parse(json).RootElement.GetProperty("user_agent").GetString());
        foreach (string line in new[] { json, common, combined })
        {
            Assert.Equal(line.Length - 1, line.IndexOfAny(['\n', '\r', '\u0085', '\u009b', '\u2028', '\u2029', '\u202e', '\u2066']));
            Assert.DoesNotContain(line[..^1], char.IsControl);
        }

        Assert.Equal(2, Quotes(common));
        Assert.Equal(6, Quotes(combined));
    }

    [Fact]
    public void Half_a_surrogate_pair_is_written_as_a_replacement()
    {
        AccessLogEntry entry = Entry with { UserAgent = "lone \ud800 surrogate" };

        Assert.Equal("lone \ufffd surrogate", JsonDocument.Parse(Line(entry, AccessLogFormat.Json)).RootElement.GetProperty("user_agent").GetString());
        Assert.EndsWith("\"lone \ufffd surrogate\"\n", Line(entry, AccessLogFormat.Combined), StringComparison.Ordinal);
    }

    // Those that are not escaped.
    private static int Quotes(string line)
    {
        int quotes = 0;
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '\\')
                i++;
            else if (line[i] == '"')
                quotes++;
        }

        return quotes;
    }

    private static string Line(AccessLogEntry entry, AccessLogFormat format)
    {
        var output = new ArrayBufferWriter<byte>();
        AccessLogFormatter.Write(entry, format, output);
        return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(output.WrittenSpan);
    }
}
