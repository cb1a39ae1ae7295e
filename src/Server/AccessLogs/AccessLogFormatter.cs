using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Actors443.Server.Configuration;
using Actors443.Server.Telemetry;

namespace Actors443.Server.AccessLogs;

/// <summary>One line an entry. Whatever a client sent is escaped, so that it can neither end a line nor forge one.</summary>
internal static class AccessLogFormatter
{
    private static readonly JsonWriterOptions JsonOptions = new() { SkipValidation = true };

    public static void Write(AccessLogEntry entry, AccessLogFormat format, IBufferWriter<byte> output)
    {
        if (format == AccessLogFormat.Json)
            WriteJson(entry, output);
        else
            Encoding.UTF8.GetBytes(Common(entry, format == AccessLogFormat.Combined), output);
        output.Write("\n"u8);
    }

    private static void WriteJson(AccessLogEntry entry, IBufferWriter<byte> output)
    {
        using var json = new Utf8JsonWriter(output, JsonOptions);
        json.WriteStartObject();
        json.WriteString("time", entry.Time);
        json.WriteString("connection", entry.Connection);
        json.WriteString("client", entry.Client?.ToString());
        json.WriteString("method", entry.Method);
        json.WriteString("scheme", entry.Scheme);
        json.WriteString("host", entry.Host);
        json.WriteString("target", entry.Target);
        json.WriteString("protocol", entry.Protocol);
        json.WriteNumber("status", entry.Status);
        json.WriteNumber("bytes", entry.Bytes);
        json.WriteNumber("ms", Math.Round(entry.Milliseconds, 3));
        if (entry.ServerName is not null)
            json.WriteString("sni", entry.ServerName);
        if (entry.TlsVersion is not null)
            json.WriteString("tls", entry.TlsVersion);
        if (entry.TlsResumed is { } resumed)
            json.WriteBoolean("resumed", resumed);
        if (entry.Upstream is not null)
            json.WriteString("upstream", entry.Upstream);
        if (entry.UserAgent is not null)
            json.WriteString("user_agent", entry.UserAgent);
        if (entry.Referer is not null)
            json.WriteString("referer", entry.Referer);
        if (entry.Trace is not null)
            json.WriteString("trace", entry.Trace);
        if (entry.Headers is { Count: > 0 } headers)
        {
            json.WriteStartObject("headers");
            foreach ((string name, string value) in headers)
                json.WriteString(name, value);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static string Common(AccessLogEntry entry, bool combined)
    {
        string time = entry.Time.ToString("dd/MMM/yyyy:HH:mm:ss ", CultureInfo.InvariantCulture) + entry.Time.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "", StringComparison.Ordinal);
        string line = string.Create(
            CultureInfo.InvariantCulture,
            $"{entry.Client?.ToString() ?? "-"} - - [{time}] \"{Escape(entry.Method)} {Escape(entry.Target)} {entry.Protocol}\" {entry.Status} {entry.Bytes}");
        return combined ? $"{line} \"{Escape(entry.Referer ?? "-")}\" \"{Escape(entry.UserAgent ?? "-")}\"" : line;
    }

    private static string Escape(string text)
    {
        if (!text.Any(MustBeEscaped))
            return text;
        var escaped = new StringBuilder(text.Length + 8);
        foreach (char c in text)
        {
            if (c is '"' or '\\')
                escaped.Append('\\').Append(c);
            else if (c < '\u0100' && MustBeEscaped(c))
                escaped.Append(CultureInfo.InvariantCulture, $"\\x{(int)c:x2}");
            else if (MustBeEscaped(c))
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                escaped.Append(c);
        }

        return escaped.ToString();
    }

    private static bool MustBeEscaped(char c) => c is '"' or '\\' || LogText.MustBeEscaped(c);
}
