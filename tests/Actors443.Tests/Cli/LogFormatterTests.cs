using System.Text.Json;
using Actors443.Server.Configuration;
using Actors443.Server.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Actors443.Tests.Cli;

public class LogFormatterTests
{
    private static readonly FakeTimeProvider Time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 6, TimeSpan.Zero));

    [Fact]
    public void A_text_entry_is_one_line_of_time_level_area_and_message() =>
        Assert.Equal("2026-01-02T03:04:05.006Z warn  Admin: hello\n", Write(new TextLogFormatter(false, false, Time), LogLevel.Warning, "hello", null));

    [Fact]
    public void What_a_client_sent_cannot_forge_an_entry_or_steer_a_terminal()
    {
        string text = Write(new TextLogFormatter(false, false, Time), LogLevel.Warning, "a\r\nb\x1b[2J\u2028c\u009b\u202e", new IOException("x\ny"));

        Assert.EndsWith("Admin: a\\r\\nb\\u001b[2J\\u2028c\\u009b\\u202e | IOException: x\\ny\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_error_carries_its_stack_trace_indented()
    {
        string[] lines = Write(new TextLogFormatter(false, false, Time), LogLevel.Error, "bad", Thrown()).TrimEnd('\n').Split('\n');

        Assert.True(lines.Length > 1);
        Assert.All(lines[1..], line => Assert.StartsWith("    at ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Colour_comes_only_when_asked_for()
    {
        Assert.DoesNotContain('\x1b', Write(new TextLogFormatter(true, false, Time), LogLevel.Error, "x", null));
        Assert.Contains('\x1b', Write(new TextLogFormatter(true, true, Time), LogLevel.Error, "x", null));
    }

    [Fact]
    public void A_json_entry_is_one_line_with_its_values_and_exception()
    {
        var values = new KeyValuePair<string, object?>[] { new("Port", 443), new("Name", "a\nb"), new("{OriginalFormat}", "t") };
        var entry = new LogEntry<KeyValuePair<string, object?>[]>(LogLevel.Error, "Actors443.Admin", new EventId(6004, "RequestFailed"), values, Thrown(), (_, _) => "it \"failed\"");
        using var writer = new StringWriter();

        new JsonLogFormatter(Time).Write(entry, null, writer);

        string line = writer.ToString();
        Assert.Equal(line.Length - 1, line.IndexOf('\n', StringComparison.Ordinal));
        using JsonDocument json = JsonDocument.Parse(line);
        Assert.Equal("2026-01-02T03:04:05.006Z", json.RootElement.GetProperty("time").GetString());
        Assert.Equal(6004, json.RootElement.GetProperty("id").GetInt32());
        Assert.Equal("it \"failed\"", json.RootElement.GetProperty("message").GetString());
        Assert.Equal(443, json.RootElement.GetProperty("values").GetProperty("Port").GetInt32());
        Assert.Equal(2, json.RootElement.GetProperty("values").EnumerateObject().Count());
        Assert.Contains(nameof(Thrown), json.RootElement.GetProperty("exception").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Levels_go_by_category_and_change_while_the_server_runs()
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddServerLog(new LogSettings { Levels = new Dictionary<string, LogLevel> { ["Actors443.Admission"] = LogLevel.Debug } }, false, false));
        using ServiceProvider provider = services.BuildServiceProvider();
        ILoggerFactory loggers = provider.GetRequiredService<ILoggerFactory>();
        ILogger admission = loggers.CreateLogger("Actors443.Admission");
        ILogger sites = loggers.CreateLogger("Actors443.Sites");
        ILogger kestrel = loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel");

        Assert.Equal((true, false, true), (admission.IsEnabled(LogLevel.Debug), sites.IsEnabled(LogLevel.Debug), sites.IsEnabled(LogLevel.Information)));
        Assert.Equal((false, true), (kestrel.IsEnabled(LogLevel.Information), kestrel.IsEnabled(LogLevel.Warning)));

        Assert.False(loggers.CreateLogger("Microsoft.Extensions.Hosting.Internal.Host").IsEnabled(LogLevel.Error));

        provider.GetRequiredService<LogLevels>().Apply(new LogSettings { Level = LogLevel.Error, Levels = new Dictionary<string, LogLevel> { ["Microsoft"] = LogLevel.Trace } });

        Assert.Equal((false, false, true), (admission.IsEnabled(LogLevel.Debug), sites.IsEnabled(LogLevel.Information), kestrel.IsEnabled(LogLevel.Trace)));
    }

    [Fact]
    public void Every_entry_goes_to_standard_error()
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddServerLog(new LogSettings { Json = true }, false, false));
        using ServiceProvider provider = services.BuildServiceProvider();

        ConsoleLoggerOptions options = provider.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value;

        Assert.Equal((LogLevel.Trace, JsonLogFormatter.FormatterName), (options.LogToStandardErrorThreshold, options.FormatterName));
    }

    private static string Write(ConsoleFormatter formatter, LogLevel level, string message, Exception? exception)
    {
        using var writer = new StringWriter();
        formatter.Write(new LogEntry<string>(level, "Actors443.Admin", default, message, exception, (state, _) => state), null, writer);
        return writer.ToString();
    }

    private static Exception Thrown()
    {
        try
        {
            throw new InvalidOperationException("broken");
        }
        catch (InvalidOperationException caught)
        {
            return caught;
        }
    }
}
