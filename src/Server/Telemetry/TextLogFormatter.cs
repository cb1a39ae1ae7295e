using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Actors443.Server.Telemetry;

/// <summary>
/// <c>time level area message</c>, one line an entry; under an error its stack trace, indented. Whatever a client sent is shown with its
/// control characters escaped, so that it can neither forge an entry nor steer a terminal.
/// </summary>
internal sealed class TextLogFormatter(bool forTerminal, bool colour) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "actors443-text";
    private const string OwnPrefix = "Actors443.";
    private const string Reset = "\x1b[0m";
    private const string Dim = "\x1b[2m";

    private readonly TimeProvider _time = TimeProvider.System;

    public TextLogFormatter(bool forTerminal, bool colour, TimeProvider time)
        : this(forTerminal, colour) => _time = time;

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        DateTimeOffset now = _time.GetUtcNow();
        string time = forTerminal
            ? TimeZoneInfo.ConvertTime(now, _time.LocalTimeZone).ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)
            : now.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        (string level, string paint) = Level(logEntry.LogLevel);
        string area = logEntry.Category.StartsWith(OwnPrefix, StringComparison.Ordinal) ? logEntry.Category[OwnPrefix.Length..] : logEntry.Category;

        var line = new StringBuilder(256);
        line.Append(colour ? Dim : "").Append(time).Append(colour ? Reset : "").Append(' ');
        line.Append(colour ? paint : "").Append(level).Append(colour ? Reset : "").Append(' ');
        line.Append(colour ? Dim : "").Append(area).Append(colour ? Reset : "").Append(": ");
        AppendVisible(line, logEntry.Formatter(logEntry.State, logEntry.Exception));
        for (Exception? cause = logEntry.Exception; cause is not null; cause = cause.InnerException)
            AppendVisible(line.Append(" | "), $"{cause.GetType().Name}: {cause.Message}");
        line.Append('\n');
        if (logEntry.LogLevel >= LogLevel.Error && logEntry.Exception?.StackTrace is { } stack)
        {
            foreach (string frame in stack.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                AppendVisible(line.Append("    "), frame).Append('\n');
        }

        textWriter.Write(line.ToString());
    }

    private static StringBuilder AppendVisible(StringBuilder line, string text)
    {
        foreach (char c in text)
        {
            if (LogText.MustBeEscaped(c))
                line.Append(c switch { '\n' => "\\n", '\r' => "\\r", '\t' => "\\t", _ => $"\\u{(int)c:x4}" });
            else
                line.Append(c);
        }

        return line;
    }

    private static (string Text, string Paint) Level(LogLevel level) => level switch
    {
        LogLevel.Trace => ("trace", Dim),
        LogLevel.Debug => ("debug", Dim),
        LogLevel.Information => ("info ", "\x1b[32m"),
        LogLevel.Warning => ("warn ", "\x1b[33m"),
        LogLevel.Error => ("error", "\x1b[31m"),
        _ => ("fatal", "\x1b[97;41m"),
    };
}
